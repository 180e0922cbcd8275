"""Prints docs/methods.md."""

import sys

from evalhub.dashboard.methods.markdown import as_markdown

sys.stdout.write(as_markdown())
