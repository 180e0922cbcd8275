"""`evalhub judge-check`, as it is typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run


class Desk:
    """Two files: a judge chose for 400 items, people for the first so many of them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], labelled: int) -> None:
        self.folder, self.capsys = folder, capsys
        self.judged = [
            {
                "id": f"q{i}",
                "choice": "candidate" if i % 5 < 3 else "baseline",
                "side": "left" if i % 2 else "right",
                "long": 100 + (i * 37) % 200,
                "short": 150,
            }
            for i in range(400)
        ]
        self.said = [
            {"id": f"q{i}", "choice": "candidate" if i % 5 < 3 and i % 7 else "baseline"}
            for i in range(labelled)
        ]

    def files(self) -> list[str]:
        names = []
        for name, rows in (("human", self.said), ("judge", self.judged)):
            path = self.folder / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            names.append(str(path))
        return names

    def check(self, *options: str, code: int = 0) -> dict[str, Any]:
        assert run(["judge-check", *self.files(), *options, "--json"]) == code
        found: dict[str, Any] = json.loads(self.capsys.readouterr().out)
        return found

    def refused(self, *options: str, code: int = 65) -> str:
        assert run(["judge-check", *self.files(), *options]) == code
        printed = self.capsys.readouterr()
        assert printed.out == ""
        return printed.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys, labelled=100)


def test_a_judge_is_measured_against_people(desk: Desk) -> None:
    """People take the baseline in 9 of the 60 items where the judge takes the candidate."""
    found = desk.check("--random-sample")
    assert (found["schema"], found["state"]) == ("evalhub.judge-check/1", "ok")
    assert (found["judged"], found["labelled"], found["shared"]) == (400, 100, 100)
    assert found["raw_agreement"] == 0.91
    assert found["people_win_score"] == pytest.approx(0.51)
    assert found["judge_win_score"] == pytest.approx(0.60)
    # p_e = .51 (.6) + .49 (.4) = .502
    assert found["cohen_kappa"] == pytest.approx((0.91 - 0.502) / 0.498)
    powered = found["win_score"]
    assert powered["lower"] < powered["value"] < powered["upper"]
    assert powered["value"] == pytest.approx(0.51, abs=1e-9)
    assert powered["equivalent_labels"] > 100


def test_fifty_human_labels_are_the_fewest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Desk(tmp_path, capsys, labelled=49).check("--random-sample", code=3)
    assert (found["state"], found["win_score"]) == ("too-few-human-labels", None)
    assert found["raw_agreement"] > 0.8
    found = Desk(tmp_path, capsys, labelled=50).check("--random-sample")
    assert found["state"] == "ok"


def test_nobody_is_taken_to_have_sampled_at_random(desk: Desk) -> None:
    found = desk.check(code=3)
    assert (found["state"], found["win_score"]) == ("not-a-random-sample", None)


def test_people_of_one_mind_calibrate_nothing(desk: Desk) -> None:
    for row in desk.said:
        row["choice"] = "candidate"
    assert desk.check("--random-sample", code=3)["state"] == "constant"


def test_a_judge_of_nothing_else_is_not_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Desk(tmp_path, capsys, labelled=400).check("--random-sample")
    assert (found["state"], found["win_score"]) == ("nothing-only-judged", None)


def test_position_and_length_are_looked_at_where_their_fields_are_given(desk: Desk) -> None:
    found = desk.check("--random-sample")
    assert (found["position_bias"], found["length_bias"]) == (None, None)
    lengths = ["--candidate-length", "long", "--baseline-length", "short"]
    found = desk.check("--random-sample", "--side", "side", *lengths)
    assert found["position_bias"]["left"] + found["position_bias"]["right"] == 400
    assert found["position_bias"]["share_left"] == 0.5
    assert found["length_bias"]["raw"] == pytest.approx(0.6)
    assert found["length_bias"]["state"] == "ok"


