"""SQLite as Django has it, and a line in a file for each transaction that held its only writer."""
