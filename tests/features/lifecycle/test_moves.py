"""A version moves by a promotion, a rollback, an override or a word, and its history says so."""

import pytest
from django.db import IntegrityError, connection, transaction

from evalhub.accounts.models import LogEntry
from evalhub.features.lifecycle.moves import StageError, put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import StaleDecisionError, override_champion, promote
from evalhub.features.lifecycle.rollback import former_champions, roll_back
from evalhub.ledger.models import Decision, Promotion, StageMove
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_team, a_version
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(team: Team) -> ModelVersion:
    return a_version(team, "base")


@pytest.fixture
def line(team: Team, base: ModelVersion) -> list[Decision]:
    """base v1 is champion; tuned v1 beats it, and newer v1 that. Both are promoted."""
    tuned = a_version(team, "tuned", parent=base)
    newer = a_version(team, "newer", parent=tuned)
    first = decided(team, base, tuned, slug="first")
    second = decided(team, tuned, newer, slug="second")
    promote(decision=first, by=team.olga, reason="It runs.", arm="baseline")
    promote(decision=first, by=team.eva, reason="Better.")
    promote(decision=second, by=team.eva, reason="Better still.")
    return [first, second]


def champion(team: Team) -> str:
    """By the newest promotion and by the versions' stages, which say the same."""
    promotion = Promotion.objects.current(team.project)
    assert promotion is not None
    (version,) = ModelVersion.objects.filter(model__project=team.project, stage="champion")
    assert (version, version.champion_of) == (promotion.version, team.project)
    return str(version)


def named(name: str) -> ModelVersion:
    model, number = name.split(" v")
    return ModelVersion.objects.get(model__slug=model, number=number)


def told(*models: str) -> list[str]:
    moves = StageMove.objects.filter(version__model__slug__in=models).newest_first()
    return [f"{each} by {each.by}: {each.reason}" for each in moves]


def test_a_promotion_makes_one_champion_and_retires_the_one_before(
    team: Team, line: list[Decision]
) -> None:
    assert champion(team) == "newer v1"
    assert {each: named(each).stage for each in ("base v1", "tuned v1")} == {
        "base v1": "retired",
        "tuned v1": "retired",
    }
    assert told("tuned", "newer") == [
        "newer v1 became the champion by eva: Better still.",
        "tuned v1 made way for newer v1 by eva: Better still.",
        "tuned v1 became the champion by eva: Better.",
    ]
    assert told("base") == [
        "base v1 made way for tuned v1 by eva: Better.",
        "base v1 became the champion by olga: It runs.",
    ]
    grounds = StageMove.objects.filter(version__model__slug__in=["tuned", "newer"]).newest_first()
    assert [each.decision for each in grounds] == [line[1], line[1], line[0]]


@pytest.mark.usefixtures("line")
def test_a_rollback_goes_back_one_and_then_one_more(team: Team) -> None:
    first = roll_back(version=named("newer v1"), by=team.eva, reason=" Too slow. ")
    assert champion(team) == "tuned v1"
    assert named("newer v1").stage == "retired"
    assert (first.how, first.reason, str(first.before and first.before.version)) == (
        "rolled-back",
        "Too slow.",
        "newer v1",
    )
    second = roll_back(version=named("tuned v1"), by=team.olga, reason="This one as well.")
    assert champion(team) == "base v1", "and not forth again to newer v1"
    with pytest.raises(StageError, match="base v1 is the first champion of support-desk"):
        roll_back(version=named("base v1"), by=team.olga, reason="And this.")
    assert told("tuned", "newer")[:3] == [
        "tuned v1 was rolled back to base v1 by olga: This one as well.",
        "tuned v1 became the champion again, by a rollback by eva: Too slow.",
        "newer v1 was rolled back to tuned v1 by eva: Too slow.",
    ]
    assert second.restores == Promotion.objects.order_by("pk")[0]


def test_a_rollback_rests_on_what_had_made_the_older_one_champion(
    team: Team, line: list[Decision]
) -> None:
    back = roll_back(version=named("newer v1"), by=team.eva, reason="Too slow.")
    assert back.decision == line[0]
    move = named("tuned v1").moves.newest_first()[0]
    assert (move.decision, move.promotion, move.was, move.stage) == (
        line[0],
        back,
        "retired",
        "champion",
    )
    entry = LogEntry.objects.get(action="rolled-back")
    assert (entry.by, str(entry)) == (
        team.eva,
        f"rolled back newer v1 to tuned v1, which had decision {line[0].pk}",
    )


