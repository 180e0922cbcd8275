"""Two move versions at the same moment: one comes second, and is told of the first."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from evalhub.accounts.models import User
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.models import Decision, Promotion, StageMove
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(
    acts: Sequence[Callable[[], Any]], refusal: type[Exception] = StageError
) -> tuple[list[Any], list[str]]:
    """What came of acts on as many threads, begun together: results, and refusals in words."""
    begin, done, refused = Barrier(len(acts)), [], []

    def work(act: Callable[[], Any]) -> None:
        try:
            begin.wait(timeout=30)
            done.append(act())
        except refusal as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [Thread(target=work, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, refused


def one_champion(team: Team) -> Promotion:
    """That the newest promotion, the stages and the history say the same, and each only once."""
    promotion = Promotion.objects.current(team.project)
    assert promotion is not None
    champions = ModelVersion.objects.filter(stage="champion")
    assert [(each.pk, each.champion_of) for each in champions] == [
        (promotion.version_id, team.project)
    ]
    for version in ModelVersion.objects.all():
        moves = [(each.was, each.stage) for each in version.moves.order_by("id")]
        stages = ["candidate", *(stage for _, stage in moves)]
        assert [was for was, _ in moves] == stages[:-1]
        assert stages[-1] == version.stage
    return promotion


@pytest.fixture
def shipped(team: Team) -> list[Decision]:
    """Two decisions that ship, each on a candidate of its own, against the same version."""
    base = a_version(team, "base")
    return [
        decided(team, base, a_version(team, name, parent=base), slug=f"{name}-wins")
        for name in ("left", "right")
    ]


def test_of_two_promotions_one_is_refused_and_told_of_the_other(
    team: Team, shipped: list[Decision]
) -> None:
    people = [team.eva, team.olga]

    def promoted(decision: Decision, by: User) -> Callable[[], Promotion]:
        return lambda: promote(decision=decision, by=by, reason="Better.")

    made, refused = at_once([promoted(*each) for each in zip(shipped, people, strict=True)])
    assert len(made) == len(refused) == 1
    first = one_champion(team)
    assert first == made[0]
    assert f"the champion is {first.version} since" in refused[0]
    assert f"by {first.by}" in refused[0]
    moved = StageMove.objects.order_by("pk").values_list("version__model__slug", "stage")
    before = [("base", "champion"), ("base", "retired")]
    assert list(moved) == [*before, (first.version.model.slug, "champion")]


def test_of_two_rollbacks_one_is_done_and_none_goes_too_far(
    team: Team, shipped: list[Decision]
) -> None:
    promote(decision=shipped[0], by=team.olga, reason="It runs.", arm="baseline")
    promote(decision=shipped[0], by=team.olga, reason="Better.")
    left = ModelVersion.objects.get(model__slug="left")
    again = ModelVersion.objects.get(pk=left.pk)
    made, refused = at_once(
        [
            lambda: roll_back(version=left, by=team.eva, reason="It is down."),
            lambda: roll_back(version=again, by=team.olga, reason="Too slow."),
        ]
    )
    assert len(made) == len(refused) == 1
    assert str(one_champion(team).version) == "base v1"
    assert f"left v1 was rolled back already, by {made[0].by}" in refused[0]


def test_the_same_promotion_at_once_is_one(team: Team, shipped: list[Decision]) -> None:
    def promoted() -> Promotion:
        return promote(decision=shipped[0], by=team.eva, reason="Better.")

    made, refused = at_once([promoted, promoted, promoted])
    assert refused == []
    assert {each.pk for each in made} == {one_champion(team).pk}
    assert StageMove.objects.count() == 3, "the baseline came and went with it"
