"""One table of what is refused, to whom and with which sentence, and every door of each act."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.apps import apps

from evalhub.accounts.invitations import MembershipError
from evalhub.declare.declaration import DeclarationError
from evalhub.features.comments.commenting import CommentError
from evalhub.features.decision_links.sharing import DecisionLinkError
from evalhub.features.experiments.ending import stop_experiment
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.steps import ExperimentError
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import PromotionError
from evalhub.features.monitoring.alarms import resolve_alarm
from evalhub.features.monitoring.errors import AlarmError, MonitorError
from evalhub.features.monitoring.models import Alarm, Resolution
from evalhub.features.monitoring.retraining.proposals import ProposalError
from evalhub.features.webhooks.registering import WebhookError
from evalhub.ledger.accepting import NothingToAcceptError
from evalhub.ledger.retirement import RetirementError
from evalhub.ledger.signoff import SignOffError
from reviews.errors import ExampleQueueError, QueueClosedError, StillBlindError
from reviews.examples.queues import close_queue
from reviews.models import ExampleQueue
from tests.cast import Team
from tests.features.exporters.desk import a_decision
from tests.features.exporters.test_judgments import judged
from tests.refusals import (
    example_scenes,
    example_source_scenes,
    feature_scenes,
    monitoring_scenes,
    scenes,
    talk_scenes,
)
from tests.refusals.doors import Act, Doors, Refusal, tokens

pytestmark = pytest.mark.heavy

OUTSIDE = "neither owner nor evaluator"

DATA = [
    Refusal("accept serious findings", "eva", "Only an owner of support-desk can accept training"),
    Refusal("sign without a reason", "olga", "give a reason", SignOffError, 400, 200),
    Refusal("sign an older report", "olga", "was followed by data report", SignOffError, 409, 200),
]
MOVES = ("promote", "roll back", "override", "retire", "reopen", "shadow")

VERSIONS = [
    Refusal("override", "eva", "Only an owner of support-desk can make a version the champion"),
    *(
        Refusal(act, "olga", sentence, error, 409, 409)
        for act, sentence, error in (
            ("promote what is promoted", "tuned v1 is the champion already: since", PromotionError),
            ("promote a hold", "is no ship (hold)", PromotionError),
            *((f"{verb} without a reason", "give a reason", StageError) for verb in MOVES),
            ("roll back to itself", "tuned v1 is what is to be rolled back", StageError),
            ("roll back to what never ran", "other v1 was never the champion", StageError),
            (
                "roll back what isn't champion",
                "other v1 isn't the champion of support-desk: tuned v1",
                StageError,
            ),
            (
                "override on a page of yesterday",
                "base v1 isn't the champion of support-desk: tuned v1",
                StageError,
            ),
            ("override with the champion", "tuned v1 is the champion already: since", StageError),
            ("override with what is retired", "base v1 is retired since", StageError),
            ("retire the champion", "tuned v1 is the champion of support-desk", StageError),
            ("reopen the champion", "tuned v1 is the champion of support-desk", StageError),
            ("shadow the champion", "tuned v1 is the champion of support-desk", StageError),
            ("shadow what is retired", "bring it back as a candidate first", StageError),
            ("reopen a candidate", "other v1 is a candidate already", StageError),
        )
    ),
]
STUDIES = [
    Refusal("close a review", "eva", "Only an owner of support-desk can close a review"),
    Refusal("name the arms", "eva", "Only an owner of support-desk can "),
    Refusal("accept", "eva", "Only an owner of support-desk can accept what holds a ship"),
    Refusal("accept", "olga", "nothing holds decision", NothingToAcceptError, 409, 200),
    Refusal("sign off without a reason", "olga", "give a reason", SignOffError, 400, 200),
    Refusal("vouch", "eva", "eva doesn't own support-desk: only its owners can do this"),
]
NOT_OWNER = "doesn't own support-desk: only its owners can do this"
OWNERS = ("raise a member", "remove a member", "ask somebody in", "withdraw")
MONITORS = [
    Refusal("add more than is left", "eva", "2.5 of them are left", MonitorError, 409, 400),
    Refusal("add the same again", "eva", "watches it already", MonitorError, 409, 400),
    Refusal("set the total", "eva", "Only an owner of support-desk can set how many false alarms"),
    Refusal("set less than is taken", "olga", "monitors take 1.5 a year", MonitorError, 409, 409),
    Refusal("snooze without a reason", "eva", "give a reason", AlarmError, 409, 409),
    Refusal("resolve without a reason", "eva", "give a reason", AlarmError, 409, 409),
]
PROPOSALS = [
    Refusal("decline without a reason", "eva", "give a reason", ProposalError, 409, 200),
    Refusal("link the one that lost", "eva", "is the version that lost", ProposalError, 409, 200),
]
TEST_SETS = [
    Refusal("retire", "eva", "Only an owner of support-desk can retire a test set"),
    Refusal("retire without a reason", "olga", "give a reason", RetirementError, 409, 200),
]
TRAFFIC = [
    Refusal(
        "draw a sample",
        "eva",
        "no request came in this time",
        DeclarationError,
        400,
        400,
    ),
    Refusal("change what is kept", "eva", "Only an owner of support-desk can change what is kept"),
    Refusal("erase a user", "eva", "Only an owner of support-desk can erase a user's traffic"),
]
WHY = "who changes what users get says why: give a reason"
CHANGES = ("share", "epoch", "stop", "rollback")
EXPERIMENTS = [
    Refusal("start", "olga", "is running since", ExperimentError, 409, 400),
    *(
        Refusal(act, "eva", sentence, ExperimentError, 409, 409)
        for act, sentence in (
            *((f"{verb} without a reason", WHY) for verb in CHANGES),
            ("share of more than the weight", "above 0 and at most 0.5 (50%), its weight in"),
            ("share of nobody", "stop the experiment to expose nobody"),
            ("share that it has", "the challenger's share is that already: it is 50% since"),
            ("share on a page of yesterday", "isn't 10% any more: it is 50% since"),
            ("epoch of no weight", "a weight is above 0 and below 1"),
            ("epoch without room", "the challenger's share is 50%: a weight is at least that"),
            ("promote", "no decision says that its challenger may ship"),
            ("draw answers", "no day has an answer of both arms that may be judged"),
        )
    ),
    Refusal("hand in scores", "eva", "samples has the id '0'", DeclarationError, 400),
]
OWN = "Only an owner of support-desk can "
WEBHOOKS = [
    *(Refusal(act, "eva", OWN) for act in ("add", "add the same")),
    *(
        Refusal(act, "eva", OWN, status=404)
        for act in ("enable", "change its secret", "send again", "remove")
    ),
    Refusal("add the same", "olga", "has a webhook of this address", WebhookError, 400),
    Refusal("add a private address", "olga", "in a private network", WebhookError, 400),
    Refusal("send again", "olga", "its webhook is disabled", WebhookError, 400),
]
PEOPLE = [
    *(Refusal(act, "eva", f"eva {NOT_OWNER}") for act in OWNERS),
    *(Refusal(act, "rui", f"rui {NOT_OWNER}", status=404) for act in OWNERS),
    *(Refusal(act, "sam", f"sam {NOT_OWNER}", status=404, page_status=404) for act in OWNERS),
    *(
        Refusal(act, "olga", sentence, MembershipError, 409, 200)
        for act, sentence in (
            ("lower the only owner", "olga is the only owner of Support desk"),
            ("remove the only owner", "olga is the only owner of Support desk"),
            ("ask a member in", "rui is a member already"),
        )
    ),
    Refusal("make a token that administers", "eva", "Only an owner's token may administer"),
    Refusal("make a token for somebody else", "eva", "eva makes tokens for themselves"),
    Refusal(
        "revoke somebody else's token",
        "eva",
        "eva can't revoke this token",
        status=404,
        page_status=404,
    ),
]


def everything() -> dict[str, list[dict[str, object]]]:
    """Every row but what a visit itself leaves."""
    left = {"sessions.Session", "accounts.ResultsSeen"}
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in ("last_login", "last_used")}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in apps.get_models()
        if model._meta.label not in left
    }


@pytest.fixture
def doors(team: Team, capsys: pytest.CaptureFixture[str]) -> Doors:
    return Doors(team, capsys, tokens(team, team.olga, team.eva, team.rui, team.sam))


def refuse_all(
    doors: Doors,
    acts: dict[str, Act],
    refusals: Sequence[Refusal],
    subtests: pytest.Subtests,
) -> None:
    before = everything()
    for refusal in refusals:
        with subtests.test(act=refusal.act, by=refusal.by):
            doors.try_all(acts[refusal.act], refusal)
            assert everything() == before


def outsiders(acts: dict[str, Act], sentence: str) -> list[Refusal]:
    """Each act is refused to a reviewer and to a stranger, whatever it would come to."""
    return [
        Refusal(act, by, f"{by} {sentence}", status=404) for act in acts for by in ("rui", "sam")
    ]


def test_acts_on_versions(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = scenes.versions(team)
    refuse_all(doors, acts, VERSIONS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_studies_runs_and_reviews(
    team: Team, doors: Doors, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    acts = scenes.studies(team, tmp_path)
    refuse_all(doors, acts, STUDIES, subtests)
    vouching = {"vouch": acts.pop("vouch")}
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)
    refuse_all(doors, vouching, outsiders(vouching, NOT_OWNER), subtests)


def test_acts_on_training_data(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = feature_scenes.training_data(team)
    refuse_all(doors, acts, DATA, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_traffic(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = scenes.traffic(team)
    refuse_all(doors, acts, TRAFFIC, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_members_and_tokens(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = scenes.people(team)
    refuse_all(doors, acts, PEOPLE, subtests)


def test_acts_on_webhooks(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = feature_scenes.webhooks(team)
    refuse_all(doors, acts, WEBHOOKS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


COMMENTS = [
    Refusal("write before the seal", "olga", "isn’t sealed yet", CommentError, 409, 200),
    Refusal("write nothing", "eva", "has 1 to 4,000 characters", CommentError, 409, 200),
    Refusal("remove", "eva", "Only an owner of support-desk can remove another’s comment"),
]
LINKS = [
    Refusal("share", "eva", "Only an owner of support-desk can share a decision"),
    Refusal("withdraw", "eva", "Only an owner of support-desk can withdraw a link"),
    Refusal(
        "share texts before the seal", "olga", "share without them", DecisionLinkError, 409, 200
    ),
]


def test_acts_on_comments(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = talk_scenes.comments(team)
    refuse_all(doors, acts, COMMENTS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_links_to_decisions(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = talk_scenes.links(team)
    refuse_all(doors, acts, LINKS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_monitors_and_alarms(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = monitoring_scenes.monitors(team)
    refuse_all(doors, acts, MONITORS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)
    alarm = Alarm.objects.get()
    resolve_alarm(alarm=alarm, resolution=Resolution.FALSE, reason="Noise.", by=team.olga)
    resolved = [
        Refusal(act, "olga", "it was resolved on", AlarmError, 409, 409)
        for act in ("acknowledge", "assign", "snooze", "resolve")
    ]
    refuse_all(doors, acts, resolved, subtests)


def test_acts_on_queues_of_examples(
    team: Team, doors: Doors, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    acts = example_scenes.queues(team, tmp_path)
    taken = Refusal(
        "create one of a name that is taken", "eva", "has a queue", ExampleQueueError, 400, 400
    )
    later = acts.pop("add to a closed queue")
    refuse_all(doors, acts, [taken, *outsiders(acts, f"is {OUTSIDE}")], subtests)
    close_queue(queue=ExampleQueue.objects.get(), by=team.olga)
    closed = [
        Refusal("add to a closed queue", "eva", "This queue is closed", QueueClosedError, 409, 409),
        *(
            Refusal(act, "eva", "This queue is closed", QueueClosedError, 409, 409)
            for act in ("pause", "resume")
        ),
    ]
    refuse_all(doors, acts | {"add to a closed queue": later}, closed, subtests)


def test_acts_on_proposals_to_train_again(
    team: Team, doors: Doors, subtests: pytest.Subtests
) -> None:
    acts = monitoring_scenes.proposals(team)
    refuse_all(doors, acts, PROPOSALS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_on_experiments(
    team: Team, doors: Doors, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    acts = feature_scenes.experiments(team, tmp_path)
    refuse_all(doors, acts, EXPERIMENTS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)
    stop_experiment(experiment=Experiment.objects.get(), by=team.eva, reason="Enough.")
    ended = [
        Refusal(act, "olga", "was stopped on", ExperimentError, 409, 409)
        for act in ("share", "epoch", "stop", "rollback")
    ]
    refuse_all(doors, acts, ended, subtests)
    only_by_an_owner = Refusal("start", "eva", f"{OWN}start an experiment without a decision")
    doors.try_rest(*acts["start"].rest, only_by_an_owner)
    doors.try_command(acts["start"].command, only_by_an_owner)


def test_acts_on_working_sets(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = feature_scenes.working_sets(team)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_acts_that_bring_examples(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    queue, acts = example_source_scenes.sources(team)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)
    close_queue(queue=queue, by=team.eva)
    closed = [
        Refusal(act, "eva", "This queue is closed", QueueClosedError, 409, 400)
        for act in ("draw", "propose")
    ]
    refuse_all(doors, acts, closed, subtests)


def test_acts_on_test_sets(team: Team, doors: Doors, subtests: pytest.Subtests) -> None:
    acts = feature_scenes.test_sets(team)
    refuse_all(doors, acts, TEST_SETS, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)


def test_what_leaves_as_a_file(
    team: Team, doors: Doors, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    acts = feature_scenes.exports(team, a_decision(team), judged(team, ended=False), tmp_path)
    blind = [
        Refusal(act, by, "review", StillBlindError, 409)
        for act in ("judgments", "dpo")
        for by in ("olga", "eva")
    ]
    refuse_all(doors, acts, blind, subtests)
    refuse_all(doors, acts, outsiders(acts, f"is {OUTSIDE}"), subtests)
    assert not list(tmp_path.iterdir())