@pytest.mark.usefixtures("line")
def test_the_same_rollback_again_is_the_one_that_is_there_and_another_one_is_told_so(
    team: Team,
) -> None:
    """However late the answer comes, and whoever else had the same thought."""
    once = roll_back(version=named("newer v1"), by=team.eva, reason="Too slow.")
    assert roll_back(version=named("newer v1"), by=team.eva, reason="Too slow.") == once
    tuned, version = named("tuned v1"), named("newer v1")
    assert roll_back(version=version, by=team.eva, reason="Too slow.", to=tuned) == once
    with pytest.raises(StageError, match=r"newer v1 was rolled back already, by eva: tuned v1 is"):
        roll_back(version=named("newer v1"), by=team.olga, reason="It is down.")
    with pytest.raises(StageError, match=r"base v1 isn't the champion of support-desk: tuned v1"):
        roll_back(version=named("base v1"), by=team.olga, reason="It is down.")
    assert Promotion.objects.count() == 4


@pytest.mark.usefixtures("line")
def test_one_goes_back_to_any_that_was_champion_and_forth_again_by_its_name(team: Team) -> None:
    newest = Promotion.objects.current(team.project)
    assert newest is not None
    assert list(map(str, former_champions(newest))) == ["tuned v1", "base v1"]
    roll_back(version=named("newer v1"), by=team.eva, reason="Down.", to=named("base v1"))
    assert champion(team) == "base v1"
    forth = roll_back(
        version=named("base v1"), by=team.eva, reason="It was the proxy.", to=named("newer v1")
    )
    assert champion(team) == "newer v1"
    assert forth.goes_back_to == Promotion.objects.order_by("pk")[1]


@pytest.mark.usefixtures("line")
def test_what_was_never_champion_is_nothing_to_go_back_to(team: Team) -> None:
    other = a_version(team, "other")
    elsewhere = a_version(a_team("Elsewhere", "elsewhere"), "base")
    for to in (other, elsewhere):
        with pytest.raises(
            StageError, match=rf"{to} was never the champion .* \(.* tuned v1, base v1\)"
        ):
            roll_back(version=named("newer v1"), by=team.eva, reason="Down.", to=to)
    with pytest.raises(StageError, match="elsewhere has no champion yet"):
        roll_back(version=elsewhere, by=team.olga, reason="Down.")
    assert champion(team) == "newer v1"


def test_what_was_rolled_back_is_not_promoted_again_by_oversight(
    team: Team, line: list[Decision]
) -> None:
    """Its decision ships and judged against what is champion again; a person brings it back."""
    tried = named("newer v1")
    roll_back(version=tried, by=team.eva, reason="Too slow.")
    with pytest.raises(
        StageError, match=r"newer v1 is retired since .* rolled back to tuned v1 \(Too slow\.\)"
    ):
        promote(decision=line[1], by=team.eva, reason="Better still.")
    reopen(version=tried, by=team.eva, reason="The proxy was slow.")
    assert tried.stage == "candidate"
    assert changes_since(line[1]) == []
    promote(decision=line[1], by=team.eva, reason="Once more.")
    assert champion(team) == "newer v1"
    assert told("tuned", "newer")[2] == (
        "newer v1 was brought back as a candidate, by an override by eva: The proxy was slow."
    )


def test_of_two_that_beat_the_same_champion_the_second_is_told_of_the_first(
    team: Team, base: ModelVersion
) -> None:
    first = decided(team, base, a_version(team, "left", parent=base), slug="left-wins")
    second = decided(team, base, a_version(team, "right", parent=base), slug="right-wins")
    promote(decision=first, by=team.eva, reason="Better.")
    with pytest.raises(StaleDecisionError, match=r"the champion is left v1 since .*, by eva:"):
        promote(decision=second, by=team.olga, reason="Better.")
    assert champion(team) == "left v1"


@pytest.mark.usefixtures("line")
def test_an_owner_may_override_and_it_is_said(team: Team) -> None:
    other = a_version(team, "other")
    made = override_champion(version=other, by=team.olga, reason="The law asks for it.")
    assert champion(team) == "other v1"
    assert (made.how, made.decision, made.ground) == (
        "overridden",
        None,
        "an override, no decision",
    )
    assert told("other") == [
        "other v1 became the champion, by an override by olga: The law asks for it."
    ]
    assert str(LogEntry.objects.get(action="champion-overridden")) == (
        "made a version the champion, by no decision: other v1 by an override, no decision"
    )
    again = override_champion(version=other, by=team.olga, reason="The law asks for it.")
    assert again == made
    with pytest.raises(StageError, match=r"other v1 is the champion already: since .*override"):
        override_champion(version=other, by=team.olga, reason="And I like it.")


