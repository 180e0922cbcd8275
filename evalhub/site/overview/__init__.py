"""The results of all projects that a person owns, side by side."""
