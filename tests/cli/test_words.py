"""Sentences that once contradicted their own numbers, each by the command that printed it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.cli.app import run
from tests.cli.scorefiles import rows, rows_of, write


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def answers(base: list[str], tuned: list[str]) -> None:
    """Two files of answers and the test set `items`, whose references are "right"."""
    write("items.jsonl", [{"id": i, "reference": "right"} for i in range(len(base))])
    for name, texts in (("base", base), ("candidate", tuned)):
        write(f"{name}.jsonl", [{"id": i, "output": text} for i, text in enumerate(texts)])


def compared(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    asked = ["--test-set", "items.jsonl", *options]
    code = run(["compare", "base.jsonl", "candidate.jsonl", *asked])
    return code, capsys.readouterr().out


def decided(capsys: pytest.CaptureFixture[str], *options: str, **policy: Any) -> tuple[int, str]:
    asked = {"schema": "evalhub.policy/1"} | policy
    Path("policy.yaml").write_text(yaml.safe_dump(asked, sort_keys=False))
    code = run(["decide", "policy.yaml", "--evidence", "rows.jsonl", *options])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_a_loss_that_is_borne_is_no_gain(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 1,000 items 10 are lost and 3 won, where 30 may be lost."""
    answers(
        ["right"] * 510 + ["wrong"] * 490,
        ["wrong"] * 10 + ["right"] * 503 + ["wrong"] * 487,
    )
    code, printed = compared(capsys, "--metric", "exact_match", "--min-gain", "-0.03")
    assert code == 0
    headline = "Ship Unregistered: candidate loses 0.007 on items, less than the 0.03 it may."
    assert printed.strip().startswith(headline)
    assert "✓ items −0.007 [" in printed
    assert ": loses less than the 0.03 it may" in printed
    assert "may lose 0.03" in printed
    assert "than the -0.03" not in printed


def test_a_gain_where_a_loss_was_allowed_is_said_as_a_gain(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(["wrong"] * 200, ["right"] * 138 + ["wrong"] * 62)
    guard = ["--metric", "exact_match", "--role", "guard", "--margin", "0.02"]
    code, printed = compared(capsys, *guard)
    assert code == 0
    assert "✓ items +0.69 [" in printed
    assert "]: a gain, where 0.02 may be lost" in printed
    _, printed = compared(capsys, "--metric", "exact_match", "--min-gain", "-0.03")
    assert "]: a gain, where 0.03 may be lost" in printed
    assert "Ship Unregistered: candidate gains 0.69 on items." in printed


def test_fewer_characters_are_said_as_fewer(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers(["x" * (100 + i % 7) for i in range(100)], ["x" * (26 + i % 5) for i in range(100)])
    code, printed = compared(capsys, "--metric", "length")
    assert code == 0
    assert "candidate has 74.95 fewer characters on items." in printed
    assert "(+: fewer characters): fewer characters, by more than the 0 that is asked" in printed
    answers(["x" * (26 + i % 5) for i in range(100)], ["x" * (100 + i % 7) for i in range(100)])
    code, printed = compared(capsys, "--metric", "length", "--role", "guard", "--margin", "30")
    assert code == 1
    assert "candidate has 74.95 more characters on items, beyond the margin of 30." in printed
    assert "more characters, beyond the margin of 30" in printed


def test_a_policy_of_which_nothing_is_critical_is_refused(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(rows_of("sums", [1] * 300, [1] * 300))
    advisory = {"role": "guard", "metric": "exact", "margin": 0.02, "tier": "advisory"}
    code, said = decided(capsys, criteria={"sums": advisory})
    assert code == 65
    assert "policy.yaml, line 2, field 'criteria': nothing here is critical" in said
    assert "give a primary, or make a guard critical (leave out its tier)" in said
    code, said = decided(capsys, criteria={"sums": advisory | {"tier": "supporting"}})
    assert code == 65
    code, _ = decided(capsys, criteria={"sums": advisory | {"tier": "critical"}})
    assert code == 0


def test_as_good_and_cheaper_is_the_headline(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 1,000 items as many are lost as won, at 18% of the cost."""
    spent = {"cost": lambda i: 100.0 + i % 9}
    base = rows_of("sums", [1] * 600 + [0] * 400, [], **spent)
    saved = {"cost": lambda i: 0.18 * (100.0 + i % 9)}
    tuned = rows_of("sums", [], [0] * 3 + [1] * 600 + [0] * 397, **saved)
    rows(base + tuned)
    code, printed = decided(
        capsys,
        criteria={"sums": {"role": "primary", "metric": "exact", "min_gain": -0.03}},
        budgets={"cost": {"max_ratio": 0.5}},
    )
    assert code == 0
    headline = "Ship Unregistered: candidate: as good within 0.03, at 18% of the cost."
    assert printed.strip().startswith(headline)


def test_one_error_is_one_error(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers(["wrong"] * 300, ["right"] * 300)
    written = Path("candidate.jsonl").read_text().splitlines()
    Path("candidate.jsonl").write_text(
        "\n".join([*written[:7], '{"id": 7, "error": "context too long"}', *written[8:]])
    )
    code, printed = compared(capsys, "--metric", "exact_match")
    assert code == 3
    assert "candidate.jsonl holds 1 error in place of an answer to items, on line 8" in printed


def test_both_ends_are_named_where_an_interval_stands(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(rows_of("sums", [0] * 300, [1] * 30 + [0] * 270))
    _, printed = decided(
        capsys,
        criteria={"sums": {"role": "primary", "metric": "exact"}},
        alpha=0.01,
        harm_alpha=0.05,
    )
    assert "Interval: lower end at 0.01, one-sided; upper end at 0.05: harm." in printed
