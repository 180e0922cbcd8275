"""While a review goes on no command says anything of its votes but how many there are."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.cli.app import run
from evalhub.frames.command.exits import USAGE
from evalhub.ledger.models import Ledger
from evalhub.registry.models import Study
from tests.ledger.test_running_review import vote
from tests.studies.desks import Desk
from tests.tampering import empty_tables, number_anew

pytestmark = pytest.mark.django_db(transaction=True)

Printed = pytest.CaptureFixture[str]
GIVEN = 5


def said(desk: Desk, votes: Sequence[str], printed: Printed) -> list[tuple[int, str, str]]:
    """Every command's code and print, once a reviewer has voted so in a database of its own."""
    empty_tables()
    number_anew()  # ids begin at 1 in each round
    study = ["study", "run", str(desk.write())]
    assert run(study) == 2
    project = Project.objects.get()
    rui = User.objects.create(username="rui")
    Membership.objects.create(project=project, user=rui, role=Role.REVIEWER)
    campaign = Study.objects.get().campaigns.get()
    vote(campaign, rui, votes, GIVEN)
    printed.readouterr()
    number, found = str(campaign.pk), []
    for command in (
        [*study, "--json"],
        study,
        ["review", "list"],
        ["review", "results", number],
        ["review", "audit", number],
        *(
            ["review", "export", number, "--out", str(desk.folder / "out"), "--format", form]
            for form in ("jsonl", "csv", "parquet", "dpo", "inspect")
        ),
    ):
        code, text = run(command), printed.readouterr()
        # a ledger has a random id, its head holds times, and a bar stops where it happens to be
        told = text.out.replace(Ledger.of_home().name.hex, "the ledger")
        told = re.sub(r'"head": "[0-9a-f]{64}"', '"head": ""', told)
        found.append((code, told, text.err.strip().rpartition("\n")[2]))
    assert not (desk.folder / "out").exists()
    return found


@pytest.mark.heavy
def test_no_command_s_print_depends_on_the_votes(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what is dealt goes by it: the same in each round
    monkeypatch.setattr("reviews.joining.admit.new_pseudonym", lambda: "rui")
    desk = Desk(tmp_path)
    desk.study["review"] = {
        "test_set": "triage",
        "items": 10,
        "reviewers_per_item": 1,
        "open": "auto",
    }
    first, *others = [
        said(desk, votes, capsys) for votes in (["candidate"], ["baseline"], ["tie", "both-bad"])
    ]
    codes = [code for code, *_ in first]
    assert codes == [2, 2, 0, *[USAGE] * 7]
    record = json.loads(first[0][1])
    assert (record["people"]["judgments"], record["people"]["score"]) == (GIVEN, None)
    assert others == [first] * 2
