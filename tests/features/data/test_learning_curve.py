"""What doubling the examples buys: a decided study's arms, score files, and scores that stay
sealed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import RunMetric, Study
from tests.api.conftest import Program
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided

Capture = pytest.CaptureFixture[str]
Shown = Callable[..., Any]

USAGE, BAD_DATA = 64, 65
ITEMS = 400
QUARTER, HALF, ALL = 250, 500, 1000


def right_up_to(share: float) -> list[float]:
    return [float(item < share * ITEMS) for item in range(ITEMS)]


def a_curve_study(
    team: Team,
    shares: tuple[float, ...] = (0.5, 0.6, 0.7),
    *,
    slug: str = "how-much",
    **fields: Any,
) -> Study:
    """A base of which .4 is right, and versions trained on a quarter, a half and all."""
    questions = a_test_set(team, f"{slug}-questions", items=ITEMS)
    base = a_version(team, f"{slug}-base")
    a_run(base, questions, scores=right_up_to(0.4))
    trained = []
    for name, examples, share in zip(
        ("quarter", "half", "all"), (QUARTER, HALF, ALL), shares, strict=True
    ):
        version = a_version(
            team,
            f"{slug}-{name}",
            kind="lora",
            training={"examples": examples},
            backend={"type": "recorded", "build": f"{slug}-{name}"},
        )
        a_run(version, questions, scores=right_up_to(share))
        trained.append(version)
    return a_study(
        team,
        baseline=base,
        candidate=trained[-1],
        alternatives=trained[:-1],
        primary=questions,
        slug=slug,
    )


def curve_of(study: Study, *options: str) -> list[str]:
    return ["data", "curve", study.slug, "--project", study.project.slug, *options]


def test_a_decided_study_says_what_doubling_buys(team: Team, shown: Shown) -> None:
    study = a_curve_study(team)
    decided(study)
    (curve,) = shown(*curve_of(study))["curves"]
    assert [(size["examples"], size["arms"]) for size in curve["sizes"]] == [
        (QUARTER, ["how-much-quarter"]),
        (HALF, ["how-much-half"]),
        (ALL, ["how-much-all"]),
    ]
    assert [size["mean"] for size in curve["sizes"]] == pytest.approx([0.5, 0.6, 0.7])
    assert [step["gain"] for step in curve["steps"]] == pytest.approx([0.1, 0.1])
    assert curve["slope"]["gain"] == pytest.approx(0.1)
    assert curve["ahead"]["examples"] == 2 * ALL
    assert curve["conclusion"] == "rises"
    assert curve["items"] == ITEMS
    assert curve["worth"] == pytest.approx(0.05)


def test_the_arm_without_examples_is_left_out_and_named(team: Team, shown: Shown) -> None:
    study = a_curve_study(team)
    decided(study)
    (reason,) = shown(*curve_of(study))["left_out"]
    assert reason.startswith("how-much-base: its training record names no `examples`")


def test_an_arms_examples_may_be_named_by_hand(team: Team, shown: Shown) -> None:
    study = a_curve_study(team)
    decided(study)
    (curve,) = shown(*curve_of(study, "--examples", "how-much-base=125"))["curves"]
    assert [size["examples"] for size in curve["sizes"]] == [125, QUARTER, HALF, ALL]


def test_people_read_the_gains_with_their_intervals_and_what_is_assumed(
    team: Team, capsys: Capture
) -> None:
    study = a_curve_study(team)
    decided(study)
    assert run(curve_of(study)) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Doubling to 2,000 examples surely gains at least 0.0" in text
    assert "Assumed: gains per doubling are taken to stay the same" in text
    assert "how-much-half 500 0.600 0.100" in text


def test_a_flat_curve_has_stopped(team: Team, shown: Shown) -> None:
    study = a_curve_study(team, (0.6, 0.6025, 0.6025))
    decided(study)
    (curve,) = shown(*curve_of(study))["curves"]
    assert curve["conclusion"] == "stopped"
    assert "has stopped paying" in curve["sentence"]


def test_what_a_gain_is_worth_decides_whether_it_has_stopped(team: Team, shown: Shown) -> None:
    study = a_curve_study(team, (0.6, 0.6025, 0.6025))
    decided(study)
    (curve,) = shown(*curve_of(study, "--worth", "0.001"))["curves"]
    assert curve["conclusion"] == "unclear"


@pytest.mark.parametrize("door", ["command", "rest"])
def test_nobody_peeks_the_scores_of_an_undecided_study_stay_sealed(
    team: Team, capsys: Capture, program: Callable[..., Program], door: str
) -> None:
    study = a_curve_study(team)
    message = (
        "the scores of how-much-all on how-much-questions are sealed: a decision on how-much "
        "opens them, and pays for the look"
    )
    if door == "command":
        assert run(curve_of(study)) == USAGE
        output = capsys.readouterr()
        assert message in output.err
        assert not output.out
    else:
        answer = program().get(f"/studies/{study.slug}/data-curve")
        assert answer.status_code == 409
        assert message in answer.json()["detail"]
    assert not RunMetric.objects.readable().exists()


def test_rest_gives_what_the_command_prints(
    team: Team, shown: Shown, program: Callable[..., Program]
) -> None:
    study = a_curve_study(team)
    decided(study)
    answer = program().get(f"/studies/{study.slug}/data-curve", worth="0.01")
    assert answer.status_code == 200, answer.content
    assert answer.json() == shown(*curve_of(study, "--worth", "0.01"))


def test_rest_refuses_a_worth_that_is_no_gain(team: Team, program: Callable[..., Program]) -> None:
    study = a_curve_study(team)
    answer = program().get(f"/studies/{study.slug}/data-curve", worth="none")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "worth"


def test_of_a_metric_of_which_less_is_better_a_fall_is_a_gain(team: Team, shown: Shown) -> None:
    study = a_curve_study(team, (0.7, 0.6, 0.5))
    study.test_sets.update(turned=True)
    decided(study)
    (curve,) = shown(*curve_of(study))["curves"]
    assert not curve["higher_is_better"]
    assert [step["gain"] for step in curve["steps"]] == pytest.approx([0.1, 0.1])
    assert curve["conclusion"] == "rises"


def test_several_files_of_one_name_are_several_arms(tmp_path: Path, shown: Shown) -> None:
    words = []
    for size, share in ((QUARTER, 0.5), (ALL, 0.7)):
        folder = tmp_path / str(size)
        folder.mkdir()
        words += ["--scores", f"{score_file(folder, 'scores', share)}:{size}"]
    (curve,) = shown("data", "curve", *words)["curves"]
    assert [size["arms"] for size in curve["sizes"]] == [["scores.jsonl"]] * 2


def test_items_of_one_cluster_count_together(tmp_path: Path, shown: Shown) -> None:
    alone = shown("data", "curve", *files(tmp_path, quarter=0.5, all=0.7))
    for name in ("quarter", "all"):
        path = tmp_path / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        rows = [row | {"cluster": f"c{index // 20}"} for index, row in enumerate(rows)]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    words = [
        word
        for name, size in (("quarter", QUARTER), ("all", ALL))
        for word in ("--scores", f"{tmp_path / name}.jsonl:{size}")
    ]
    clustered = shown("data", "curve", *words)
    slopes = [document["curves"][0]["slope"] for document in (alone, clustered)]
    assert slopes[1]["lower"] < slopes[0]["lower"]


def test_two_studies_of_the_same_items_are_one_curve(team: Team, shown: Shown) -> None:
    study = a_curve_study(team)
    questions = study.test_sets.get().test_set_version
    eighth = a_version(
        team,
        "eighth",
        kind="lora",
        training={"examples": 125},
        backend={"type": "recorded", "build": "eighth"},
    )
    a_run(eighth, questions, scores=right_up_to(0.45))
    other = a_study(
        team,
        baseline=study.arms.get(role="baseline").version,
        candidate=eighth,
        primary=questions,
        slug="an-eighth",
    )
    decided(study)
    decided(other)
    found = shown("data", "curve", study.slug, other.slug, "--project", team.project.slug)
    (curve,) = found["curves"]
    assert [size["examples"] for size in curve["sizes"]] == [125, QUARTER, HALF, ALL]
    assert curve["sizes"][0]["arms"] == ["an-eighth/eighth"]
    assert found["studies"] == ["how-much", "an-eighth"]


def test_studies_of_other_items_share_no_primary(team: Team, capsys: Capture) -> None:
    one, other = a_curve_study(team), a_curve_study(team, slug="others")
    decided(one)
    decided(other)
    assert run(["data", "curve", one.slug, other.slug, "--project", team.project.slug]) == USAGE
    assert "how-much, others share no primary" in capsys.readouterr().err


def test_a_study_of_one_size_has_no_curve(team: Team, capsys: Capture) -> None:
    questions = a_test_set(team, items=10)
    base, tuned = a_version(team, "base"), a_version(team, "tuned", kind="lora")
    for version in (base, tuned):
        a_run(version, questions, scores=[1.0] * 5 + [0.0] * 5)
    study = a_study(team, baseline=base, candidate=tuned, primary=questions)
    assert run(curve_of(study, "--examples", "tuned=100")) == USAGE
    assert "two different numbers of training examples" in capsys.readouterr().err
    assert run(curve_of(study, "--examples", "nobody=100")) == USAGE
    assert "no arm is called 'nobody' (arms: base, tuned)" in capsys.readouterr().err


def score_file(folder: Path, name: str, share: float, **fields: Any) -> str:
    path = folder / f"{name}.jsonl"
    rows = (
        {"id": f"q{item}", "score": score} | fields for item, score in enumerate(right_up_to(share))
    )
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return str(path)


def files(tmp_path: Path, **shares: float) -> list[str]:
    sizes = {"quarter": QUARTER, "half": HALF, "all": ALL}
    return [
        word
        for name, share in shares.items()
        for word in ("--scores", f"{score_file(tmp_path, name, share)}:{sizes[name]}")
    ]


def test_score_files_need_no_database(tmp_path: Path, shown: Shown) -> None:
    document = shown("data", "curve", *files(tmp_path, quarter=0.5, half=0.6, all=0.7))
    (curve,) = document["curves"]
    assert [size["arms"] for size in curve["sizes"]] == [
        ["quarter.jsonl"],
        ["half.jsonl"],
        ["all.jsonl"],
    ]
    assert curve["slope"]["gain"] == pytest.approx(0.1)
    assert curve["conclusion"] == "rises"


def test_of_files_less_may_be_better(tmp_path: Path, shown: Shown) -> None:
    document = shown("data", "curve", *files(tmp_path, quarter=0.7, all=0.5), "--lower-is-better")
    assert document["curves"][0]["slope"]["gain"] == pytest.approx(0.1)


def test_items_that_a_file_lacks_are_left_out_and_counted(tmp_path: Path, shown: Shown) -> None:
    words = files(tmp_path, quarter=0.5, all=0.7)
    path = tmp_path / "all.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-10]))
    (curve,) = shown("data", "curve", *words)["curves"]
    assert (curve["items"], curve["left_out"]) == (ITEMS - 10, 10)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"id": "q0"}', "line 1, field 'score': missing"),
        ('{"id": "q0", "score": "good"}', "line 1, field 'score': a finite number was expected"),
        ('{"score": 1}', "line 1, field 'id': missing"),
        ('{"id": "elsewhere", "score": 1}', "0 of the items that all files have"),
    ],
)
def test_a_flaw_of_a_score_file_is_named_with_its_line(
    tmp_path: Path, capsys: Capture, row: str, message: str
) -> None:
    words = files(tmp_path, quarter=0.5, all=0.7)
    (tmp_path / "quarter.jsonl").write_text(f"{row}\n")
    assert run(["data", "curve", *words]) == BAD_DATA
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a study"),
        (["a-study"], "is needed with a study"),
        (["--scores", "a.jsonl"], "isn't of the form FILE:N"),
        (["--scores", "a.jsonl:many"], "'many' is no number of examples"),
        (["a-study", "--scores", "a.jsonl:5"], "doesn't go with --scores"),
    ],
)
def test_a_wrong_use_is_refused(words: list[str], message: str, capsys: Capture) -> None:
    assert run(["data", "curve", *words]) == USAGE
    assert message in " ".join(capsys.readouterr().err.split())
