"""The paired bootstrap of a score of all answers, as a record has it."""

from copy import deepcopy

import pytest

from evalhub.decision.sections.resampled import ResampledRow, ResampledSection
from evalhub.decision.verify import verify
from evalhub.declare.decision import ArmName, Arms
from evalhub.declare.declaration import validate
from tests.decision.recorded import SHIPPED

ARMS = Arms(
    baseline=ArmName(name="base", digest="a" * 64), candidate=ArmName(name="tuned", digest="b" * 64)
)
ROW = ResampledRow(
    test_set="news",
    metric="corpus_bleu",
    score="bleu",
    items=300,
    clusters=None,
    resamples=1000,
    seed=12345,
    baseline=30.25,
    candidate=33.5,
    lower=1.5,
    upper=5.125,
    p_value=0.004,
)


def test_it_is_said_in_words() -> None:
    section = ResampledSection(test_sets=(ROW,)).with_sentences(ARMS)
    assert section.status == "pass"
    assert section.sentences == (
        "news: bleu is 33.50 for tuned and 30.25 for base, a difference of +3.25; in 95% of 1,000 "
        "resamples of the items it lies in [+1.50, +5.12] (p as sacrebleu has it: 0.004; seed "
        "12345).",
    )


def test_clusters_are_said_to_be_drawn() -> None:
    section = ResampledSection(test_sets=(ROW.model_copy(update={"clusters": 40}),))
    assert "1,000 resamples of the clusters" in section.with_sentences(ARMS).sentences[0]


def test_invalid_evidence_leaves_nothing_of_it() -> None:
    assert ResampledSection(test_sets=(ROW,)).without_results() is None


@pytest.mark.parametrize(
    ("changes", "field"), [({"p_value": 0.0001}, "p_value"), ({"lower": 6.0}, "lower")]
)
def test_a_figure_that_no_bootstrap_gives_is_found(changes: dict[str, float], field: str) -> None:
    record = deepcopy(SHIPPED)
    arms = validate(Arms, record["arms"])
    for row, expected in ((ROW, []), (ROW.model_copy(update=changes), [field])):
        section = ResampledSection(test_sets=(row,)).with_sentences(arms)
        record["resampled"] = section.model_dump(mode="json")
        differences = [each.field for each in verify(record).differences]
        assert differences == [f"resampled.test_sets[0].{name}" for name in expected]
