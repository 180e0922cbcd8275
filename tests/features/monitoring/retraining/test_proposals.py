"""Proposals to train again: which alarms make one, what it rests on, and what comes of it."""

from datetime import UTC, datetime, timedelta

import pytest

from evalhub.accounts.models import Action, LogEntry
from evalhub.accounts.permissions import NotAllowedError
from evalhub.declare.cost_sheet import Ends
from evalhub.declare.declaration import validate
from evalhub.declare.monitor import OperationsPlan
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.monitoring.models import Alarm, Monitor, RetrainProposal, Stream
from evalhub.features.monitoring.retraining.outcome import outcome_of
from evalhub.features.monitoring.retraining.page_data import proposal_part
from evalhub.features.monitoring.retraining.proposals import (
    ProposalError,
    decline_proposal,
    link_retrained,
    propose_retraining,
)
from evalhub.features.traffic.served import state_served_version
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided
from tests.features.monitoring.retraining.losses_of import (
    FIRST,
    a_champion,
    a_monitor,
    a_stream,
    an_alarm,
)
from tests.features.traffic.rows_of import a_request, noon, taken

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 5, 6, tzinfo=UTC)
LOST = [0.03] * 21 + [0.08] * 7


def proposed(alarm: Alarm) -> RetrainProposal:
    """What the alarm proposed when it was raised."""
    return RetrainProposal.objects.with_related().get(alarm=alarm)


def words(alarm: Alarm) -> str:
    part = proposal_part(alarm)
    assert part is not None
    return " ".join(part.sentences)


@pytest.mark.parametrize("metric", ["thumbs_down", "retries", "refusals"])
def test_a_loss_of_signals_proposes_to_train_again_once(team: Team, metric: str) -> None:
    alarm = an_alarm(team, a_stream(team, rates=LOST, metric=metric))
    proposal = proposed(alarm)
    loss = proposal.evidence.loss
    assert 0.04 < loss.low < loss.value < loss.high < 0.06
    assert loss.value == pytest.approx(0.05, abs=0.002)
    assert propose_retraining(alarm=alarm, now=NOW + timedelta(days=1)) == proposal
    assert RetrainProposal.objects.get().created == NOW


def test_of_quality_less_is_worse(team: Team) -> None:
    stream = a_stream(team, rates=[0.8] * 21 + [0.6] * 7, metric="json_valid", kind="quality")
    loss = proposed(an_alarm(team, stream)).evidence.loss
    assert loss.value == pytest.approx(0.2, abs=0.02)
    assert loss.low > 0


@pytest.mark.parametrize("metric", ["errors", "slow", "requests", "tokens", "cost"])
def test_what_says_nothing_of_answers_proposes_nothing(team: Team, metric: str) -> None:
    alarm = an_alarm(team, a_stream(team, rates=LOST, metric=metric))
    assert propose_retraining(alarm=alarm, now=NOW) is None


@pytest.mark.parametrize("kind", ["inputs", "answers"])
def test_a_change_of_inputs_or_of_the_endpoint_proposes_nothing(team: Team, kind: str) -> None:
    assert propose_retraining(alarm=an_alarm(team, None, kind=kind), now=NOW) is None


def test_it_says_which_slices_lost_most(team: Team) -> None:
    a_stream(team, rates=[0.03] * 28, slice_=("route", "chat"))
    a_stream(team, rates=[0.03] * 21 + [0.2] * 7, slice_=("route", "search"))
    a_stream(team, rates=[0.03] * 3, slice_=("route", "new"))
    alarm = an_alarm(team, a_stream(team, rates=LOST))
    slices = proposed(alarm).evidence.slices
    assert [row.value for row in slices] == ["search", "chat"], "new has no days since"
    assert slices[0].loss.low > 0 > slices[1].loss.low
    assert "Lost most: route search 0.17 (0.1" in words(alarm)


def test_what_users_ask_may_have_changed_too(team: Team) -> None:
    an_alarm(team, None, kind="inputs", subject="shares by route")
    alarm = an_alarm(team, a_stream(team, rates=LOST))
    assert [row.subject for row in proposed(alarm).evidence.inputs] == ["shares by route"]
    assert "What users ask had changed, too (shares by route): sample there" in words(alarm)


