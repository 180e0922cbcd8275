"""Parts of the scene in which every address is asked: requests, experiments, a proposal."""

from urllib.parse import urlencode

from evalhub.features.comments.commenting import write_comment
from evalhub.features.comments.models import Subject
from evalhub.features.decision_links.sharing import share_decision
from evalhub.features.experiments.models import Experiment
from evalhub.features.monitoring.models import RetrainProposal
from evalhub.features.saved_views.saving import save_view
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import RequestFilter, SampleQuery
from evalhub.features.webhooks.models import Delivery
from evalhub.features.webhooks.registering import add_webhook
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Study, TrafficSample
from tests.cast import Team, a_team
from tests.features.experiments.experiments_of import a_pair, an_experiment
from tests.features.experiments.plan_form import form_of
from tests.features.monitoring.monitors_of import a_watched_project
from tests.features.monitoring.retraining.losses_of import a_stream, an_alarm
from tests.features.traffic.rows_of import a_request, noon, taken
from tests.reviews.examples.queue_steps import a_queue, at_hand, say
from tests.sent_out import a_sent_example

PLANNED = "planned"
"""The project in which an experiment may be started."""


def talk(team: Team, study: Study) -> dict[str, object]:
    """What addresses are filled with of a comment, a link and a saved view, all Olga's."""
    decision = decide_study(study=study)[0]
    comment = write_comment(
        subject=Subject(team.project, decision=decision), by=team.olga, text="Look at the losses."
    )
    link = share_decision(decision=decision, by=team.olga).link
    view = save_view(by=team.olga, path="/studies/", query="verdict=hold", name="Held")
    return {"comments": comment.pk, "decision-links": link.pk, "views": view.pk}


def experiments() -> tuple[Experiment, bytes]:
    """One that runs, and what the form posts that starts another in the project `PLANNED`."""
    _, challenger = a_pair(a_team("Planned", PLANNED))
    form = form_of(challenger) | {"start": "1"}
    return an_experiment(a_team("Live", "live")), urlencode(form).encode()


def monitoring() -> dict[str, object]:
    """What addresses are filled with of a monitor, its alarm, and what another alarm proposes."""
    monitor, alarm = a_watched_project(a_team("Watched", "watched"))
    proposal = a_proposal(a_team("Lost", "lost"))
    return {"monitors": monitor.pk, "alarms": alarm.pk, "proposals": proposal.pk}


def a_proposal(team: Team) -> RetrainProposal:
    """What an alarm proposes, that has proven a loss."""
    alarm = an_alarm(team, a_stream(team, rates=[0.03] * 21 + [0.08] * 7))
    return RetrainProposal.objects.get(alarm=alarm)


def a_sample_of_requests(team: Team, model: str) -> TrafficSample:
    """One of two requests, the other of which may still be drawn."""
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    rows = [
        a_request(
            f"sampled{i}",
            messages=({"role": "user", "content": f"Where is {i}?"},),
            output="Here.",
        )
        for i in range(4)
    ]
    taken(team.project, rows)
    query = SampleQuery(since=noon(9), n=2, where=RequestFilter(model=model), test_set="sampled")
    return draw_requests(project=team.project, query=query, by=team.olga).sample


def a_served_name(name: str, version: int) -> bytes:
    """What the form posts that says which version it is."""
    return urlencode({"name": name, "version": version, "since": "2026-01-01T00:00"}).encode()


def a_queue_of_examples(team: Team) -> dict[str, object]:
    """What addresses are filled with of a queue for two people an example: Rui has answered one
    and has another at hand."""
    queue = a_queue(team, examples=3, people=2)
    say(at_hand(queue, team.rui), "accept")
    turn = at_hand(queue, team.rui)
    sent = a_sent_example(team, turn.example, name="sent-out").row
    assert sent is not None
    return {
        "queues": queue.pk,
        "examples": turn.example_id,
        "turn": turn.token,
        "training-files": sent.file_id,
        "what": "card.md",
    }


def a_webhook_with_a_message(team: Team) -> dict[str, object]:
    """What addresses are filled with of a webhook of one event, and of a message given up."""
    webhook = add_webhook(
        project=team.project,
        by=team.olga,
        url="https://ci.example.org/evalhub",
        events=["decision.made"],
    ).webhook
    message = Delivery.objects.create(
        webhook=webhook,
        event="decision.made:1",
        type="decision.made",
        message_id="msg_1",
        body="{}",
        state="failed",
        due_at=webhook.created,
    )
    return {"webhooks": webhook.pk, "delivery": message.pk}
