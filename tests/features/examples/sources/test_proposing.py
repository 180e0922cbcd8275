"""A model proposes answers: each is a recorded call, asked once, and waits for people."""

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import Reach
from evalhub.features.examples.models import ExampleCall
from evalhub.features.examples.sources import calls
from evalhub.features.examples.sources.adding import CLOSED, HAS_IT, NO_LABEL
from evalhub.features.examples.sources.calls import MostPaid
from evalhub.features.examples.sources.proposing import (
    EMPTY,
    AskedCalls,
    ProposalInputs,
    ProposalPlan,
    plan_proposals,
    propose,
)
from evalhub.features.traffic.shadow.items import ELSEWHERE
from evalhub.io.rows import DataError
from evalhub.registry.models import ModelVersion
from reviews.errors import QueueClosedError
from reviews.examples.queues import close_queue, create_queue
from reviews.models import Example, ExampleQueue, ExampleSource, ExampleState
from runners.backends.asking import BackendError
from tests.cast import OPERATOR, Team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.features.examples.sources.test_from_traffic import query, questions
from tests.features.traffic.shadow.production import served

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(team: Team) -> ExampleQueue:
    return create_queue(project=team.project, by=team.eva, name="proposals")


def asked_of(server: OpenAIServer, team: Team, **fields: Any) -> ModelVersion:
    backend = server.backend(retries=0, **fields)
    return a_version(team, "writer", backend=backend, sampling={"max_tokens": 50})


