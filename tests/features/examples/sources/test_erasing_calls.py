"""Erasing a user, a request or an item reaches what a model was asked for it."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.features.erasure.redact import redact
from evalhub.features.examples.models import ExampleCall
from evalhub.features.examples.sources.proposing import ProposalInputs
from evalhub.features.table import ERASERS, REDACTORS
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.models import Request
from reviews.examples.queues import create_queue
from reviews.models import Example, ExampleState
from runners.backends.asking import BackendError
from tests.cast import Team, a_test_set
from tests.fakes.openai_server import OpenAIServer
from tests.features.examples.sources.test_augmenting import accepted, rewording, varied
from tests.features.examples.sources.test_from_traffic import query
from tests.features.examples.sources.test_proposing import asked_of, prompts, proposed
from tests.features.traffic.shadow.production import served

pytestmark = pytest.mark.django_db

ADA = "a" * 32


def erased(team: Team) -> dict[str, int]:
    return dict(erase_user(project=team.project, by=None, user_hash=ADA, erasers=ERASERS))


def all_calls() -> str:
    return str(list(ExampleCall.objects.values()))


def test_a_users_texts_leave_calls_and_their_costs_stay(team: Team) -> None:
    queue = create_queue(project=team.project, by=None, name="answers")
    served(team, ["I am Ada, where is it?"], user_hash=ADA)
    served(team, ["And mine?"], name="other", user_hash="b" * 32)
    with OpenAIServer() as server:
        version = asked_of(server, team)
        proposed(queue, version, ProposalInputs(traffic=query(n=2)))
    assert erased(team)["example_calls"] == 1
    assert "Ada" not in all_calls()
    assert ADA not in all_calls()
    assert "And mine?" in all_calls()
    assert sorted(ExampleCall.objects.values_list("prompt_tokens", flat=True)) == [2, 6]


def test_a_call_that_waits_isnt_made_once_its_user_is_erased(team: Team) -> None:
    queue = create_queue(project=team.project, by=None, name="answers")
    served(team, ["I am Ada, where is it?"], user_hash=ADA)
    with OpenAIServer(key="right") as server:
        version = asked_of(server, team)
        with pytest.raises(BackendError):
            proposed(queue, version, ProposalInputs(traffic=query(n=1)))
        Request.objects.all().delete()
        erased(team)
        server.key = ""
        proposed(queue, version, ProposalInputs())
        assert len(server.requests) == 1
    assert not ExampleCall.objects.exists()


def test_variations_of_an_erased_users_example_go_with_it(team: Team) -> None:
    queue = create_queue(project=team.project, by=None, name="answers")
    accepted(queue, "I am Ada, where is my parcel?", user_hash=ADA)
    with OpenAIServer() as server:
        server.misbehave = rewording("Where is Ada's parcel?")
        varied(queue, asked_of(server, team), "paraphrase")
    assert Example.objects.count() == 2
    erased(team)
    assert "Ada" not in all_calls()
    assert {*Example.objects.values_list("state", flat=True)} == {ExampleState.ERASED}


def test_a_redacted_items_call_is_erased(team: Team) -> None:
    version = a_test_set(team, items=[{"input": "I am Ada?", "references": []}, {}])
    queue = create_queue(project=team.project, by=None, name="refs", purpose="references")
    with OpenAIServer() as server:
        proposed(queue, asked_of(server, team), ProposalInputs(test_set=version))
    item: Any = version.items.get(references=[])
    redact(
        project=team.project,
        test_set="questions",
        item=item.key,
        reason="a name",
        by=None,
        redactors=REDACTORS,
    )
    assert "Ada" not in all_calls()


def test_an_erased_call_doesnt_keep_the_same_input_from_being_asked(
    team: Team, tmp_path: Path
) -> None:
    queue = create_queue(project=team.project, by=None, name="answers")
    served(team, ["Where is it?"], user_hash=ADA)
    with OpenAIServer() as server:
        version = asked_of(server, team)
        proposed(queue, version, ProposalInputs(traffic=query(n=1)))
        erased(team)
        proposed(queue, version, prompts(tmp_path / "in.jsonl", "Where is it?"))
        assert server.asked["Where is it?"] == 2
