"""What bears on no verdict is folded away, and nothing else is."""

from collections.abc import Sequence

import pytest

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.report.decision_page import decision_page
from evalhub.report.folding import fold
from evalhub.report.markdown import markdown
from evalhub.report.skills import skills_of
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import a_record

SHOWN, KEPT, OPEN, LOST = (0.1, 0.2), (-0.01, 0.01), (-0.05, 0.05), (-0.2, -0.1)
FORM = [
    a_guard(*(OPEN if kind == "json" else KEPT), name=f"triage-{kind}", tier="supporting")
    for kind in ("refusal", "empty", "longer", "json")
]


def recorded(*criteria: Criterion) -> DecisionRecord:
    return validate(DecisionRecord, a_record(list(criteria)))


def names(criteria: Sequence[Criterion]) -> list[str]:
    return [each.name for each in criteria]


def test_supporting_guards_that_do_not_fail_are_folded_with_their_reasons() -> None:
    record = recorded(a_criterion(*SHOWN), a_guard(*KEPT), *FORM)
    assert record.verdict == "ship"
    found = fold(record)
    assert found.names == {each.name for each in FORM}
    assert found.sentence == "4 supporting criteria don’t fail: 3 hold, 1 open"
    assert [said.split()[1] for said in found.reasons] == ["triage", "sorting"]
    assert len(found.folded_reasons) == 4
    page = decision_page(record)
    assert [row.values.name for row in page.deciding] == ["triage", "sorting"]
    assert [row.number for row in page.others] == [3, 4, 5, 6], "as their pages are numbered"


def test_of_a_hold_what_fails_stays_in_sight_and_guards_that_hold_do_not() -> None:
    bad = a_guard(*LOST, name="triage-language", tier="supporting", p_harm=0.001)
    record = recorded(a_criterion(*SHOWN), a_guard(*KEPT), *FORM, bad)
    assert record.verdict == "hold"
    found = fold(record)
    assert found.names == {"sorting", *(each.name for each in FORM)}
    assert found.sentence == "5 other criteria don’t fail: 4 hold, 1 open"
    assert [said.split()[1] for said in found.reasons] == ["triage-language", "triage"]


def test_a_critical_guard_in_doubt_stays_in_sight() -> None:
    record = recorded(a_criterion(*SHOWN), a_guard(*OPEN), *FORM)
    assert record.verdict == "need-more-data"
    assert "sorting" not in fold(record).names


@pytest.mark.parametrize("number", [0, 3])
def test_a_few_are_shown_like_all(number: int) -> None:
    record = recorded(a_criterion(*SHOWN), *FORM[:number])
    found = fold(record)
    assert (found.names, found.sentence, found.folded_reasons) == ((), "", ())
    assert found.reasons == record.reasons
    assert "<details>" not in markdown(record)


def test_a_name_that_begins_as_another_is_not_taken_for_it() -> None:
    guards = [each.model_copy(update={"name": f"triage {n}"}) for n, each in enumerate(FORM)]
    found = fold(recorded(a_criterion(*SHOWN), *guards))
    assert found.names == {each.name for each in guards}
    assert [said.partition(" +")[0] for said in found.reasons] == ["✓ triage"]


def test_markdown_has_them_in_a_fold_of_its_own_and_skills_below() -> None:
    skills = [a_guard(*KEPT, name="general-sorting"), a_guard(*LOST, name="general-formats")]
    record = recorded(a_criterion(*SHOWN), *skills, *FORM)
    text = markdown(record, skills=skills_of(record, names(skills)))
    before, _, rest = text.partition("<details><summary>5 other criteria don’t fail")
    assert "general-formats" in before
    assert "triage-refusal" not in before
    inside = rest.partition("</details>")[0]
    assert inside.count("| triage-") == 4
    assert inside.count("- ✓ triage-") == 3
    assert "**General capability:** 1 of 2 skills are kept. Lost: formats." in text
    assert "| ✗ | formats | lost | 0.5 | 0.35 | 100 | 100 |" in text
    assert text.count("<details>") == text.count("</details>") == 2