@pytest.mark.usefixtures("line")
def test_one_goes_back_from_an_override_and_to_one(team: Team) -> None:
    other = a_version(team, "other")
    override_champion(version=other, by=team.olga, reason="Law.")
    roll_back(version=other, by=team.eva, reason="The law changed.")
    assert champion(team) == "newer v1"
    back = roll_back(version=named("newer v1"), by=team.eva, reason="Again.", to=other)
    assert (champion(team), back.how, back.is_override) == ("other v1", "rolled-back", True)


def test_a_candidate_is_given_up_and_brought_back(team: Team, base: ModelVersion) -> None:
    move = retire(version=base, by=team.eva, reason="Its licence ends.")
    assert (base.stage, str(move)) == ("retired", "base v1 was retired")
    assert retire(version=base, by=team.olga, reason="Once more.") == move
    with pytest.raises(StageError, match=r"base v1 is retired since .*Its licence ends\."):
        override_champion(version=base, by=team.olga, reason="Law.")
    back = reopen(version=base, by=team.olga, reason="It goes on.")
    assert (base.stage, back.is_override) == ("candidate", True)
    assert reopen(version=base, by=team.olga, reason="It goes on.") == back
    entries = LogEntry.objects.filter(action__in=["retired", "reopened"]).order_by("pk")
    assert [str(each) for each in entries] == [
        "retired base v1",
        "brought back as a candidate: base v1",
    ]


def test_a_version_in_shadow_is_promoted_as_a_candidate_is(team: Team, base: ModelVersion) -> None:
    tuned = a_version(team, "tuned", parent=base)
    shipped = decided(team, base, tuned, slug="first")
    move = put_in_shadow(version=tuned, by=team.eva, reason="A tenth is mirrored.")
    assert (str(move), move.is_override) == ("tuned v1 was put in shadow", False)
    assert put_in_shadow(version=tuned, by=team.olga, reason="Once more.") == move
    promote(decision=shipped, by=team.eva, reason="Better.")
    assert champion(team) == "tuned v1"
    assert not StageMove.objects.in_shadow(team.project)
    assert told("tuned")[0] == "tuned v1 became the champion by eva: Better."
    assert str(LogEntry.objects.get(action="shadowed")) == "put in shadow: tuned v1"


def test_a_version_leaves_the_shadow_by_an_override_and_by_being_given_up(team: Team) -> None:
    for name in ("law", "gone"):
        put_in_shadow(version=a_version(team, name), by=team.eva, reason="Mirrored.")
    assert [str(each.version) for each in StageMove.objects.in_shadow(team.project)] == [
        "gone v1",
        "law v1",
    ]
    override_champion(version=named("law v1"), by=team.olga, reason="The law asks for it.")
    retire(version=named("gone v1"), by=team.eva, reason="It lost.")
    assert not StageMove.objects.in_shadow(team.project)


def test_a_draft_moves_nowhere(team: Team, base: ModelVersion) -> None:
    ModelVersion.objects.filter(pk=base.pk).update(draft_until="2126-01-01T00:00Z", number=0)
    for verb, by in (
        (retire, team.eva),
        (put_in_shadow, team.eva),
        (roll_back, team.eva),
        (override_champion, team.olga),
    ):
        with pytest.raises(StageError, match="base has a draft here"):
            verb(version=base, by=by, reason="Why not.")


@pytest.mark.usefixtures("line")
def test_the_database_keeps_the_history_and_one_champion(team: Team) -> None:
    other = a_version(team, "other")
    for statement in (
        "UPDATE ledger_stagemove SET reason = 'No.'",
        "DELETE FROM ledger_stagemove",
        f"UPDATE registry_modelversion SET stage = 'champion' WHERE id = {other.pk}",
        "UPDATE registry_modelversion SET stage = 'champion', champion_of_id = "
        f"{team.project.pk} WHERE id = {other.pk}",
        "UPDATE registry_modelversion SET stage = 'retired' WHERE stage = 'champion'",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert champion(team) == "newer v1"


def test_a_study_that_asks_for_the_champion_is_current_again_after_a_rollback(
    team: Team, base: ModelVersion
) -> None:
    tuned, other = (a_version(team, name, parent=base) for name in ("tuned", "other"))
    first = decided(team, base, tuned, slug="first")
    promote(decision=first, by=team.olga, reason="It runs.", arm="baseline")
    asking = decided(team, base, other, slug="asking")
    asking.study.policy = asking.study.policy.model_copy(update={"promoted": True})
    asking.study.save()
    others = [each.sentence for each in changes_since(asking)]
    promote(decision=first, by=team.olga, reason="Better.")
    said = "The project's champion is tuned v1, and this judged against base v1"
    assert [each.sentence for each in changes_since(asking)] == [*others, said]
    roll_back(version=tuned, by=team.olga, reason="Too slow.")
    assert [each.sentence for each in changes_since(asking)] == others