@pytest.mark.parametrize("when", ["before", "afterwards"])
def test_where_the_endpoint_changed_it_is_to_be_repaired(team: Team, when: str) -> None:
    if when == "before":
        an_alarm(team, None, kind="answers", subject="answers to questions")
    alarm = an_alarm(team, a_stream(team, rates=LOST))
    proposal = proposed(alarm)
    if when == "afterwards":
        an_alarm(team, None, kind="answers", subject="answers to questions")
    assert bool(proposal.evidence.repair) == (when == "before")
    part = proposal_part(alarm)
    assert part is not None
    assert part.repair
    assert "changed or fails (answers to questions): repair it first" in words(alarm)


def test_a_month_s_loss_stands_beside_what_training_costs_again(team: Team) -> None:
    questions = a_test_set(team, items=40)
    base = a_version(team, "prompted")
    tuned = a_version(
        team,
        "tuned",
        parent=base,
        training={"cost": {"amount": 400.0, "currency": "EUR", "source": "bill"}},
    )
    for version in (base, tuned):
        a_run(version, questions, scores=[1.0] * 40)
    ownership = {
        "currency": "EUR",
        "data": {"labels": {"bill": [500, 700]}},
        "evaluation": {"tokens": 0},
    }
    policy = {"ownership": ownership}
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, policy=policy)
    decided(study)
    override_champion(version=tuned, by=team.olga, reason="It runs.")
    state_served_version(
        project=team.project, by=None, name="support-7b", version=tuned, since=noon(20)
    )
    taken(team.project, [a_request(f"r{number}") for number in range(28)])
    alarm = an_alarm(team, a_stream(team, rates=LOST, version=tuned), at=noon(0))
    evidence = proposed(alarm).evidence
    assert evidence.monthly is not None
    assert evidence.monthly.requests == pytest.approx(365 / 12)
    assert evidence.monthly.answers.value == pytest.approx(evidence.loss.value * 365 / 12)
    assert evidence.training.missing == ()
    assert evidence.training.amount == Ends(low=900, value=1_000, high=1_100)
    assert "To train once more costs 900 to 1,100 EUR, by what the study shall-we" in words(alarm)
    assert "At 30 requests a month it means that " in words(alarm)
    assert " more answers are lost a month." in words(alarm)
    worth = evidence.spared
    assert worth is not None
    assert worth.value == pytest.approx(1_000 / evidence.monthly.answers.value)


def test_a_route_s_monitor_counts_and_samples_the_route_s_requests(team: Team) -> None:
    version = a_champion(team)
    state_served_version(
        project=team.project, by=None, name="support-7b", version=version, since=noon(20)
    )
    taken(team.project, [a_request(f"r{n}", route=("search", "chat")[n % 2]) for n in range(56)])
    stream = a_stream(team, rates=LOST)
    Monitor.objects.filter(pk=stream.monitor_id).update(
        plan=validate(OperationsPlan, {"route": "search"})
    )
    stream = Stream.objects.get(pk=stream.pk)
    alarm = an_alarm(team, stream, at=noon(0))
    evidence = proposed(alarm).evidence
    assert evidence.monthly is not None
    assert evidence.monthly.requests == pytest.approx(365 / 12)
    part = proposal_part(alarm)
    assert part is not None
    assert "--where model=support-7b --where route=search" in part.remedy.commands[0]


def test_without_a_study_it_says_what_is_missing(team: Team) -> None:
    alarm = an_alarm(team, a_stream(team, rates=LOST))
    evidence = proposed(alarm).evidence
    assert (evidence.training.amount, evidence.monthly) == (None, None)
    text = words(alarm)
    assert "isn't known: no study has decided on it: a study states in `ownership`" in text
    assert "What it means a month isn't known: no requests of it came in" in text


def test_a_cost_of_which_nothing_is_known_is_no_amount(team: Team) -> None:
    base, tuned = a_version(team, "prompted"), a_version(team, "tuned")
    questions = a_test_set(team, items=40)
    for version in (base, tuned):
        a_run(version, questions, scores=[1.0] * 40)
    decided(a_study(team, baseline=base, candidate=tuned, primary=questions))
    override_champion(version=tuned, by=team.olga, reason="It runs.")
    text = words(an_alarm(team, a_stream(team, rates=LOST, version=tuned)))
    assert "What training again costs isn't known: " in text
    assert "0 USD" not in text


