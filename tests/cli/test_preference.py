"""`evalhub preference`, as it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from tests.cli.scorefiles import write

FIELDS = ["--unit", "item", "--rater", "who", "--choice", "chose"]


def judgment(item: int, chose: str | None, who: str = "ann", **more: str) -> dict[str, Any]:
    return {"item": item, "who": who, "chose": chose, **more}


def measured(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = run(["preference", *arguments, *FIELDS, "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["preference", *arguments, *FIELDS]) == 65
    return capsys.readouterr().err


@pytest.mark.parametrize("model", ["alpaca-7b", "alpaca-farm-ppo-human"])
def test_alpaca_eval_reaches_its_published_win_rate(
    model: str, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The judge's 1 is the reference, 2 the model, 0 a draw, which counts half."""
    folder = shared_data / "alpacaeval"
    published = json.loads((folder / "published_leaderboard.json").read_text())[model]
    chose = {0: "tie", 1: "baseline", 2: "candidate"}
    with (folder / f"judge_gpt4_{model}_vs_text_davinci_003.jsonl").open() as lines:
        rows = [json.loads(line) for line in lines]
    file = write(
        tmp_path / "judged.jsonl",
        [{"item": row["id"], "who": "gpt4", "chose": chose[row["preference"]]} for row in rows],
    )
    found = measured(capsys, file)
    assert found["score"] * 100 == pytest.approx(published["win_rate"], abs=1e-9)
    assert (found["wins"], found["losses"], found["ties"]) == (
        published["n_wins"],
        published["n_wins_base"],
        published["n_draws"],
    )
    half = (found["upper"] - found["lower"]) / 2
    assert half * 100 == pytest.approx(1.963 * published["standard_error"], rel=0.02)
    assert (found["state"], found["raters"]) == ("one-rater", 1)


def test_both_bad_is_kept_apart_from_a_tie_and_no_choice_from_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = ["candidate", "candidate", "baseline", "tie", "both-bad", "both-bad", None, ""]
    rows = [judgment(i, c, who=f"r{i % 2}") for i, c in enumerate(chosen)]
    found = measured(capsys, write(tmp_path / "j.jsonl", rows))
    assert (found["ties"], found["both_bad"], found["without_choice"]) == (1, 2, 2)
    assert found["score"] == pytest.approx((2 + 3 / 2) / 6)
    assert (found["judgments"], found["state"]) == (6, "ok")
    assert found["position_bias"] is None
    assert found["self_consistency"] is None


