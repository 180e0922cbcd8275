"""What can't be undone asks before, or is told --yes, and says what would go."""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from django.db import connection

from evalhub.accounts.models import Membership, Project, Role, User
from evalhub.cli.app import run
from evalhub.registry.models import Item, Output, Redaction
from evalhub.registry.uploads import Uploads
from tests.studies.desks import Desk, ran

pytestmark = pytest.mark.django_db(transaction=True)

Capture = pytest.CaptureFixture[str]
REDACT = ("redact", "triage", "q5", "--project", "desk", "--reason", "Private.")
ERASE = ("user", "erase", "ada")


class Typed(io.StringIO):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A study that ran, an upload, and a person with a role and a way in."""
    made = Desk(tmp_path)
    ran(made)
    project = Project.objects.get(slug="desk")
    folder = Uploads(project)._folder
    shutil.rmtree(folder, ignore_errors=True)  # of another test's project that had its number
    folder.mkdir(parents=True)
    (folder / f"{'0' * 64}.jsonl").write_text("{}\n")
    for name in ("ada", "ben"):
        user = User.objects.create_user(name)
        Membership.objects.create(project=project, user=user, role=Role.OWNER)
    return made


def state() -> list[object]:
    """Every row of every table, and the uploaded files."""
    with connection.cursor() as cursor:
        rows = []
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows.append((table, sorted(map(repr, cursor.fetchall()))))
    return [rows, [*Uploads(Project.objects.get(slug="desk"))]]


@pytest.mark.parametrize("command", [REDACT, ERASE])
def test_nobody_to_ask_is_refused_and_nothing_changed(
    desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    before = state()
    for stdin in (io.StringIO("y\n"), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run([*command]) == 64
        printed = capsys.readouterr()
        assert "there is no terminal for a confirmation: add --yes" in printed.err
        assert printed.out == ""
    assert state() == before


@pytest.mark.parametrize("command", [REDACT, ERASE])
def test_a_no_at_the_terminal_changes_nothing(
    desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    before = state()
    monkeypatch.setattr(sys, "stdin", Typed("n\n"))
    assert run([*command]) == 130
    assert "Would " in capsys.readouterr().err
    assert state() == before


@pytest.mark.parametrize("command", [REDACT, ERASE])
def test_a_dry_run_asks_nobody_and_changes_nothing(
    desk: Desk, capsys: Capture, command: tuple[str, ...]
) -> None:
    before = state()
    assert run([*command, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Would ")
    assert run([*command, "--dry-run", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned.pop("dry_run") is True
    assert state() == before
    assert run([*command, "--yes", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    if command is ERASE:
        assert (planned.pop("user"), done.pop("user")[:7]) == ("ada", "erased-")
        assert planned["taken"] == {"memberships": 1}
    else:
        counts = {"items": 2, "versions": 2, "answers": 4, "runs": 4}  # both sets ask it
        assert planned == counts | {"working_items": 0, "uploads": 1}
    assert planned == done


def test_a_yes_at_the_terminal_is_enough(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (REDACT, ERASE):
        monkeypatch.setattr(sys, "stdin", Typed("y\n"))
        assert run([*command]) == 0
    assert Redaction.objects.exists()
    assert not User.objects.filter(username="ada").exists()
    assert not Output.objects.filter(item__key="q5", text="right").filter(
        item__version__test_set__slug="triage"
    )


def test_what_can_t_be_done_is_said_without_asking(
    desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("y\n"))
    User.objects.filter(username="ben").delete()
    for more in ((), ("--dry-run",)):
        assert run([*ERASE, *more]) == 64
        assert "ada is the only owner of desk" in capsys.readouterr().err
        assert run(["redact", "triage", "q999", *REDACT[3:], *more]) == 64
        assert "no item 'q999'" in capsys.readouterr().err


def test_a_study_with_a_redacted_item_goes_on_from_its_own_files(
    desk: Desk, capsys: Capture
) -> None:
    """Its file has the reference still, so that nobody is told that it is missing."""
    assert run([*REDACT, "--yes"]) == 0
    assert Item.objects.filter(redacted__isnull=False, references=[]).count() == 2
    capsys.readouterr()
    assert run(["study", "run", str(desk.file)]) in (0, 1, 2)
    assert capsys.readouterr().out.strip()


def test_new_answers_on_a_redacted_item_are_refused_for_what_is_true(
    desk: Desk, capsys: Capture
) -> None:
    assert run([*REDACT, "--yes"]) == 0
    desk.answers("tuned", "triage", ["right"] * 40 + ["wrong"] * 20)
    capsys.readouterr()
    assert run(["study", "run", str(desk.write())]) == 65
    message = capsys.readouterr().err
    assert "the text of item 'q5' was redacted" in message
    assert "import the test set without that item" in message
    assert "reference" not in message
