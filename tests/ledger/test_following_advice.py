"""What a decision advises, done: so many items are added, and the study is decided again."""

import re

import pytest

from evalhub.decision.verify import verify
from evalhub.ledger.models import Decision
from evalhub.registry.models import TestSetVersion
from tests.cast import Team, a_test_set
from tests.ledger.test_added_items import Desk, decided

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


def in_clusters(items: int, size: int) -> list[dict[str, str]]:
    """Whole conversations of so many items, so that those which are added are new ones."""
    return [{"cluster": f"conversation {i // size}"} for i in range(items)]


def advised(decision: Decision, name: str) -> int:
    """The record's number, which its sentence tells as so many more."""
    (row,) = (each for each in decision.document.criteria if each.name == name)
    assert row.needed_n is not None, row.needed_why
    more = re.search(r"([\d,]+) more items?", row.needed_why)
    assert more
    assert row.n + int(more[1].replace(",", "")) == row.needed_n
    assert row.needed_why in row.sentence
    return row.needed_n


def test_the_advised_items_settle_a_primary_that_gains_what_was_planned(desk: Desk) -> None:
    """4 won and 1 lost of 100 asks for more; of as many as are advised 5.5% are won, 1% lost."""
    small = desk.questions(100)
    desk.answered(small, won=range(4), lost=range(4, 5))
    first = decided(desk.study(small))
    assert first.verdict == "need-more-data"
    n = advised(first, "questions")
    assert first.record["needed_n"] == n
    assert first.document.criteria[0].needed_why.endswith("with 80% power, if it really gains 0.05")
    large, new = desk.questions(n), range(100, n)
    desk.answered(large, won=[*range(4), *new[::18]], lost=[4, *new[1::200]])
    second = decided(desk.study(large, slug="extended"))
    assert second.verdict == "ship"
    assert second.document.criteria[0].n == n
    assert verify(second.record).differences == []


def test_following_the_advice_of_clusters_again_and_again_is_never_invalid(desk: Desk) -> None:
    """Nothing gains, so every look asks for more, until nothing can be promised any more."""
    n, verdicts = 60, []
    for look in range(3):
        questions = desk.questions(in_clusters(n, 4))
        desk.answered(questions, won=range(0, n, 16), lost=range(9, n, 16))
        study = desk.study(questions, slug=f"look-{look}", policy={"planned_gain": 0.15})
        decision = decided(study)
        verdicts.append(decision.verdict)
        (row,) = decision.record["ledger"]["test_sets"]
        assert row["looks"] == list(range(1, look + 2))
        if decision.record["needed_n"] is None:
            assert "no number of items can settle this" in decision.document.criteria[0].needed_why
            break
        assert "new clusters" in decision.document.criteria[0].needed_why
        n = -(-advised(decision, "questions") // 4) * 4  # whole conversations
    assert set(verdicts) == {"need-more-data"}
    assert len(verdicts) > 1


def test_a_guard_is_settled_by_the_items_it_asks_for_while_the_primary_stays(desk: Desk) -> None:
    primary = a_test_set(desk.team, "fresh", items=200)
    desk.answered(primary, won=range(40), lost=[])

    def guarded(items: int) -> TestSetVersion:
        questions = desk.questions(items)
        desk.answered(questions, won=range(0, items, 40), lost=range(20, items, 40))
        return questions

    def decided_on(items: int, slug: str) -> Decision:
        study = desk.study(primary, slug=slug, guards=[guarded(items)])
        study.test_sets.filter(name="questions").update(margin=0.06)
        return decided(study)

    first = decided_on(60, "study")
    assert first.verdict == "need-more-data"
    assert "if nothing is really lost" in first.document.criteria[1].needed_why
    n = advised(first, "questions")
    second = decided_on(n, "extended")
    assert second.verdict == "ship"
    before, after = (each.document.criteria[0] for each in (first, second))
    assert (after.lower, after.alpha) == (before.lower, before.alpha)