def test_left_and_right_name_the_arm_that_stood_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A judge that always takes the left, the candidate being there 15 times of 30."""
    rows = [judgment(i, "left", side=["left", "right"][i % 2]) for i in range(30)]
    found = measured(capsys, write(tmp_path / "j.jsonl", rows), "--side", "side")
    assert (found["wins"], found["losses"], found["score"]) == (15, 15, 0.5)
    assert found["position_bias"]["share_left"] == 1.0
    assert found["position_bias"]["p_value"] == pytest.approx(2 / 2**30)


def test_swapped_repeats_show_who_goes_by_the_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [judgment(i, "left", side="left") for i in range(10)]
    again = [judgment(i, "left" if i < 4 else "right", side="right") for i in range(10)]
    found = measured(capsys, write(tmp_path / "j.jsonl", first + again), "--side", "side")
    consistency = found["self_consistency"]
    assert (consistency["pairs"], consistency["consistent"], consistency["same_side"]) == (10, 6, 4)


def test_a_second_judgment_of_one_item_names_both_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [judgment(1, "tie", side="left"), judgment(1, "tie", side="left")]
    file = write(tmp_path / "j.jsonl", rows)
    assert "line 2, field 'item': 'ann' judged '1' on line 1 already" in refused(capsys, file)
    assert "on line 1 already" in refused(capsys, file, "--side", "side")


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        (judgment(1, "left"), [], "'left' names a side; give the field"),
        (judgment(1, "better"), [], "'better' is no choice; use candidate, baseline, tie"),
        (judgment(1, "tie", side="top"), ["--side", "side"], "stood left or right, not 'top'"),
        (judgment(1, "tie"), ["--side", "side"], "field 'side': missing"),
        (judgment(1, None), [], "no row holds a choice"),
    ],
)
def test_what_is_no_judgment_is_refused_with_its_line(
    row: dict[str, Any],
    options: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert message in refused(capsys, write(tmp_path / "j.jsonl", [row]), *options)


@pytest.mark.parametrize(("chosen", "state"), [(["tie"], "one-item"), (["tie"] * 9, "all-alike")])
def test_what_says_little_has_a_name(
    chosen: list[str], state: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [judgment(i, c) for i, c in enumerate(chosen)]
    found = measured(capsys, write(tmp_path / "j.jsonl", rows))
    assert (found["state"], found["score"]) == (state, 0.5)
    assert found["upper"] - found["lower"] > 0.1


def test_people_read_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [judgment(i, "candidate" if i % 3 else "tie", side="left") for i in range(30)]
    file = write(tmp_path / "j.jsonl", rows)
    assert run(["preference", file, *FIELDS, "--side", "side"]) == 0
    printed = capsys.readouterr().out
    assert "30 judgments of 30 items by 1 rater" in printed
    assert "win score    0.833" in printed


def test_what_length_won_is_taken_away_where_lengths_are_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The longer answer wins three of four, and the candidate's is longer in 60 of 90."""
    rows = []
    for i in range(90):
        longer = "candidate" if i % 3 else "baseline"
        shorter = "baseline" if i % 3 else "candidate"
        lengths = {"mine": 300 if i % 3 else 150, "other": 200 + i % 7}
        rows.append(judgment(i, longer if i % 4 else shorter) | lengths)
    file = write(tmp_path / "j.jsonl", rows)
    plain = measured(capsys, file)
    assert plain["length_bias"] is None
    found = measured(capsys, file, "--candidate-length", "mine", "--baseline-length", "other")
    bias = found["length_bias"]
    assert bias["state"] == "ok"
    assert bias["raw"] == pytest.approx(found["score"]) == pytest.approx(plain["score"])
    assert bias["raw"] > 0.55
    assert bias["lower"] < 0.5 < bias["upper"]
    assert bias["length"]["lower"] > 0
    options = ["--candidate-length", "mine", "--baseline-length", "other"]
    assert run(["preference", file, *FIELDS, *options]) == 0
    assert "win score at equal lengths" in capsys.readouterr().out
    assert run(["preference", file, *FIELDS, "--candidate-length", "mine"]) == 64
    assert "go together" in capsys.readouterr().err


def test_three_people_who_saw_one_dealing_of_sides_are_one_witness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten items, the candidate better on each, its side dealt by item: on the left eight times.

    As thirty coins 24 lefts would give p = .0014; of ten items eight give 2(1 + 10 + 45)/1024.
    """
    rows = [
        judgment(i, "candidate", who, side="left" if i < 8 else "right")
        for i in range(10)
        for who in ("ann", "bob", "cyd")
    ]
    found = measured(capsys, write(tmp_path / "j.jsonl", rows), "--side", "side")["position_bias"]
    assert (found["left"], found["right"], found["items"]) == (24, 6, 10)
    assert found["p_value"] == pytest.approx(2 * 56 / 1024)
    assert found["lower"] < 0.5 < found["upper"]


def test_sides_that_never_vary_test_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [judgment(i, "left", who, side="left") for i in range(12) for who in ("ann", "bob")]
    file = write(tmp_path / "j.jsonl", rows)
    found = measured(capsys, file, "--side", "side")["position_bias"]
    assert (found["state"], found["p_value"]) == ("sides-alike", None)
    rows[-1] |= {"side": "right"}
    uneven = write(tmp_path / "u.jsonl", rows)
    assert measured(capsys, uneven, "--side", "side")["position_bias"]["state"] == "sides-uneven"
    assert run(["preference", file, *FIELDS, "--side", "side"]) == 0
    assert "its sides don't vary" in " ".join(capsys.readouterr().out.split())
