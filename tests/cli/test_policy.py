"""`evalhub policy diff` on files and on what git has."""

import json
import subprocess
from pathlib import Path

import pytest

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run
from evalhub.registry.models import Study
from tests.cast import a_team
from tests.studies.desks import Desk, ran

Capture = pytest.CaptureFixture[str]
POLICY = """\
schema: evalhub.policy/1
alpha: 0.025
criteria:
  triage: {role: primary}
  sums: {role: guard, margin: 0.02}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text(POLICY)


def later(old: str, new: str, text: str = POLICY) -> str:
    Path("new.yaml").write_text(text.replace(old, new))
    return "new.yaml"


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("", "", 0, "The policies are equal."),
        ("0.02}", "0.05}", 1, "↓ easier to pass: criteria.sums.margin: 0.02 → 0.05"),
        ("0.02}", "0.01}", 0, "↑ stricter: criteria.sums.margin: 0.02 → 0.01"),
        ("0.02}", "0.02, metric: f1}", 2, "? can't be compared: criteria.sums.metric: score → f1"),
        ("  sums: {role: guard, margin: 0.02}\n", "", 1, "↓ easier to pass: criteria.sums: "),
    ],
)
def test_the_exit_code_says_whether_anything_is_easier(
    capsys: Capture, old: str, new: str, code: int, said: str
) -> None:
    assert run(["policy", "diff", "old.yaml", later(old, new)]) == code
    assert capsys.readouterr().out.startswith(said)


def test_json_has_every_change(capsys: Capture) -> None:
    later("0.02}", "0.05}", POLICY.replace("0.025", "0.01"))
    assert run(["policy", "diff", "old.yaml", "new.yaml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "schema": "evalhub.policy-diff/1",
        "changes": [
            {"field": "criteria.sums.margin", "was": 0.02, "now": 0.05, "effect": "easier"},
            {"field": "alpha", "was": 0.025, "now": 0.01, "effect": "stricter"},
        ],
    }


def test_a_study_file_is_read_for_what_it_asks(tmp_path: Path, capsys: Capture) -> None:
    desk = Desk(tmp_path)
    desk.write().rename("before.yaml")
    desk.study["test_sets"]["sums"]["margin"] = 0.1
    desk.study["test_sets"]["looked-at"] = desk.study["test_sets"]["sums"] | {"role": "development"}
    del desk.study["test_sets"]["looked-at"]["margin"]
    desk.study["policy"] = {"min_reviewers": 1}
    desk.study["promoted"] = True
    assert run(["policy", "diff", "before.yaml", str(desk.write())]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "↓ easier to pass: criteria.sums.margin: 0.02 → 0.1",
        "↑ stricter: promoted: false → true",
    ]
    desk.study["review"] = {"test_set": "triage", "items": 20}
    Path("reviewed.yaml").write_text(desk.write().read_text())
    desk.study["review"]["required"] = False
    desk.study["review"]["items"] = 10
    assert run(["policy", "diff", "reviewed.yaml", str(desk.write())]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "↓ easier to pass: people.required: true → false",
        "? can't be compared: review.items: 20 → 10",
    ]


def test_a_revision_of_git_is_read(capsys: Capture) -> None:
    git = "git", "-c", "user.name=olga", "-c", "user.email=olga@example.org"
    for words in (
        ["init", "--quiet"],
        ["add", "old.yaml"],
        ["commit", "--quiet", "--message", "A policy"],
    ):
        subprocess.run([*git, *words], check=True)
    Path("old.yaml").write_text(POLICY.replace("0.02}", "0.05}"))
    assert run(["policy", "diff", "HEAD:old.yaml", "old.yaml"]) == 1
    assert "criteria.sums.margin: 0.02 → 0.05" in capsys.readouterr().out
    assert run(["policy", "diff", "HEAD~3:old.yaml", "old.yaml"]) == 65
    assert "HEAD~3:old.yaml: there is no such file, and git says: " in capsys.readouterr().err
    assert run(["policy", "diff", "--", "--output=stolen:x", "old.yaml"]) == 65
    assert not Path("stolen:x").exists()


def test_what_is_wrong_is_said_by_the_name_that_was_given(capsys: Capture) -> None:
    later("role: guard", "role: gard")
    assert run(["policy", "diff", "old.yaml", "new.yaml"]) == 65
    assert "new.yaml, line 5, field 'criteria.sums.role'" in capsys.readouterr().err
    later("evalhub.policy/1", "evalhub.evidence/1")
    assert run(["policy", "diff", "old.yaml", "new.yaml"]) == 65
    assert "new.yaml, field 'schema': starts with schema: evalhub.policy/1 or" in (
        capsys.readouterr().err
    )
    assert run(["policy", "diff", "old.yaml", "nowhere.yaml"]) == 65
    assert "nowhere.yaml: can't be read" in capsys.readouterr().err


def test_a_policy_and_a_study_are_not_compared(tmp_path: Path, capsys: Capture) -> None:
    study = str(Desk(tmp_path).write())
    assert run(["policy", "diff", "old.yaml", study]) == 65
    assert "is evalhub.study/1, and old.yaml is evalhub.policy/1" in capsys.readouterr().err


CHANGE = ["policy", "change", "--project", "desk", "--study", "shall-we-5ed85a4c", "--by", "olga"]


@pytest.fixture
def registered(tmp_path: Path, db: None) -> Study:
    """The desk's study, in a project of which Olga is an owner."""
    desk = Desk(tmp_path)
    desk.study["slug"] = "shall-we-5ed85a4c"
    a_team("Desk", "desk")
    return ran(desk)


