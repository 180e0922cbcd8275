"""Agreement, pace and gold of a queue, against values that are computed by hand."""

import pytest

from reviews.examples.quality import (
    AnnotationRow,
    action_agreement,
    annotator_quality,
    label_agreement,
)

RUI, RUTH = 1, 2


def a_row(example: int, annotator: int, action: str, **fields: object) -> AnnotationRow:
    values = {
        "purpose": "main",
        "answer": "",
        "seconds": 30.0,
        "visible_seconds": None,
        "length": 60,
    }
    return AnnotationRow(example, annotator, action=action, **(values | fields))  # type: ignore[arg-type]


PAIRS = [("accept", "accept"), ("accept", "edit"), ("edit", "edit"), ("reject", "reject")]


def rows_of(pairs: list[tuple[str, str]]) -> list[AnnotationRow]:
    return [
        a_row(example, annotator, action)
        for example, pair in enumerate(pairs)
        for annotator, action in zip((RUI, RUTH), pair, strict=True)
    ]


def test_agreement_on_the_action_is_that_computed_by_hand() -> None:
    """Of four examples both did the same on three: .75, with Clopper and Pearson's limits for 3 of
    4, .1941 and .9937.

    Cohen: Rui has shares (.5, .25, .25) of accept, edit, reject, Ruth (.25, .5, .25), so chance is
    .125 + .125 + .0625 = .3125, and kappa (.75 − .3125) / (1 − .3125) = .636.
    Krippendorff: of 8 values 3 accept, 3 edit, 2 reject; 2 of 8 lie in a pair that differs, which
    is .25, and chance has 1 − (6 + 6 + 2) / 56 = .75, so alpha is 1 − .25 / .75 = .667.
    """
    agreed = action_agreement(rows_of(PAIRS))
    assert agreed is not None
    assert agreed.examples == 4
    assert agreed.same.value == 0.75
    assert agreed.same.lower == pytest.approx(0.1941, abs=1e-4)
    assert agreed.same.upper == pytest.approx(0.9937, abs=1e-4)
    [kappa] = agreed.kappas
    assert (kappa.raters, kappa.units) == ((RUI, RUTH), 4)
    assert kappa.value == pytest.approx(0.4375 / 0.6875)
    alpha = agreed.agreement.krippendorff_alpha
    assert alpha.value == pytest.approx(2 / 3)


def test_alpha_has_an_interval_once_there_are_more_examples() -> None:
    agreed = action_agreement(rows_of(PAIRS * 10))
    assert agreed is not None
    alpha = agreed.agreement.krippendorff_alpha
    assert alpha.value is not None
    assert alpha.lower is not None
    assert alpha.upper is not None
    assert alpha.lower < alpha.value < alpha.upper


def test_only_examples_with_two_answers_count() -> None:
    assert action_agreement([a_row(1, RUI, "accept"), a_row(2, RUTH, "accept")]) is None
    gold = [a_row(3, annotator, "accept", purpose="gold") for annotator in (RUI, RUTH)]
    assert action_agreement(gold) is None
    both = action_agreement([*rows_of([("accept", "accept")]), a_row(9, RUI, "edit"), *gold])
    assert both is not None
    assert both.examples == 1


def test_agreement_on_labels_is_of_what_is_left() -> None:
    """One accepts the label that the other sets by an edit: another action, the same label."""
    labels = ["refund", "delivery"]
    rows = [
        a_row(1, RUI, "accept", answer="refund"),
        a_row(1, RUTH, "edit", answer="refund"),
        a_row(2, RUI, "accept", answer="delivery"),
        a_row(2, RUTH, "reject"),
    ]
    on_labels, on_actions = label_agreement(rows, labels), action_agreement(rows)
    assert on_labels is not None
    assert on_actions is not None
    assert (on_labels.same.value, on_actions.same.value) == (0.5, 0.0)


def test_an_answer_before_the_example_could_be_read_is_too_fast() -> None:
    """600 characters take 10 seconds at 60 characters a second; the time in view counts where the
    browser told it, but never more than the server's."""
    assert a_row(1, RUI, "accept", length=600, seconds=9.9).too_fast
    assert not a_row(1, RUI, "accept", length=600, seconds=10.1).too_fast
    assert a_row(1, RUI, "accept", length=600, seconds=99.0, visible_seconds=5.0).too_fast
    assert a_row(1, RUI, "accept", length=600, seconds=5.0, visible_seconds=99.0).too_fast


def test_each_persons_pace_edits_and_gold() -> None:
    rows = [
        a_row(1, RUI, "accept", seconds=0.5),
        a_row(2, RUI, "edit", seconds=20.0),
        a_row(3, RUI, "reject", seconds=40.0),
        # the proposal is wrong and no certain answer is right: to accept it is to miss it
        a_row(4, RUI, "accept", answer="Wrong.", purpose="gold"),
        a_row(5, RUI, "reject", purpose="gold"),
        # the right answer is known: any other is a miss
        a_row(6, RUI, "edit", answer="Right.", purpose="gold", expected="Right."),
        a_row(7, RUI, "reject", purpose="gold", expected="Right."),
    ]
    [person] = annotator_quality(rows)
    assert (person.answers, person.seconds, person.pace.fast) == (7, 30.0, 1)
    assert person.edited.value == pytest.approx(1 / 3)
    assert person.rejected.value == pytest.approx(1 / 3)
    assert (person.gold, person.gold_right.value) == (4, 0.5)
