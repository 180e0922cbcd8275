"""A process that dies in the midst of a look: the next goes on, and nobody is asked twice."""

import sys
from pathlib import Path

import pytest

from tests.database.test_tables import call
from tests.features.traffic.test_backup_of_traffic import succeeds

pytestmark = pytest.mark.heavy

STRIDE = 3
"""A look is killed at every so many-th of its writes."""
DIES = """
import sys
from tests.migrated import set_up_migrated
set_up_migrated()
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Monitor
from tests.cast import a_team
from tests.fakes.openai_server import OpenAIServer
from tests.features.monitoring.quality.test_weeks import (
    a_paired_monitor, judging, last_week, monday, work,
)
from tests.killed_writes import deaths, in_a_child, print_counts

def look_on_monday():
    look(Monitor.objects.get(), now=monday())

def finish():
    Monitor.objects.update(lease_until=None)
    for _ in range(3):
        look_on_monday()
        work()

with OpenAIServer(misbehave=judging) as server:
    team = a_team()
    a_paired_monitor(team, server, items=12, review_items=6)
    last_week(team, users=16)
    for _ in deaths(*[look_on_monday, work] * 3, spared=work, stride=int(sys.argv[1])):
        in_a_child(finish)
        print_counts(sys.argv[2:], max(server.asked.values()), server.asked.total())
        server.asked.clear()
"""
COMPARED = {
    "monitoring_qualityweek": 1,
    "registry_trafficsample": 1,
    "registry_run WHERE draft_until IS NULL": 2,
    "judges_judgerun": 1,
    "judges_judgevote": 24,
    "reviews_campaign": 1,
    "reviews_pair": 6,
}
ONCE, IN_ALL = 1, 12 + 24
"""How often the same was asked, and how much altogether."""


def test_whoever_dies_in_a_look_asks_nobody_twice(tmp_path: Path) -> None:
    done = call(
        sys.executable, "-c", DIES, str(STRIDE), *COMPARED, at=tmp_path,
        PYTHONPATH=str(Path(__file__).resolve().parents[4]),
        DJANGO_SETTINGS_MODULE="evalhub.settings",
    )  # fmt: skip
    succeeds(done)
    rows = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(rows) > 10
    assert set(rows) == {(*COMPARED.values(), ONCE, IN_ALL)}
