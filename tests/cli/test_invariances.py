"""What must change nothing, or only turn a sign, through the commands as they are typed."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.cli.app import run

OTHER = {"left": "right", "right": "left"}
SWAPPED = {"candidate": "baseline", "baseline": "candidate", "tie": "tie", "both-bad": "both-bad"}
SIDES = st.sampled_from(["left", "right"])
CHOICES = st.sampled_from([*SWAPPED])

few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

type Print = Callable[..., dict[str, Any]]


@pytest.fixture
def printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Print:
    """Runs a command on rows (one file a list of rows) and returns the document it prints."""

    def call(command: str, files: list[list[dict[str, Any]]], *options: str) -> dict[str, Any]:
        paths = []
        for index, rows in enumerate(files):
            paths.append(str(tmp_path / f"{index}.jsonl"))
            Path(paths[-1]).write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert run([command, *paths, *options, "--json"]) in range(4)
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return call


def near(value: Any) -> Any:
    """The same document, equal but for rounding errors."""
    if isinstance(value, dict):
        return {key: near(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [near(inner) for inner in value]
    return pytest.approx(value, abs=1e-9) if isinstance(value, float) else value


tables = st.lists(
    st.lists(st.sampled_from([None, 1, 2, 3]), min_size=3, max_size=3), min_size=1, max_size=12
).filter(lambda table: all(any(row[c] is not None for row in table) for c in range(3)))


@few
@given(
    tables,
    st.sampled_from(["nominal", "ordinal", "interval", "ratio"]),
    st.permutations(["ann", "bob", "cyd"]),
    st.randoms(use_true_random=False),
)
def test_agreement_is_blind_to_the_order_of_units_and_to_names(printed, table, level, names, deal):
    def measured(rows: list[list[int | None]], raters: list[str], prefix: str) -> dict[str, Any]:
        named = [
            {"unit": f"{prefix}{i}", **dict(zip(raters, row, strict=True))}
            for i, row in enumerate(rows)
        ]
        options = ["--unit", "unit", "--raters", ",".join(raters), "--level", level]
        return printed("agreement", [named], *options)

    before = measured(table, ["ann", "bob", "cyd"], "u")
    moved = list(table)
    deal.shuffle(moved)
    after = measured(moved, names, "v")
    renamed = dict(zip(["ann", "bob", "cyd"], names, strict=True))
    for each in before["per_rater"]:
        each["rater"] = renamed[each["rater"]]
    for each in before["cohen_kappa"]:
        each["raters"] = [renamed[name] for name in each["raters"]]
    assert after == near(before)


judgments = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 2), CHOICES, SIDES),
    min_size=1,
    max_size=30,
    unique_by=lambda row: (row[0], row[1], row[3]),
)


@few
@given(judgments, st.permutations(range(3)), st.randoms(use_true_random=False))
def test_preference_is_blind_to_order_and_names_and_mirrors_arms_and_sides(
    printed, rows, raters, deal
):
    def measured(rows: list[tuple[int, int, str, str]]) -> dict[str, Any]:
        named = [
            {"item": f"i{item}", "who": f"r{who}", "choice": choice, "side": side}
            for item, who, choice, side in rows
        ]
        fields = ["--unit", "item", "--rater", "who", "--choice", "choice", "--side", "side"]
        return printed("preference", [named], *fields)

    before = measured(rows)
    moved = [(9 - item, raters[who], choice, side) for item, who, choice, side in rows]
    deal.shuffle(moved)
    assert measured(moved) == near(before)

    flipped = measured([(i, w, c, OTHER[s]) for i, w, c, s in rows])
    bias, mirrored = before.pop("position_bias"), flipped.pop("position_bias")
    assert flipped == near(before)
    assert (mirrored["left"], mirrored["right"]) == (bias["right"], bias["left"])
    assert mirrored["p_value"] == pytest.approx(bias["p_value"])

    swapped = measured([(i, w, SWAPPED[c], OTHER[s]) for i, w, c, s in rows])
    assert swapped.pop("position_bias") == near(bias)
    assert swapped["score"] == pytest.approx(1 - before["score"])
    assert swapped["lower"] == pytest.approx(1 - before["upper"], abs=1e-9)
    assert (swapped["wins"], swapped["losses"]) == (before["losses"], before["wins"])
    for kept in ("state", "judgments", "items", "raters", "ties", "both_bad", "self_consistency"):
        assert swapped[kept] == near(before[kept]), kept


@few
@given(
    st.lists(st.tuples(CHOICES, CHOICES, SIDES), min_size=60, max_size=70),
    st.randoms(use_true_random=False),
)
def test_a_judge_check_is_blind_to_order_and_mirrors_arms(printed, rows, deal):
    def measured(rows: list[tuple[int, str, str, str]]) -> dict[str, Any]:
        people = [{"id": f"q{i}", "choice": said} for i, said, _, _ in rows if i < 55]
        judge = [
            {"id": f"q{i}", "choice": judged, "side": side, "long": 100 + 7 * i % 50, "short": 90}
            for i, _, judged, side in rows
        ]
        options = ["--random-sample", "--side", "side"]
        return printed("judge-check", [people, judge], *options)

    numbered = [(i, *row) for i, row in enumerate(rows)]
    before = measured(numbered)
    moved = list(numbered)
    deal.shuffle(moved)
    assert measured(moved) == near(before)
    swapped = measured([(i, SWAPPED[a], SWAPPED[b], OTHER[s]) for i, a, b, s in numbered])
    assert (swapped["state"], swapped["verdict"]) == (before["state"], before["verdict"])
    assert swapped["raw_agreement"] == pytest.approx(before["raw_agreement"])
    assert swapped["position_bias"] == near(before["position_bias"])
    for score in ("people_win_score", "judge_win_score"):
        assert swapped[score] == pytest.approx(1 - before[score])
    if before["win_score"]:
        assert swapped["win_score"]["value"] == pytest.approx(1 - before["win_score"]["value"])
        assert swapped["win_score"]["lower"] == pytest.approx(1 - before["win_score"]["upper"])


@few
@given(st.floats(0.01, 0.4), st.floats(0.05, 1), st.integers(1, 5000))
def test_power_looks_at_the_size_of_a_gap_and_not_at_its_sign(printed, gap, sd, n):
    def needed(sign: int) -> dict[str, Any]:
        options = [f"--gap={sign * gap}", f"--sd={sd}", f"--n={n}"]
        return printed("power", [], "difference", *options)

    up, down = needed(1), needed(-1)
    assert down["criteria"][0]["needed"] == up["criteria"][0]["needed"]
    assert down["given"] == near(up["given"])
    assert down["curve"] == near(up["curve"])
    assert all(math.isfinite(row["power"]) for row in up["curve"])
