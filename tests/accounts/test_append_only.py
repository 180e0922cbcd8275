"""The database itself refuses to change what is only added to, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import ProtectedError

from evalhub.accounts.append_only import append_only, set_once
from evalhub.accounts.models import ResultsSeen
from evalhub.accounts.results_seen import expose
from tests.cast import Team

pytestmark = pytest.mark.django_db


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def shelf() -> Iterator[str]:
    """A table of two rows, made for one test."""
    sql("CREATE TABLE shelf (id integer PRIMARY KEY, title text, lent text)")
    sql("INSERT INTO shelf VALUES (1, 'Heron', ''), (2, 'Osprey', NULL)")
    yield "shelf"
    sql("DROP TABLE shelf")


def do(operation: Operation) -> None:
    before = after = ProjectState()
    operation.database_forwards("shelves", connection.schema_editor(), before, after)


def titles() -> list[tuple[str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT title, lent FROM shelf ORDER BY id")
        return list(cursor.fetchall())


def test_rows_are_added_and_neither_changed_nor_deleted(shelf: str) -> None:
    do(append_only(shelf, says="books stay as they're written"))
    sql("INSERT INTO shelf VALUES (3, 'Wren', NULL)")
    for refused in (
        "UPDATE shelf SET title = 'Crow' WHERE id = 1",
        "UPDATE shelf SET lent = 'Rui'",
        "DELETE FROM shelf WHERE id = 2",
        "DELETE FROM shelf",
    ):
        with pytest.raises(IntegrityError, match="books stay as they're written"):
            sql(refused)
    assert titles() == [("Heron", ""), ("Osprey", None), ("Wren", None)]


def test_a_row_is_not_replaced_by_another_either(shelf: str) -> None:
    do(append_only(shelf))
    insert = "INSERT INTO shelf VALUES (1, 'Crow', '')"
    replaced = {
        "sqlite": insert.replace("INSERT", "INSERT OR REPLACE"),
        "postgresql": f"{insert} ON CONFLICT (id) DO UPDATE SET title = 'Crow'",
    }
    with pytest.raises(IntegrityError, match="never changed"):
        sql(replaced[connection.vendor])
    assert titles()[0] == ("Heron", "")


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
def test_the_table_is_not_truncated_either(shelf: str) -> None:
    do(append_only(shelf))
    with pytest.raises(IntegrityError):
        sql("TRUNCATE shelf")


def test_columns_that_may_change_do_and_no_other(shelf: str) -> None:
    do(append_only(shelf, may_change=["lent"]))
    sql("UPDATE shelf SET lent = 'Rui', title = 'Heron' WHERE id = 1")
    with pytest.raises(IntegrityError):
        sql("UPDATE shelf SET lent = NULL, title = 'Crow' WHERE id = 1")
    with pytest.raises(IntegrityError):
        sql("DELETE FROM shelf WHERE id = 1")
    assert titles()[0] == ("Heron", "Rui")


def test_what_is_set_once_is_neither_changed_nor_reset(shelf: str) -> None:
    do(set_once(shelf, ["lent"], says="a book is lent once"))
    for unset in (1, 2):
        sql(f"UPDATE shelf SET lent = 'Ruth' WHERE id = {unset}")
        for again in ("'Rui'", "''", "NULL"):
            with pytest.raises(IntegrityError, match="a book is lent once"):
                sql(f"UPDATE shelf SET lent = {again} WHERE id = {unset}")
    sql("UPDATE shelf SET title = 'Crow', lent = 'Ruth' WHERE id = 1")
    assert titles() == [("Crow", "Ruth"), ("Osprey", "Ruth")]


def test_the_same_operation_again_replaces_the_triggers_and_backwards_drops_them(
    shelf: str,
) -> None:
    operation = append_only(shelf)
    do(operation)
    do(append_only(shelf, says="twice said"))
    with pytest.raises(IntegrityError, match="twice said"):
        sql("DELETE FROM shelf")
    before = after = ProjectState()
    operation.database_backwards("shelves", connection.schema_editor(), before, after)
    sql("DELETE FROM shelf")
    assert titles() == []


def test_who_has_seen_results_can_not_be_forgotten(team: Team) -> None:
    expose(projects=[team.project.pk], user=team.rui, how="was shown results")
    for refused in (
        "DELETE FROM accounts_resultsseen",
        f"UPDATE accounts_resultsseen SET user_id = {team.sam.pk} WHERE user_id = {team.rui.pk}",
    ):
        with pytest.raises(IntegrityError, match="never forgotten"):
            sql(refused)
    for refusing in (team.rui, team.project):
        with pytest.raises(ProtectedError):
            refusing.delete()
    assert ResultsSeen.objects.filter(user=team.rui).count() == 1
