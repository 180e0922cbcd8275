"""What a metric takes is shown of five answers; what they score isn't, before a decision reads it.

See docs/explanation/decisions/preview-of-a-metric.md.
"""

import re
from pathlib import Path

import pytest

from evalhub.io.items import FieldMapping
from evalhub.io.rows import DataError
from evalhub.registry.development import read_freely
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import Score
from evalhub.studies.files.metric_preview import MetricPreview, RecordedFile, preview_metric
from runners.metrics import metric_declaration
from tests.cast import Team
from tests.features.study_builder.posting import answers, in_folder, lines, sums

ARMS = ("base", "lora")
EXTRACT = {"extract": r"is (\d+)"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The base is right on every second item and says it in a sentence; lora says the number."""
    in_folder(
        tmp_path,
        sums=sums(),
        base=answers(lambda i: i % 2 == 0),
        lora=answers(lambda i: True, said="{}"),
    )
    return tmp_path


def preview(folder: Path, team: Team, metric: str = "exact_match", **more: object) -> MetricPreview:
    typed = str(more.pop("typed", ""))
    return preview_metric(
        project=team.project,
        metric=metric_declaration(metric, **more),
        items=folder / "sums.jsonl",
        mapping=FieldMapping(),
        arms={arm: RecordedFile(folder / f"{arm}.jsonl", "id", "output") for arm in ARMS},
        typed=typed,
    )


def opened(folder: Path, team: Team) -> None:
    path = folder / "sums.jsonl"
    read_freely(import_test_set(project=team.project, slug="sums", path=path))


def test_what_is_taken_out_of_both_arms_answers_is_shown(folder: Path, team: Team) -> None:
    first, second, *_ = preview(folder, team, **EXTRACT).items
    assert [(each.of, each.text, each.taken, each.matched) for each in first.answers] == [
        ("base", "It is 0.", "0", True),
        ("lora", "0", "0", False),
    ]
    assert second.answers[0].taken == "3"


def test_it_is_always_the_same_five_items(folder: Path, team: Team) -> None:
    keys = [[item.key for item in preview(folder, team, name).items] for name in ("bleu", "length")]
    assert keys == [["q0", "q1", "q2", "q3", "q4"]] * 2


@pytest.mark.parametrize("metric", ["exact_match", "numeric_match", "token_f1", "length", "bleu"])
def test_no_score_of_either_arm_is_there_before_a_decision(
    folder: Path, team: Team, metric: str
) -> None:
    found = preview(folder, team, metric)
    assert found.has_sealed_scores
    assert [each.score for item in found.items for each in item.answers] == [None] * 10
    assert not Score.objects.exists()


def test_how_it_scores_is_shown_on_answers_that_nobody_gave(folder: Path, team: Team) -> None:
    probes = preview(folder, team).items[0].probes
    assert [(each.of, each.text, each.score and each.score.value) for each in probes] == [
        ("the right answer", "0", 1.0),
        ("in a sentence", "The answer is 0.", 0.0),
        ("another item’s", "2", 0.0),
    ]


def test_an_answer_that_somebody_types_is_scored(folder: Path, team: Team) -> None:
    tried = preview(folder, team, typed="It is 0").tried
    assert tried is not None
    assert tried.score is not None
    assert tried.score.value == 0.0


@pytest.mark.parametrize("typed", ["It is 0.", " it is  0. "])
def test_an_arms_answer_typed_in_is_not(folder: Path, team: Team, typed: str) -> None:
    tried = preview(folder, team, typed=typed).tried
    assert tried is not None
    assert tried.score is None


def test_items_of_a_development_set_show_both_arms_scores(folder: Path, team: Team) -> None:
    opened(folder, team)
    found = preview(folder, team, "numeric_match")
    assert not found.has_sealed_scores
    scores = [[each.score and each.score.value for each in item.answers] for item in found.items]
    assert scores[:2] == [[1.0, 1.0], [0.0, 1.0]]


def test_another_projects_development_set_opens_nothing(folder: Path, team: Team) -> None:
    from evalhub.accounts.models import Project

    others = Project.objects.create(slug="others", name="Others")
    path = folder / "sums.jsonl"
    read_freely(import_test_set(project=others, slug="sums", path=path))
    assert preview(folder, team).has_sealed_scores


def test_what_the_metric_finds_nothing_in_is_counted(folder: Path, team: Team) -> None:
    assert preview(folder, team, **EXTRACT).empty_count == 5


def test_an_error_stands_in_the_place_of_an_answer(folder: Path, team: Team) -> None:
    in_folder(folder, lora=lines({"id": "q0", "error": "timed out"}))
    first, second, *_ = preview(folder, team).items
    assert first.answers[1].missing == "an error: timed out"
    assert re.search(r"no answer among the first 5,000 rows", second.answers[1].missing)


def test_a_wrong_row_is_named(folder: Path, team: Team) -> None:
    in_folder(folder, lora=lines({"id": "q0", "said": "0"}))
    with pytest.raises(DataError, match=r"lora\.jsonl, line 1, field 'output': missing"):
        preview(folder, team)


def test_code_is_shown_and_not_run(folder: Path, team: Team) -> None:
    opened(folder, team)
    metric_preview = preview(folder, team, "code_tests", typed="So:\n```python\nx = 1\n```")
    assert metric_preview.tried is not None
    assert (metric_preview.tried.taken, metric_preview.tried.score) == ("x = 1\n", None)
    answers_shown = [answer for item in metric_preview.items for answer in item.answers]
    assert {answer.score for answer in answers_shown} == {None}
