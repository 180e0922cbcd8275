"""Prints docs/reference/words.md."""

import sys

from evalhub.report.words.markdown import as_markdown

sys.stdout.write(as_markdown())
