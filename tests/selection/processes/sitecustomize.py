"""Python imports this when it starts, in each process of a test whose files are noted."""

import used_files

used_files.begin()
