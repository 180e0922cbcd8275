"""Write evalhub/database/empty.sql, the empty database of a fresh home: `make tables`.

Run it after every change of a migration; a test says so where it was forgotten.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ("django_content_type", "auth_permission")


def main() -> None:
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"EVALHUB_HOME": home, "DJANGO_SETTINGS_MODULE": "evalhub.settings"}
        os.environ.pop("EVALHUB_DATABASE_URL", None)
        # Django writes the expression of a generated column in the order of a set of texts.
        in_one_order = os.environ | {"PYTHONHASHSEED": "0"}
        migrate = [sys.executable, ROOT / "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=in_one_order, check=True)
        import django

        django.setup()
        from evalhub.database import tables
        from evalhub.database.version import digest

        with sqlite3.connect(Path(home) / "evalhub.sqlite3") as database:
            tables.EMPTY.write_text(dump(database, tables.OUR_ROW, digest()), encoding="utf-8")


def dump(database: sqlite3.Connection, app: str, digest: str) -> str:
    """The statements that make this database again, after a line with the digest."""
    schema = "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND name NOT GLOB 'sqlite_*'"
    lines = [f"-- {digest}", *(sql for (sql,) in database.execute(schema))]
    for table in KEPT:
        found = database.execute(f"SELECT * FROM {table} ORDER BY id")
        names = ", ".join(f'"{name}"' for name, *_ in found.description)
        lines += [f'INSERT INTO "{table}" ({names}) VALUES ({_values(row)})' for row in found]
    applied = database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    lines += [
        'INSERT INTO "django_migrations" ("app", "name", "applied") '
        f"VALUES ({_values(row)}, CURRENT_TIMESTAMP)"
        for row in [*applied, (app, digest)]
    ]
    first, *statements = lines
    return "\n".join([first, *(f"{statement};" for statement in statements), ""])


def _values(row: tuple[object, ...]) -> str:
    return ", ".join(
        str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
        for value in row
    )


if __name__ == "__main__":
    main()
