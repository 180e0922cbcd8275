"""Print docs/reference/methods.md."""

import sys

from evalhub.report.methods.markdown import as_markdown

sys.stdout.write(as_markdown())
