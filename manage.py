#!/usr/bin/env python
"""Django's own commands: migrate, createsuperuser, shell, …"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.umask(0o077)  # what is written here holds the site's data
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    from evalhub.settings import make_home

    make_home()
    if sys.argv[1:2] == ["migrate"]:
        import django

        django.setup()
        from evalhub.database.tables import changes_by_itself, one_at_a_time

        if not changes_by_itself():
            sys.exit("This database's tables are changed by `evalhub migrate` alone.")
        with one_at_a_time():
            execute_from_command_line(sys.argv)
    else:
        execute_from_command_line(sys.argv)
