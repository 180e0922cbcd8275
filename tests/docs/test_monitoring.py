"""docs/how-to/monitoring.md: its commands run as they stand, and its table of acts is whole."""

import re
import shlex
from pathlib import Path

import pytest

from evalhub.accounts.models import Project
from evalhub.cli.app import run
from evalhub.features.monitoring.alarm_commands import ALARM_COMMANDS
from evalhub.features.monitoring.models import Alarm, Monitor
from tests.cast import a_team
from tests.features.monitoring.monitors_of import a_champion, a_stream, an_alarm

pytestmark = pytest.mark.django_db
PAGE = Path("docs/how-to/monitoring.md").read_text()
QUALITY = "of: quality\nmeasures: [{metric: {name: json_valid}, margin: 0.02}]\nsample: 50\n"


def commands(heading: str) -> list[list[str]]:
    """Of the first block of commands below a heading."""
    [block] = re.findall(rf"## {heading}\n.*?```sh\n(.*?)```", PAGE, re.DOTALL)[:1]
    return [shlex.split(line)[1:] for line in block.splitlines()]


def test_its_commands_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    team = a_team("Support", "support")
    team.eva.username = "nour"
    team.eva.save()
    version = a_champion(team)
    monkeypatch.chdir(tmp_path)
    Path("quality.yaml").write_text(QUALITY)
    operations, answers, quality, listed = commands("Add one")
    assert run(operations) == 0
    assert run(answers) == 64
    assert "by an override" in capsys.readouterr().err
    assert run(quality) == 0
    assert run(listed) == 0
    assert "2 open alarms" not in capsys.readouterr().out
    for command in commands("False alarms"):
        assert run(command) == 0
    monitor = Monitor.objects.get(kind="operations")
    for metric in ("errors", "slow", "cost"):
        alarm = an_alarm(a_stream(monitor, version, metric))
    shown, snoozed = commands("An alarm")
    assert run(shown) == 0
    snoozed[2] = str(alarm.pk)
    assert run(snoozed) == 0
    assert Alarm.objects.get(pk=alarm.pk).state == "snoozed"
    assert Project.objects.get().monitoring_settings.false_alarms_a_year == 6


def test_its_table_has_all_acts_on_an_alarm() -> None:
    rows = re.findall(r"^\| `(\w+)", PAGE.split("## An alarm")[1], re.MULTILINE)
    assert set(rows) == set(ALARM_COMMANDS) - {"alarms"}