def test_a_judge_that_goes_by_length_alone_is_said_to(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Separation is perfect: no model of length has a finite estimate, and the counts say it."""
    for row in desk.judged:
        row["choice"] = "candidate" if int(str(row["long"])) > 150 else "baseline"
    lengths = ["--candidate-length", "long", "--baseline-length", "short"]
    code = run(["judge-check", *desk.files(), "--random-sample", *lengths, "--json"])
    found = json.loads(capsys.readouterr().out)
    length, people = found["length_bias"], found["people_longer"]
    assert (length["state"], length["controlled"]) == ("unbounded", None)
    # 2 of 400 answers are of the same length: 100 + 37 i mod 200 = 150
    uneven = sum(row["long"] != 150 for row in desk.judged)
    assert (length["longer"]["judgments"], length["longer"]["share"]) == (uneven, 1.0)
    # Clopper and Pearson of n of n at .025: α^(1/n)
    assert length["longer"]["lower"] == pytest.approx(0.025 ** (1 / uneven))
    assert people["share"] < 0.8
    assert found["cautions"] == [
        f"The judge chose the longer answer in 100.0% [{0.025 ** (1 / uneven):.1%}, 100.0%] of "
        f"{uneven} judgments of answers of different length, people in {people['share']:.1%} of "
        "those that they labelled.",
        "Length alone, or the arm alone, decides its choices: what it would prefer at equal "
        "lengths can't be had.",
    ]
    assert run(["judge-check", *desk.files(), "--random-sample", *lengths]) == code
    printed = " ".join(capsys.readouterr().out.split())
    assert all(each in printed for each in found["cautions"])
    assert "longer answer chosen by the judge 1.000" in printed


def test_sides_are_read_in_either_file(desk: Desk) -> None:
    wanted = desk.check("--random-sample")
    for row in [*desk.said, *desk.judged]:
        row["side"] = "right"
        row["choice"] = "right" if row["choice"] == "candidate" else "left"
    found = desk.check("--random-sample", "--side", "side", "--human-side", "side")
    for key in ("raw_agreement", "people_win_score", "judge_win_score", "win_score"):
        assert found[key] == wanted[key]


def test_several_people_an_item_are_several_labels(desk: Desk) -> None:
    desk.said = [row | {"who": who} for row in desk.said for who in ("ann", "bob", "cyd")]
    assert desk.check("--random-sample", "--rater", "who")["labelled"] == 100
    desk.said.append(desk.said[0])
    assert "line 301, field 'id': 'ann' judged 'q0' on line 1 already" in desk.refused(
        "--rater", "who"
    )


def test_a_judge_with_two_rows_an_item_is_refused(desk: Desk) -> None:
    desk.judged.append(desk.judged[0])
    assert "line 401, field 'id': 'q0' was judged on line 1 already" in desk.refused()


def test_files_without_an_item_in_common_are_refused(desk: Desk) -> None:
    for row in desk.said:
        row["id"] += "x"
    assert "no item was labelled by people and by the judge" in desk.refused()


@pytest.mark.parametrize("length", [0, -3, "long", None, True])
def test_a_length_is_a_number_above_0(length: object, desk: Desk) -> None:
    desk.judged[2]["long"] = length  # type: ignore[assignment]
    said = desk.refused("--candidate-length", "long", "--baseline-length", "short")
    assert "line 3, field 'long': this is a number above 0" in said


def test_one_length_alone_is_wrong_usage(desk: Desk) -> None:
    assert "go together" in desk.refused("--candidate-length", "long", code=64)


def test_people_read_a_table_and_why_it_is_refused(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["judge-check", *desk.files(), "--random-sample"]) == 0
    assert "win score, all items, corrected" in capsys.readouterr().out
    assert run(["judge-check", *desk.files()]) == 3
    assert "give --random-sample" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("people", "verdict", "code", "words"),
    [
        (lambda i, judged: judged, "usable", 0, "The judge is usable."),
        (
            lambda i, judged: "baseline" if judged == "candidate" else "candidate",
            "not-usable",
            1,
            "The judge is not usable.",
        ),
        (
            lambda i, judged: ("candidate", "baseline")[i % 2],
            "not-usable",
            1,
            "The judge is not usable.",
        ),
        (
            lambda i, judged: judged if i % 4 else "tie",
            "not-told",
            2,
            "Whether the judge is usable isn't told.",
        ),
    ],
)
def test_the_verdict_on_a_judge_is_its_exit_code(
    people: Callable[[int, str], str],
    verdict: str,
    code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that says what people say, one that says the contrary, a coin, and one in between."""
    desk = Desk(tmp_path, capsys, labelled=60)
    for i, row in enumerate(desk.said):
        row["choice"] = people(i, desk.judged[i]["choice"])
    found = desk.check("--random-sample", code=code)
    assert found["verdict"] == verdict
    agreed = found["krippendorff_alpha"]
    assert agreed["lower"] < agreed["upper"]
    assert (agreed["lower"] >= found["floor"], agreed["upper"] < found["floor"]) == (
        code == 0,
        code == 1,
    )
    assert run(["judge-check", *desk.files(), "--random-sample"]) == code
    assert words in capsys.readouterr().out


def test_a_judge_that_contradicts_people_is_told_so(desk: Desk) -> None:
    for row, judged in zip(desk.said, desk.judged, strict=False):
        row["choice"] = "baseline" if judged["choice"] == "candidate" else "candidate"
    found = desk.check("--random-sample", code=1)
    assert found["raw_agreement"] == 0
    assert "It contradicts people." in found["why"]


def test_the_floor_is_an_option(desk: Desk) -> None:
    """Agreement beyond chance is .82 [.69, .90] here."""
    assert desk.check("--random-sample", "--floor", "0.65")["verdict"] == "usable"
    assert desk.check("--random-sample", "--floor", "0.8", code=2)["verdict"] == "not-told"
    assert desk.check("--random-sample", "--floor", "0.95", code=1)["verdict"] == "not-usable"
    desk.refused("--floor", "1.5", code=64)


def test_clusters_and_weights_are_fields_of_the_judges_file(desk: Desk) -> None:
    """Twenty items to a cluster say less; items that people gave to the baseline count double."""
    plain = desk.check("--random-sample")
    for i, row in enumerate(desk.judged):
        row |= {"doc": f"d{i // 20}", "w": 1 if row["choice"] == "candidate" else 2}
    clustered = desk.check("--random-sample", "--cluster", "doc", code=2)
    for name in ("krippendorff_alpha", "win_score"):
        width, before = (
            found[name]["upper"] - found[name]["lower"] for found in (clustered, plain)
        )
        assert width > before
    weighted = desk.check("--random-sample", "--weight", "w")
    assert weighted["judge_win_score"] == pytest.approx(60 / 140)
    assert weighted["win_score"]["value"] < plain["win_score"]["value"]
    desk.judged[1]["w"] = -1
    assert "line 2, field 'w': this is a number above 0, not -1" in desk.refused("--weight", "w")