def prompts(path: Path, *rows: str | dict[str, Any]) -> ProposalInputs:
    lines = [{"input": row} if isinstance(row, str) else row for row in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return ProposalInputs(file=path)


def proposed(
    queue: ExampleQueue, version: ModelVersion, inputs: ProposalInputs, **fields: Any
) -> AskedCalls:
    return propose(queue=queue, version=version, inputs=inputs, by=None, reach=OPERATOR, **fields)


def would_ask(
    queue: ExampleQueue, version: ModelVersion, inputs: ProposalInputs
) -> tuple[ProposalPlan, MostPaid]:
    return plan_proposals(queue=queue, version=version, inputs=inputs, by=None, reach=OPERATOR)


def test_each_answer_is_an_example_whose_provenance_names_its_call_and_prompt(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    row = {"id": "7", "input": "Who?", "tags": ["people"], "licence": "CC0", "cluster": "c"}
    with OpenAIServer() as server:
        version = a_version(
            team, "writer", backend=server.backend(), prompt={"system": "Be brief."}
        )
        result = proposed(queue, version, prompts(tmp_path / "in.jsonl", row))
    example, call = Example.objects.get(), ExampleCall.objects.get()
    assert (result.planned, result.answered, result.examples) == (1, 1, 1)
    assert (example.proposal, example.state) == ("You said: Who?", ExampleState.WAITING)
    assert (example.source, example.model) == (ExampleSource.MODEL, "writer@1")
    assert json.loads(example.prompt)["system"] == "Be brief."
    assert (example.tags, example.licence) == (["people"], "CC0")
    assert example.reference["version"] == version.digest
    assert example.reference["call"] == call.pk
    assert example.reference["prompt"] == call.prompt_digest
    assert (example.reference["line"], example.reference["cluster"]) == (1, "c")
    assert (call.answer, call.example, call.prompt_tokens) == (example.proposal, example, 1)
    assert server.requests[0]["messages"][0] == {"role": "system", "content": "Be brief."}


def test_nothing_is_asked_twice_and_more_inputs_add_only_themselves(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    with OpenAIServer() as server:
        version = asked_of(server, team)
        proposed(queue, version, prompts(tmp_path / "in.jsonl", *questions(5)))
        again = proposed(queue, version, prompts(tmp_path / "in.jsonl", *questions(8)))
        assert server.asked.total() == 8
    assert (again.planned, again.answered) == (3, 8)
    assert Example.objects.count() == 8


def test_errors_are_counted_and_asked_again_only_when_one_says_so(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", "One?", "Two?", "Three?")
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, attempt: (
            http_error(400, "not this") if prompt == "Two?" and attempt == 0 else None
        )
        version = asked_of(server, team)
        first = proposed(queue, version, inputs)
        same = proposed(queue, version, inputs)
        assert server.asked["Two?"] == 1
        assert (first.failed, first.examples) == (same.failed, same.examples) == (1, 2)
        assert "not this" in next(iter(first.errors))
        healed = proposed(queue, version, inputs, again=True)
    assert (healed.failed, healed.examples) == (0, 3)
    assert ExampleCall.objects.get(input="Two?").attempts == 2


def test_an_unusable_server_keeps_what_came_and_is_asked_the_rest_later(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", *questions(6))
    with OpenAIServer(key="right") as server:
        version = asked_of(server, team, concurrency=1)
        with pytest.raises(BackendError):
            proposed(queue, version, inputs)
        assert ExampleCall.objects.unanswered().count() == 6
        server.key = ""
        assert proposed(queue, version, inputs).examples == 6
    assert not ExampleCall.objects.exclude(lease_token=None).exists()


def test_what_calls_cost_is_counted_where_a_price_is_known(
    team: Team, queue: ExampleQueue, tmp_path: Path, settings: Any
) -> None:
    settings.HOME = tmp_path
    with OpenAIServer() as server:
        (tmp_path / "prices.yaml").write_text(
            f"""schema: evalhub.prices/1
currency: USD
providers:
  ours:
    hosts: ["127.0.0.1:{server.port}"]
    source: https://example.org/prices
    seen: 2020-01-01
    models:
      - names: [echo]
        prices: [{{since: 2020-01-01, prompt: 1000000, completion: 2000000}}]
"""
        )
        version = asked_of(server, team)
        inputs = prompts(tmp_path / "in.jsonl", "one two?")
        _, most = would_ask(queue, version, inputs)
        result = proposed(queue, version, inputs)
    assert ExampleCall.objects.get().cost == result.cost == 2 * 1 + 3 * 2
    assert most.money is not None
    assert result.cost <= most.money
    assert most.money == pytest.approx((most.tokens or 0) + 50)  # an answer's tokens cost double


def test_a_dry_run_says_how_many_calls_there_would_be_and_stores_nothing(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    a_test_set(team, items=[{"input": "Is this asked?"}])
    with OpenAIServer() as server:
        version = asked_of(server, team)
        inputs = prompts(tmp_path / "in.jsonl", "is this asked", *questions(3))
        plan, most = would_ask(queue, version, inputs)
        assert not server.requests
        unlimited = a_version(team, "free", backend=server.backend())
        _, unknown = would_ask(queue, unlimited, inputs)
    assert (len(plan.calls), plan.left_out) == (3, {ELSEWHERE: 1})
    assert (most.calls, most.money) == (3, None)
    assert most.tokens is not None
    assert most.tokens > 150
    assert unknown == MostPaid(3, None, None, None)
    assert not ExampleCall.objects.exists()


def test_empty_and_cut_answers_and_those_that_are_no_label_are_told(
    team: Team, tmp_path: Path
) -> None:
    queue = create_queue(project=team.project, by=None, name="labels", labels=["yes", "no"])
    answers = {"One?": "yes", "Two?": " ", "Three?": "perhaps"}
    with OpenAIServer() as server:
        server.misbehave = lambda prompt, _: saying(answers[prompt])
        inputs = prompts(tmp_path / "in.jsonl", *answers)
        result = proposed(queue, asked_of(server, team), inputs)
    assert (result.examples, result.left_out) == (1, {EMPTY: 1, NO_LABEL: 1})
    assert Example.objects.get().proposal == "yes"


def test_a_queue_that_closes_meanwhile_takes_no_example_and_loses_no_answer(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", *questions(6))
    with OpenAIServer(latency_s=0.4) as server:
        version = asked_of(server, team, concurrency=1)
        with pytest.raises(QueueClosedError):
            proposed(queue, version, inputs, progress=lambda *_: close_queue(queue=queue, by=None))
        assert len(server.requests) < 6
    calls = ExampleCall.objects.exclude(answered=None)
    assert calls.exclude(example=None).count() == Example.objects.count() > 0
    assert calls.filter(example=None).count() == calls.filter(left_out=CLOSED).count()


def test_drawn_requests_are_answered_by_the_model_and_belong_to_their_user(
    team: Team, queue: ExampleQueue
) -> None:
    requests = served(team, questions(4), users=4)
    with OpenAIServer() as server:
        version = asked_of(server, team)
        inputs = ProposalInputs(traffic=query(n=3))
        result = proposed(queue, version, inputs)
        more = proposed(queue, version, inputs)
        assert server.asked.total() == 4
        assert max(server.asked.values()) == 1
    assert (result.examples, more.planned) == (3, 1)
    users = {request.key: request.user_hash for request in requests}
    for example in Example.objects.all():
        assert example.proposal.startswith("You said: ")
        assert example.user_hash == users[example.reference["request"]]


def test_calls_left_of_an_earlier_draw_are_asked_before_another_is_made(
    team: Team, queue: ExampleQueue
) -> None:
    served(team, questions(10))
    inputs = ProposalInputs(traffic=query(n=4))
    with OpenAIServer(key="right") as server:
        version = asked_of(server, team)
        with pytest.raises(BackendError):
            proposed(queue, version, inputs)
        server.key = ""
        result = proposed(queue, version, inputs)
    assert (result.planned, result.examples) == (0, 4)


def test_items_without_a_reference_are_answered_in_a_queue_of_references(
    team: Team, queue: ExampleQueue
) -> None:
    items = a_test_set(team, items=[{"references": []}, {}, {"references": []}])
    references = create_queue(
        project=team.project, by=None, name="references", purpose="references"
    )
    with OpenAIServer() as server:
        version = asked_of(server, team)
        result = proposed(references, version, ProposalInputs(test_set=items))
        assert result.examples == 2
        with pytest.raises(DeclarationError, match="a queue of references"):
            proposed(queue, version, ProposalInputs(test_set=items))
    without = items.items.filter(references=[])
    assert {*Example.objects.values_list("item", flat=True)} == {
        *without.values_list("pk", flat=True)
    }


def test_an_input_that_the_queue_has_from_elsewhere_isnt_added_twice(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", "Where is it?", "where is  IT?")
    with OpenAIServer() as server:
        result = proposed(queue, asked_of(server, team), inputs)
    assert (result.answered, result.examples, result.left_out) == (2, 1, {HAS_IT: 1})


def test_recorded_answers_and_a_file_that_is_none_are_refused(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", "One?")
    with pytest.raises(BackendError, match="nobody to ask"):
        proposed(queue, a_version(team), inputs)
    with OpenAIServer() as server:
        version = asked_of(server, team)
        with pytest.raises(DataError, match="input"):
            proposed(queue, version, prompts(tmp_path / "bad.jsonl", {"question": "One?"}))
        with pytest.raises(BackendError):  # its key is nobody's to send
            propose(
                queue=queue,
                version=a_version(team, "keyed", backend=server.backend(key_env="HF_TOKEN")),
                inputs=inputs,
                by=team.eva,
                reach=Reach(),
            )
        assert not server.requests


def test_a_call_that_another_process_holds_is_waited_for_until_its_lease_ends(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    """As after a kill: the dead one's call is asked once its lease is over, and not before."""
    inputs = prompts(tmp_path / "in.jsonl", "One?")
    with OpenAIServer(key="right") as server:
        version = asked_of(server, team)
        with pytest.raises(BackendError):
            proposed(queue, version, inputs)
        end = timezone.now() + timedelta(seconds=1.5)
        ExampleCall.objects.update(lease_token=uuid.uuid4(), lease_until=end)
        server.key = ""
        result = proposed(queue, version, inputs)
    assert result.examples == 1
    assert ExampleCall.objects.get().answered >= end


def test_an_answer_to_a_call_that_another_process_took_meanwhile_is_dropped(
    team: Team, queue: ExampleQueue, tmp_path: Path
) -> None:
    inputs = prompts(tmp_path / "in.jsonl", *questions(4))

    def take_over(*_: int) -> None:
        others = ExampleCall.objects.unanswered()
        others.update(answer="theirs", answered=timezone.now(), lease_token=None)

    with OpenAIServer(latency_s=0.4) as server:
        version = asked_of(server, team, concurrency=1)
        proposed(queue, version, inputs, progress=take_over)
    ours = ExampleCall.objects.exclude(answer="theirs").count()
    assert 0 < ours < 4
    assert Example.objects.count() == ours


def test_calls_are_held_for_as_long_as_their_passages_are_searched_for(
    team: Team, queue: ExampleQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(
        requests: list[Any], *_: Any, waiting: Callable[[], None]
    ) -> tuple[list[Any], list[Any]]:
        now = timezone.now()
        ExampleCall.objects.update(lease_until=now)
        waiting()
        assert ExampleCall.objects.get().lease_until > now
        return requests, []

    monkeypatch.setattr(calls, "with_contexts", search)
    monkeypatch.setattr(calls, "RENEWED_AFTER", timedelta(seconds=-1))
    with OpenAIServer() as server:
        proposed(queue, asked_of(server, team), prompts(tmp_path / "in.jsonl", "One?"))
    assert ExampleCall.objects.get().answered
