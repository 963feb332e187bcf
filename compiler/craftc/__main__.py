"""`python -m craftc` is the `craftc` command."""

from craftc.cli import main

if __name__ == "__main__":
    main()
