"""Whether a fine-tune beats the best arm that isn't one: the answer follows from the criteria."""

import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.decision.sections.baseline_choice import Answer, ChoiceSection, answer
from evalhub.declare.declaration import validate
from tests.decision.recorded import HELD, SHIPPED


def fields(record: DecisionRecord, said: Answer | None) -> list[str]:
    choice = ChoiceSection.model_construct(answer=said)
    changed = {"baseline_choice": choice, "policy": {"planned_gain": 0.02}}
    return [each.field for each in ChoiceSection.check(record.model_copy(update=changed), "")]


@pytest.mark.parametrize("written", [SHIPPED, HELD])
def test_another_answer_than_the_criteria_give_is_found(written: dict[str, object]) -> None:
    record = validate(DecisionRecord, written)
    due = answer(record.criteria, planned_gain=0.02, primaries=record.rule.primaries)
    other: Answer = "don't-fine-tune" if due == "fine-tune" else "fine-tune"
    assert fields(record, due) == []
    assert fields(record, other) == ["baseline_choice.answer"]
    assert fields(record, None) == [], "invalid evidence has no answer"
