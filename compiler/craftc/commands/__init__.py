"""The commands of the terminal: thin, one file per group, everything heavy imported when it is used."""