def test_it_is_declined_with_a_reason_or_a_version_came_of_it(team: Team) -> None:
    proposal = proposed(an_alarm(team, a_stream(team, rates=LOST)))
    with pytest.raises(ProposalError, match="give a reason"):
        decline_proposal(proposal=proposal, by=team.eva, reason=" ")
    with pytest.raises(NotAllowedError):
        decline_proposal(proposal=proposal, by=team.sam, reason="No.")
    why = "The retriever broke."
    declined = decline_proposal(proposal=proposal, by=team.eva, reason=why)
    assert decline_proposal(proposal=proposal, by=team.eva, reason=why) == declined
    with pytest.raises(ProposalError, match=r"it was declined on .* by eva: The retriever broke"):
        link_retrained(proposal=proposal, version=a_version(team, "tuned"), by=team.eva)
    assert LogEntry.objects.filter(action=Action.PROPOSAL_DECLINED).count() == 1


def test_another_project_s_version_or_the_one_that_lost_came_of_nothing(team: Team) -> None:
    proposal = proposed(an_alarm(team, a_stream(team, rates=LOST)))
    with pytest.raises(ProposalError, match="is the version that lost"):
        link_retrained(proposal=proposal, version=a_champion(team), by=team.eva)
    tuned = a_version(team, "tuned")
    linked = link_retrained(proposal=proposal, version=tuned, by=team.eva)
    assert linked.retrained == tuned
    with pytest.raises(ProposalError, match="tuned v1 came of it"):
        decline_proposal(proposal=proposal, by=team.eva, reason="No.")


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ([0.03] * 14, "It helped: better by 0.05"),
        ([0.15] * 14, "It made things worse"),
        ([0.08] * 14, "Whether it helped isn't shown"),
        ([], "Too few days to tell whether it helped"),
    ],
)
def test_later_it_says_whether_training_again_helped(
    team: Team, after: list[float], sentence: str
) -> None:
    old = a_stream(team, rates=LOST)
    proposal = proposed(an_alarm(team, old))
    tuned = a_version(team, "tuned", parent=a_champion(team))
    linked = link_retrained(proposal=proposal, version=tuned, by=None)
    outcome = outcome_of(linked)
    assert outcome is not None
    assert outcome.sentence == "tuned v1 isn't the champion yet."
    override_champion(version=tuned, by=team.olga, reason="Trained again.")
    later = FIRST + timedelta(days=28)
    a_stream(team, rates=[0.5] * 14, version=tuned)  # in a test before the alarm
    of_a_route = a_stream(team, rates=[0.5] * 14, version=tuned, first=later)
    a_stream(team, rates=after, version=tuned, first=later + timedelta(days=1))
    Stream.objects.filter(pk=of_a_route.pk).update(monitor=_of_a_route(team))
    outcome = outcome_of(linked)
    assert outcome is not None
    assert outcome.champion_since is not None
    assert outcome.sentence.startswith(sentence)


def _of_a_route(team: Team) -> Monitor:
    plan = validate(OperationsPlan, {"route": "search"})
    return Monitor.objects.create(
        project=team.project, kind="operations", plan=plan, false_alarms_a_year=1, due=NOW
    )


def test_it_leads_to_the_requests_that_lost_and_to_a_study(team: Team) -> None:
    a_monitor(team)
    state_served_version(
        project=team.project, by=None, name="support", version=a_champion(team), since=noon(20)
    )
    a_stream(team, rates=[0.03] * 21 + [0.2] * 7, slice_=("route", "search"))
    alarm = an_alarm(team, a_stream(team, rates=LOST))
    proposal = proposed(alarm)
    part = proposal_part(alarm)
    assert part is not None
    assert part.remedy.sample_page.endswith(
        "/samples/?since=2026-09-28T00%3A00&model=support&route=search"
    )
    assert part.remedy.commands == (
        "evalhub traffic sample --project support-desk --n 500 --since 2026-09-28 "
        f"--where model=support --where route=search --test-set lost-{proposal.pk}",
        f"evalhub study init retrain-{proposal.pk} --from-traffic --project support-desk "
        f"--test-set lost-{proposal.pk} --kind base",
    )
