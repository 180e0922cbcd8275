"""A comparison made on the web: its files, its form, what it would show, its study file."""
