"""Training records: read from a trainer's folder, and checked critically. Pure."""
