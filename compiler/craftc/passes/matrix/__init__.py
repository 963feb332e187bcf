"""One matrix of a language model as a machine: weights to ROM digits, placement, ports, files."""
