"""What can't be is named with its file, line and field, and leaves nothing half-done."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.registry.models import ModelVersion, Study
from tests.serving.site import BIN, environment

type Capture = pytest.CaptureFixture[str]

ITEMS = 20
STUDY = """\
schema: evalhub.study/1
project: desk
name: May it answer?
slug: may-it
baseline: base
arms:
  base: {kind: base, backend: {recorded: base.jsonl}, price: {prompt: 1, completion: 2}}
  tuned:
    kind: lora
    parent: base
    backend: {recorded: tuned.jsonl}
    training: {cost: {amount: 4, currency: EUR}}
test_sets:
  tickets: {file: tickets.jsonl, role: primary, metric: {name: exact_match}}
ownership:
  currency: EUR
  upkeep: {monthly: 5}
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The candidate is right each time, and the baseline never."""
    rows = {
        "tickets": {"input": "Which queue is {n} for?", "reference": "PARCEL"},
        "base": {"output": "Let me see."},
        "tuned": {"output": "PARCEL"},
    }
    for name, row in rows.items():
        lines = [
            json.dumps({"id": f"t{n}"} | {key: text.format(n=n) for key, text in row.items()})
            for n in range(ITEMS)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    return path


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("prompt: 1", "prompt: -1", "line 7, field 'arms.base.price.prompt': must be 0 or more"),
        (
            "amount: 4",
            "amount: -4",
            "line 12, field 'arms.tuned.training.cost.amount': must be 0 or more, not -4",
        ),
        (
            "4, currency: EUR",
            "4, currency: GOLD",
            "line 12, field 'arms.tuned.training.cost.currency': is no currency: say its code as "
            "EUR, not 'GOLD'",
        ),
        ("  currency: EUR", "  currency: EURO", "line 16, field 'ownership.currency': is no curr"),
        ("monthly: 5", "monthly: -5", "line 17, field 'ownership.upkeep.monthly': must be 0 or"),
    ],
)
def test_a_price_or_a_currency_that_can_not_be_is_named_and_nothing_is_registered(
    study: Path, capsys: Capture, right: str, wrong: str, says: str
) -> None:
    assert STUDY.count(right) == 1
    study.write_text(STUDY.replace(right, wrong))
    assert run(["study", "run", str(study)]) == 65
    assert f"study.yaml, {says}" in capsys.readouterr().err
    assert not Study.objects.exists()
    assert not ModelVersion.objects.exists()


@pytest.mark.heavy
def test_of_two_commands_that_promote_at_once_one_is_told_of_the_other(
    study: Path, tmp_path: Path
) -> None:
    """As two jobs of a pipeline do: two versions that beat the same champion."""
    given = environment(tmp_path / "home", {})

    def begun(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BIN / "evalhub", *words],
            cwd=tmp_path,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    assert ended(begun("user", "add", "olga", "--project", "desk", "--role", "owner"))[0] == 0
    code, out, err = ended(begun("study", "run", str(study)))
    assert code == 0, out + err
    assert "decision 1 on tuned; evalhub promote 1 --by USER --reason TEXT makes tuned" in err
    other = yaml.safe_load(STUDY) | {"slug": "other", "name": "And this one?"}
    other["arms"]["tuned"]["training"]["seed"] = 8
    other.pop("ownership")
    (tmp_path / "other.yaml").write_text(json.dumps(other))
    code, out, err = ended(begun("study", "run", "other.yaml"))
    assert code == 0, out + err
    said = ("--by", "olga", "--reason")
    code, _, err = ended(begun("promote", "1", *said, "It runs.", "--arm", "baseline"))
    assert code == 0, err

    both = [ended(each) for each in [begun("promote", n, *said, f"By {n}.") for n in ("1", "2")]]
    codes = [code for code, *_ in both]
    assert sorted(codes) == [0, 64], both
    lost = both[codes.index(64)][2]
    assert "and the champion is tuned v" in lost, lost
    assert "by olga: judge against that" in lost
    code, out, err = ended(begun("history", "tuned", "--project", "desk", "--json"))
    assert code == 0, err
    (move,) = json.loads(out)
    assert move["reason"] == f"By {codes.index(0) + 1}."
