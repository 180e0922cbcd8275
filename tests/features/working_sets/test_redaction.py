"""`evalhub redact` takes an item out of what is still being written, too."""

import json

import pytest

from evalhub.cli.app import run
from tests.cast import Team, a_test_set, a_working_set

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_command_takes_a_redacted_item_out_of_working_sets(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    working_set = a_working_set(team, a_test_set(team, "one", items=3))
    command = ["redact", "one", "q0001", "--project", "support-desk", "--reason", "asked"]
    assert run([*command, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["working_items"] == 1
    assert working_set.items.count() == 3
    assert run([*command, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["working_items"] == 1
    assert list(working_set.items.values_list("key", flat=True)) == ["q0000", "q0002"]
