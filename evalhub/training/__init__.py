"""How a version was trained: read from the folder of a trainer, and read critically. Pure."""
