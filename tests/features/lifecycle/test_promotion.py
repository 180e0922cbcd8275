"""The project's champion changes by a promotion alone, and by a decision that stands."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import LogEntry
from evalhub.cli.app import run
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import PromotionError, StaleDecisionError, promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.ledger.champion_standing import standing_of
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, Promotion
from evalhub.ledger.signoff import sign_off
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import ModelVersion, StudyArm
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.site.test_evidence import read
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]


def decided(
    team: Team, baseline: ModelVersion, candidate: ModelVersion, *, gain: int = 25, slug: str
) -> Decision:
    """A decision on a gain of so many of 60 fresh items, by a study of its own."""
    questions = a_test_set(team, f"{slug}-items", items=60)
    a_run(baseline, questions, scores=[1.0] * 20 + [0.0] * 40)
    right = 20 + gain
    a_run(candidate, questions, scores=[1.0] * right + [0.0] * (60 - right))
    study = a_study(team, baseline=baseline, candidate=candidate, primary=questions, slug=slug)
    return decide_study(study=study)[0]


@pytest.fixture
def base(team: Team) -> ModelVersion:
    return a_version(team, "base")


@pytest.fixture
def tuned(team: Team, base: ModelVersion) -> ModelVersion:
    return a_version(team, "tuned", parent=base)


@pytest.fixture
def shipped(team: Team, base: ModelVersion, tuned: ModelVersion) -> Decision:
    return decided(team, base, tuned, slug="first")


def test_what_ships_becomes_the_baseline_and_the_log_says_by_whom(
    team: Team, shipped: Decision, tuned: ModelVersion
) -> None:
    made = promote(decision=shipped, by=team.eva, reason=" It has run for a week. ")
    assert (made.version, made.decision, made.by) == (tuned, shipped, team.eva)
    assert made.reason == "It has run for a week."
    assert Promotion.objects.current(team.project) == made
    entries = LogEntry.objects.filter(action="promoted").order_by("pk")
    assert [(each.by, each.project, each.what) for each in entries] == [
        (team.eva, team.project, f"{version} by decision {shipped.pk}")
        for version in ("base v1", "tuned v1")
    ]


def test_a_first_ship_can_be_rolled_back_to_what_ran_before(
    team: Team, shipped: Decision, base: ModelVersion, tuned: ModelVersion, capsys: Capture
) -> None:
    """The baseline becomes the first champion with it, and the command says so."""
    run(["promote", str(shipped.pk), "--by", "eva", "--reason", "It has run for a week."])
    said = capsys.readouterr().out
    assert "tuned v1 is the champion of support-desk, in place of base v1" in said
    first, second = Promotion.objects.order_by("pk")
    assert (first.version, first.decision, first.before) == (base, shipped, None)
    assert (second.version, second.before) == (tuned, first)
    base.refresh_from_db()
    assert base.stage == "retired"
    back = roll_back(version=tuned, by=team.eva, reason="It is down.")
    assert (back.version, back.restores, back.decision) == (base, first, shipped)
    base.refresh_from_db()
    assert base.stage == "champion"


def test_a_first_promotion_that_fails_leaves_no_champion(
    team: Team, shipped: Decision, tuned: ModelVersion
) -> None:
    ModelVersion.objects.filter(pk=tuned.pk).update(stage="retired")
    with pytest.raises(StageError, match="is retired"):
        promote(decision=shipped, by=team.eva, reason="Yes.")
    assert not Promotion.objects.exists()


def test_the_same_again_is_the_promotion_that_is_there(team: Team, shipped: Decision) -> None:
    made = promote(decision=shipped, by=team.eva, reason="Yes.")
    assert promote(decision=shipped, by=team.eva, reason="Yes.") == made
    with pytest.raises(PromotionError, match="tuned v1 is the champion already: since"):
        promote(decision=shipped, by=team.olga, reason="Me too.")
    assert Promotion.objects.count() == 2


def test_only_what_beat_the_baseline_takes_its_place(
    team: Team, base: ModelVersion, tuned: ModelVersion, shipped: Decision
) -> None:
    """Else what beat something weaker slips in, and the baseline drifts down."""
    other = a_version(team, "other", parent=base)
    weaker = decided(team, base, other, gain=20, slug="second")
    first = promote(decision=shipped, by=team.eva, reason="Yes.")
    with pytest.raises(StaleDecisionError, match=r"against base v1, and the champion is tuned v1"):
        promote(decision=weaker, by=team.eva, reason="Yes.")
    better = decided(team, tuned, other, slug="third")
    second = promote(decision=better, by=team.eva, reason="Better still.")
    assert (second.version, second.before) == (other, first)


def test_a_hold_becomes_the_baseline_only_where_somebody_answers_for_it(
    team: Team, base: ModelVersion, tuned: ModelVersion
) -> None:
    held = decided(team, base, tuned, gain=-18, slug="held")
    assert held.verdict == "hold"
    with pytest.raises(PromotionError, match=r"is no ship \(hold\)"):
        promote(decision=held, by=team.eva, reason="Yes.")
    sign_off(decision=held, by=team.olga, verdict="ship", reason="The old one costs too much.")
    assert promote(decision=held, by=team.eva, reason="Olga says so.").version == tuned


def test_a_ship_that_was_overridden_is_none(team: Team, shipped: Decision) -> None:
    sign_off(decision=shipped, by=team.olga, verdict="hold", reason="Legal.")
    with pytest.raises(PromotionError, match=r"is no ship \(hold\)"):
        promote(decision=shipped, by=team.eva, reason="Yes.")


def test_an_unregistered_ship_has_to_be_signed_first(
    team: Team, base: ModelVersion, tuned: ModelVersion
) -> None:
    questions = a_test_set(team, items=60)
    a_run(base, questions, scores=[0.0] * 60)
    a_run(tuned, questions, scores=[1.0] * 30 + [0.0] * 30)
    off = {"ledger": "off"}
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, policy=off)
    decision = decide_study(study=study)[0]
    assert decision.verdict == "ship"
    with pytest.raises(PromotionError, match="unregistered"):
        promote(decision=decision, by=team.eva, reason="Yes.")
    sign_off(decision=decision, by=team.olga, reason="An experiment, I know.")
    assert promote(decision=decision, by=team.eva, reason="Yes.").version == tuned


def test_a_superseded_decision_promotes_nothing(team: Team, shipped: Decision) -> None:
    copy = Decision.objects.get(pk=shipped.pk)
    copy.pk = None
    copy.save()
    with pytest.raises(StaleDecisionError, match=rf"was followed by decision {copy.pk}"):
        promote(decision=shipped, by=team.eva, reason="Yes.")


def test_a_decision_whose_policy_has_changed_since_promotes_nothing(
    team: Team, shipped: Decision
) -> None:
    shipped.study.test_sets.update(min_gain=0.5)
    with pytest.raises(StaleDecisionError, match=r"first-items must gain more than 0\.5"):
        promote(decision=shipped, by=team.eva, reason="Yes.")


def test_an_arm_that_is_another_version_by_now_is_not_promoted(
    team: Team, shipped: Decision, base: ModelVersion
) -> None:
    later = a_version(team, "tuned", parent=base, training={"rank": 16})
    StudyArm.objects.filter(study=shipped.study, name="tuned").update(version=later)
    with pytest.raises(StaleDecisionError, match="tuned is another version in its study"):
        promote(decision=shipped, by=team.eva, reason="Yes.")


def test_the_first_baseline_is_what_runs_and_no_later_one_gets_in_so(
    team: Team, base: ModelVersion, tuned: ModelVersion, shipped: Decision
) -> None:
    first = promote(decision=shipped, by=team.olga, reason="Runs since May.", arm="baseline")
    assert first.version == base
    assert promote(decision=shipped, by=team.olga, reason="Better.").version == tuned
    with pytest.raises(StageError, match=r"base v1 is retired since .*: it made way for tuned v1"):
        promote(decision=shipped, by=team.olga, reason="Too slow.", arm="baseline")
    beside = decided(team, a_version(team, "weak"), a_version(team, "other"), slug="beside")
    with pytest.raises(PromotionError, match=r"weak v1 isn't the champion, and there is one"):
        promote(decision=beside, by=team.olga, reason="Yes.", arm="baseline")


def test_the_database_keeps_promotions_and_one_after_each(team: Team, shipped: Decision) -> None:
    promote(decision=shipped, by=team.olga, reason="Yes.")
    kept = list(Promotion.objects.values_list("pk", "reason"))
    for statement in (
        "UPDATE ledger_promotion SET reason = 'No.'",
        "DELETE FROM ledger_promotion",
        "INSERT INTO ledger_promotion "
        "(project_id, version_id, decision_id, by_id, reason, before_id) "
        "SELECT project_id, version_id, decision_id, by_id, 'again', NULL FROM ledger_promotion",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert list(Promotion.objects.values_list("pk", "reason")) == kept


def test_pages_say_which_arm_is_the_baseline(
    team: Team, eva: Client, shipped: Decision, tuned: ModelVersion
) -> None:
    address = reverse("site:study", args=[shipped.study_id]) + "?tab=history"
    assert "No version of this project is promoted" in read(eva.get(address).text)
    promote(decision=shipped, by=team.olga, reason="Runs since May.", arm="baseline")
    assert standing_of(shipped).promoted is True
    page = read(eva.get(address).text)
    assert "base v1 is the project’s champion" in page
    assert "Runs since May." in page
    version = eva.get(reverse("site:version", args=[shipped.study.arms.all()[0].version_id]))
    assert "became the champion" in version.text
    promote(decision=shipped, by=team.olga, reason="Better.")
    assert "tuned v1, the candidate here, is the project’s champion" in read(eva.get(address).text)
    assert standing_of(shipped).promoted is False
    other = decided(team, tuned, a_version(team, "other", parent=tuned), slug="next")
    promote(decision=other, by=team.olga, reason="Better still.")
    assert "The project’s champion is another one" in read(eva.get(address).text)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_a_study_may_ask_for_the_promoted_baseline(tmp_path: Path, capsys: Capture) -> None:
    """It is refused where none is, or another one is; and stale once another one is promoted."""
    desk = Desk(tmp_path)
    assert run(["study", "run", str(desk.write())]) == 0
    decision = Decision.objects.get()
    olga = "user", "add", "olga", "--project", "desk", "--role", "owner"
    assert run([*olga]) == 0
    desk.study["promoted"] = True
    capsys.readouterr()
    assert run(["study", "run", str(desk.write())]) == 65
    assert "desk has no champion yet" in capsys.readouterr().err
    said = ["promote", str(decision.pk), "--by", "olga", "--reason", "Runs since May."]
    assert run([*said, "--arm", "baseline", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["before"]) == ("base v1", None)
    assert run(["study", "run", str(desk.write())]) == 0
    asked = Decision.objects.newest_first()[0]
    assert asked.document.policy["promoted"] is True
    assert changes_since(asked) == []
    assert run(["promote", str(asked.pk), *said[2:]]) == 0
    assert "tuned v1 is the champion of desk, in place of base v1" in capsys.readouterr().out
    assert changes_since(asked) == []
    assert run(["study", "run", str(desk.write())]) == 65
    error = capsys.readouterr().err
    assert "field 'baseline': base is base v1, and the champion of desk is tuned v1 since" in error


def test_best_untuned_and_a_promoted_baseline_exclude_each_other(
    tmp_path: Path, capsys: Capture
) -> None:
    desk = Desk(tmp_path)
    desk.study |= {"baseline": "best-untuned", "promoted": True}
    assert run(["study", "run", str(desk.write())]) == 65
    assert "field 'promoted': goes with an arm that is named" in capsys.readouterr().err


def test_another_promoted_baseline_is_told_of_a_study_that_asks_for_it(
    team: Team, base: ModelVersion, tuned: ModelVersion, shipped: Decision
) -> None:
    other = a_version(team, "other", parent=base)
    promote(decision=shipped, by=team.olga, reason="Runs.", arm="baseline")
    asking = decided(team, base, other, slug="asking")
    promote(decision=shipped, by=team.olga, reason="Better.")
    assert changes_since(asking) == []
    asking.study.policy = asking.study.policy.model_copy(update={"promoted": True})
    asking.study.save()
    said = [each.sentence for each in changes_since(asking)]
    assert "The project's champion is tuned v1, and this judged against base v1" in said


def test_the_command_says_what_is_wrong(
    team: Team, shipped: Decision, capsys: Capture, subtests: pytest.Subtests
) -> None:
    for words, said in (
        ("0 --by olga --reason x", "there is no decision 0"),
        ("{id} --by nobody --reason x", "there is no user 'nobody'"),
        ("{id} --by olga", "Missing option '--reason'"),
    ):
        with subtests.test(words):
            assert run(["promote", *words.format(id=shipped.pk).split()]) == 64
            printed = capsys.readouterr()
            assert (printed.out, said in printed.err) == ("", True)
    assert not Promotion.objects.exists()
