"""A stand-in for `psql --command … --command …`, which the tests' PostgreSQL comes without."""

import os
import sys

import psycopg


def main(words: list[str]) -> None:
    """Runs each command on the tests' server; its superuser is who calls."""
    with psycopg.connect(os.environ["POSTGRES"], autocommit=True) as connection:
        for option, command in zip(words[::2], words[1::2], strict=True):
            assert option == "--command"
            connection.execute(command.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
