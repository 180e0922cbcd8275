"""The command line: one thin command a verb, and one place where errors become exit codes.

Nothing heavy is imported before a command needs it: `evalhub --help` answers at once.
"""

from evalhub.cli.app import main

__all__ = ["main"]