def test_a_study_asks_otherwise_and_it_is_noted(registered: Study, capsys: Capture) -> None:
    asked = ["--set", "policy.alpha=0.01", "--set", "test_sets.sums.margin=0.05"]
    assert run([*CHANGE, *asked, "--dry-run"]) == 0
    said = [
        "↓ easier to pass: criteria.sums.margin: 0.02 → 0.05",
        "↑ stricter: alpha: 0.025 → 0.01",
    ]
    assert capsys.readouterr().out.splitlines() == said
    registered.refresh_from_db()
    assert registered.policy.alpha == 0.025
    assert run([*CHANGE, *asked]) == 0
    assert capsys.readouterr().out.splitlines() == said
    registered.refresh_from_db()
    assert registered.policy.alpha == 0.01
    assert registered.test_sets.get(name="sums").margin == 0.05
    (entry,) = LogEntry.objects.filter(action="policy-changed")
    assert entry.by is not None
    assert entry.by.username == "olga"
    assert run([*CHANGE, *asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def test_a_role_and_what_goes_with_it_are_changed_together(registered: Study) -> None:
    role = ["--set", "test_sets.sums.role=primary", "--set", "test_sets.sums.min_gain=0.01"]
    assert run([*CHANGE, *role, "--set", "test_sets.sums.margin=null"]) == 0
    assert registered.test_sets.get(name="sums").role == "primary"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("policy.alpha=2", "policy.alpha"),
        ("policy.alhpa=0.1", "did you mean alpha"),
        ("test_sets.sums.file=x", "can't be changed"),
        ("name=x", "can't be changed"),
        ("policy.alpha", "isn't FIELD=VALUE"),
    ],
)
def test_what_cant_be_so_is_said_by_its_field(
    registered: Study, capsys: Capture, asked: str, said: str
) -> None:
    assert run([*CHANGE, "--set", asked]) == 64
    assert said in capsys.readouterr().err
    assert not LogEntry.objects.filter(action="policy-changed").exists()


def test_whoever_isnt_there_changes_nothing(registered: Study, capsys: Capture) -> None:
    assert run([*CHANGE[:-1], "nobody", "--set", "policy.alpha=0.01"]) == 64
    assert run([*CHANGE[:-1], "rui", "--set", "policy.alpha=0.01"]) != 0
    assert run(["policy", "change", "--project", "desk", "--study", "x", "--by", "olga",
                "--set", "policy.alpha=0.01"]) == 64  # fmt: skip
    registered.refresh_from_db()
    assert registered.policy.alpha == 0.025
