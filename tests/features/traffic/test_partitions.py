"""On PostgreSQL each day of traffic is a partition: made ahead, dropped whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from threading import Thread

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from evalhub.database.partitions import PARTITIONS_LOCK, days_of, drop_days, make_days
from evalhub.features.table import TIDIED
from evalhub.features.traffic.models import DAILY, Request, TrafficSettings
from evalhub.studies.run.tidying import tidy
from tests.cast import Team, a_team
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has no partitions"
)


@pytest.fixture(autouse=True)
def without_days(db: None) -> None:
    """Tests that commit leave the days that they made."""
    for table in DAILY:
        drop_days(table, before=date.max)


def ages(table: str) -> list[int]:
    """How many days ago the partitions of a table are."""
    return sorted((noon(0).date() - day).days for day in days_of(table))


def indexes(table: str) -> dict[str, str]:
    """Names and definitions of a table's indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, regexp_replace(indexdef, '^.* USING ', '') FROM pg_indexes "
            "WHERE tablename = %s",
            [table],
        )
        return dict(cursor.fetchall())


def test_a_day_is_made_by_its_first_row_and_the_next_ones_ahead(team: Team) -> None:
    taken(team.project, [a_request()], [a_signal("s", time=noon(3), request="r1")])
    assert all(ages(table) == [1, 3] for table in DAILY)
    tidy(TIDIED)
    assert all(ages(table) == [-2, -1, 0, 1, 3] for table in DAILY)
    tidy(TIDIED)


def test_a_day_has_its_table_s_indexes(team: Team) -> None:
    taken(team.project, [a_request()])
    for table in DAILY:
        of_day = indexes(f"{table}_{noon():%Y%m%d}")
        assert sorted(of_day.values()) == sorted(indexes(table).values())
    names = {"request_by_time", "request_by_trace", "request_by_conversation", "request_by_user"}
    assert names <= indexes("traffic_request").keys()
    assert "signal_waiting" in indexes("traffic_signal")


def test_a_day_that_nobody_keeps_is_dropped_whole(team: Team) -> None:
    other = a_team("Other", "other").project
    for project in (team.project, other):
        taken(project, [a_request(f"r{days}", time=noon(days)) for days in (1, 9, 20, 60)])
    TrafficSettings.objects.filter(project=other).update(days=30, text_days=5)
    TrafficSettings.objects.filter(project=team.project).update(days=10, text_days=10)
    tidy(TIDIED)
    assert ages("traffic_request") == ages("traffic_signal") == [-2, -1, 0, 1, 9, 20]
    assert ages("traffic_requesttext") == [-2, -1, 0, 1, 9]
    assert Request.objects.filter(day=noon(20).date()).get().project_id == other.pk


def test_on_a_day_without_statistics_a_signal_s_request_is_read_by_its_own_index(
    team: Team,
) -> None:
    """A day that has just begun has none; by the index of times all requests would be read."""
    targets = ({"request": "r7"}, {"trace_id": "t"}, {"conversation": "c"})
    requests = [
        a_request(f"r{n}", response_id=f"x{n}", trace_id=f"t{n}", conversation=f"c{n}")
        for n in range(2000)
    ]
    for batch in range(0, 2000, 250):  # often enough for PostgreSQL to keep its plans
        taken(team.project, requests[batch : batch + 250], [a_signal(f"s{batch}", request="r7")])
    signals = [a_signal(f"s{n}", **target) for n, target in enumerate(targets)]
    with CaptureQueriesContext(connection) as queries:
        taken(team.project, [], signals)
    (join,) = (query["sql"] for query in queries if "CASE s.target_kind" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {join}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "traffic_request" in plan
    assert "project_id_time" not in plan, plan


@contextmanager
def another_transaction(*statements: str) -> Iterator[Callable[[], None]]:
    """Somebody else's, that has done this and goes on until it is told to commit."""
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield other.commit
        other.rollback()
    finally:
        other.close()


OLD = date(2020, 1, 1)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_day_that_somebody_reads_is_left_to_the_next_time() -> None:
    make_days(["traffic_request"], [OLD, OLD + timedelta(days=1)])
    with another_transaction(f"SELECT * FROM traffic_request_{OLD:%Y%m%d}"):
        assert drop_days("traffic_request", before=OLD + timedelta(days=2)) == 1
        assert OLD in days_of("traffic_request")
    assert drop_days("traffic_request", before=OLD + timedelta(days=2)) == 1
    assert OLD not in days_of("traffic_request")


@pytest.mark.django_db(transaction=True)
def test_making_a_day_waits_for_nobody_who_writes_another() -> None:
    make_days(["traffic_request"], [OLD])
    with another_transaction("LOCK TABLE traffic_request IN ROW EXCLUSIVE MODE"):
        make_days(["traffic_request"], [OLD + timedelta(days=1)])
    assert drop_days("traffic_request", before=OLD + timedelta(days=2)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_day_that_another_process_makes_at_the_same_moment_is_made_once() -> None:
    name = f"traffic_request_{OLD:%Y%m%d}"
    failures: list[Exception] = []

    def make_it_too() -> None:
        try:
            make_days(["traffic_request"], [OLD])
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    with another_transaction(
        f"SELECT pg_advisory_xact_lock({PARTITIONS_LOCK})",
        f"CREATE TABLE {name} (LIKE traffic_request INCLUDING ALL)",
        f"ALTER TABLE traffic_request ATTACH PARTITION {name} "
        f"FOR VALUES FROM ('{OLD}') TO ('{OLD + timedelta(days=1)}')",
    ) as commit:
        second = Thread(target=make_it_too)
        second.start()
        while not waits_for_a_lock():
            second.join(0.01)
        commit()
        second.join()
    assert failures == []
    assert drop_days("traffic_request", before=OLD + timedelta(days=1)) == 1


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])
