"""Accepted examples are varied by a model: recorded calls, the parent's cluster, no copies."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError
from evalhub.features.examples.models import CallPart, ExampleCall
from evalhub.features.examples.sources.augmenting import (
    CUT,
    augment,
    plan_augmentation,
)
from evalhub.features.examples.sources.items_of_tests import NEARLY
from evalhub.features.examples.sources.known_questions import NEARLY_SAME, SAME
from evalhub.features.examples.sources.proposing import EMPTY, AskedCalls
from evalhub.features.examples.sources.variations import VARIATIONS, variation_of
from evalhub.features.traffic.shadow.items import ELSEWHERE
from evalhub.io.rows import DataError
from evalhub.registry.models import ModelVersion
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.models import Example, ExampleQueue, ExampleSource, ExampleState
from tests.cast import OPERATOR, Team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, saying

pytestmark = pytest.mark.django_db

QUESTION = "Which form do I need for the return of a damaged parcel from another country?"


@pytest.fixture
def queue(team: Team) -> ExampleQueue:
    return create_queue(project=team.project, by=team.eva, name="answers")


def accepted(queue: ExampleQueue, *questions: Any, **fields: Any) -> list[Example]:
    """Examples that people have accepted, with the answer "the right answer"."""
    drafts = [
        ExampleDraft(input=question, source=ExampleSource.PERSON, proposal="draft", **fields)
        for question in questions
    ]
    add_examples(queue=queue, drafts=drafts, by=None)
    examples = Example.objects.filter(queue=queue)
    examples.update(
        state=ExampleState.ACCEPTED, final_answer="the right answer", decided="2026-01-01T00:00Z"
    )
    return list(examples)


def varied(queue: ExampleQueue, version: ModelVersion, *kinds: str, **fields: Any) -> AskedCalls:
    return augment(queue=queue, version=version, kinds=kinds, by=None, reach=OPERATOR, **fields)


def a_writer(team: Team, server: OpenAIServer, **fields: Any) -> ModelVersion:
    return a_version(team, "writer", backend=server.backend(retries=0), **fields)


def rewording(texts: dict[str, str] | str) -> Any:
    """Replies with this text to an instruction, by a word of it, and else as the server does."""

    def reply(prompt: str, attempt: int) -> Any:
        if "Question:\n" not in prompt:
            return None
        if isinstance(texts, str):
            return saying(texts)
        return saying(next(text for word, text in texts.items() if word in prompt))

    return reply


def children() -> list[Example]:
    return list(Example.objects.filter(source=ExampleSource.AUGMENTATION).order_by("pk"))


def test_a_paraphrase_keeps_the_accepted_answer_and_waits_for_people(
    team: Team, queue: ExampleQueue
) -> None:
    [parent] = accepted(queue, QUESTION, licence="CC0", user_hash="a" * 32, tags=["returns"])
    with OpenAIServer() as server:
        server.misbehave = rewording("“How can I send back something broken?”")
        version = a_writer(team, server, prompt={"system": "Be brief."})
        result = varied(queue, version, "paraphrase")
        [messages] = [request["messages"] for request in server.requests]
    [child], call = children(), ExampleCall.objects.get()
    assert (result.planned, result.examples) == (1, 1)
    assert (child.input, child.proposal) == (
        "How can I send back something broken?",
        "the right answer",
    )
    assert (child.state, child.parent, child.model) == (ExampleState.WAITING, parent, "writer@1")
    assert (child.licence, child.user_hash, child.tags) == ("CC0", "a" * 32, ["returns"])
    assert child.reference["variation"] == "paraphrase"
    assert child.reference["call"] == call.pk
    assert child.reference["cluster"] == f"example-{parent.pk}"
    assert child.prompt == VARIATIONS["paraphrase"].instruction
    assert (call.part, call.parent, call.example) == (CallPart.QUESTION, parent, child)
    assert messages[1]["content"].endswith(f"Question:\n{QUESTION}")
    assert "Be brief." not in json.dumps(messages)  # the instruction takes the prompt's place


def test_children_share_their_parents_cluster(team: Team, queue: ExampleQueue) -> None:
    accepted(queue, QUESTION, reference={"cluster": "user-7"})
    with OpenAIServer() as server:
        server.misbehave = rewording({"1 of 2": "What about broken goods?", "2 of 2": "Any help?"})
        varied(queue, a_writer(team, server), "vary:informal", each=2)
    assert [child.reference["cluster"] for child in children()] == ["user-7", "user-7"]


def test_in_another_language_the_version_answers_the_new_question_itself(
    team: Team, queue: ExampleQueue
) -> None:
    accepted(queue, [{"role": "system", "content": "Help."}, {"role": "user", "content": "Who?"}])
    with OpenAIServer() as server:
        server.misbehave = rewording({"in German": "Wer denn?"})
        version = a_writer(team, server, prompt={"system": "Be brief."})
        result = varied(queue, version, "vary:language=German")
        answer_request = server.requests[1]["messages"]
    [child] = children()
    question, answer = ExampleCall.objects.order_by("pk")
    assert child.input[-1] == {"role": "user", "content": "Wer denn?"}
    assert (child.proposal, result.examples) == ("You said: Wer denn?", 1)
    assert answer_request[0]["content"] == "Be brief.\n\nHelp."
    assert (question.example, answer.example) == (None, child)
    assert child.reference["call"] == answer.pk
    assert child.reference["question_call"] == question.pk
    assert {question.kind, answer.kind} == {"vary:language=German"}


def test_copies_and_near_copies_of_parents_and_test_items_are_left_out_and_counted(
    team: Team, queue: ExampleQueue
) -> None:
    tested = "How long does the transport of heavy furniture to an island usually take?"
    a_test_set(team, items=[{"input": tested}])
    accepted(queue, QUESTION)
    replies = {
        "1 of 5": QUESTION.lower(),
        "2 of 5": QUESTION.replace("country", "place"),
        "3 of 5": tested,
        "4 of 5": tested.replace("usually", "normally"),
        "5 of 5": "What do I fill in when goods arrive broken from abroad?",
    }
    with OpenAIServer() as server:
        server.misbehave = rewording(replies)
        result = varied(queue, a_writer(team, server), "paraphrase", each=5)
    assert [child.input for child in children()] == [replies["5 of 5"]]
    assert result.left_out == {SAME: 1, NEARLY_SAME: 1, ELSEWHERE: 1, NEARLY: 1}


def test_variations_that_keep_most_words_may_be_near_their_parent(
    team: Team, queue: ExampleQueue
) -> None:
    accepted(queue, QUESTION)
    typos = QUESTION.replace("damaged", "damagd").replace("parcel", "pracel")
    with OpenAIServer() as server:
        server.misbehave = rewording({"typing errors": typos, "in formal": typos})
        result = varied(queue, a_writer(team, server), "vary:typos", "vary:formal")
    assert [child.input for child in children()] == [typos]
    assert result.left_out == {SAME: 1}


def test_empty_and_cut_questions_are_left_out(team: Team, queue: ExampleQueue) -> None:
    accepted(queue, QUESTION)
    with OpenAIServer() as server:
        cut = saying("How do I")
        cut.text = cut.text.replace('"stop"', '"length"')
        server.misbehave = lambda prompt, _: saying(" ") if "1 of 2" in prompt else cut
        result = varied(queue, a_writer(team, server), "vary:longer", each=2)
    assert result.left_out == {EMPTY: 1, CUT: 1}


def test_a_second_time_nothing_is_asked_again_and_variations_arent_varied(
    team: Team, queue: ExampleQueue
) -> None:
    accepted(queue, QUESTION)
    with OpenAIServer() as server:
        server.misbehave = rewording("How can I send back something broken?")
        version = a_writer(team, server)
        varied(queue, version, "paraphrase")
        Example.objects.update(
            state=ExampleState.ACCEPTED, final_answer="yes", decided="2026-01-01T00:00Z"
        )
        again = varied(queue, version, "paraphrase")
        assert len(server.requests) == 1
    assert (again.planned, again.examples) == (0, 1)


def test_rows_of_a_file_are_varied_too(team: Team, queue: ExampleQueue, tmp_path: Path) -> None:
    path = tmp_path / "seeds.jsonl"
    path.write_text(json.dumps({"input": QUESTION, "reference": "Form 7."}) + "\n")
    with OpenAIServer() as server:
        server.misbehave = rewording("How can I send back something broken?")
        varied(queue, a_writer(team, server), "paraphrase", file=path)
        path.write_text(json.dumps({"input": "No answer?"}) + "\n")
        with pytest.raises(DataError, match="reference"):
            varied(queue, a_writer(team, server), "paraphrase", file=path)
    [child] = children()
    assert (child.proposal, child.parent) == ("Form 7.", None)
    assert (child.reference["name"], child.reference["line"]) == ("seeds.jsonl", 1)
    assert child.reference["cluster"]


def test_a_dry_run_counts_the_answers_that_new_questions_need(
    team: Team, queue: ExampleQueue
) -> None:
    accepted(queue, "One?", "Two?")
    with OpenAIServer() as server:
        version = a_writer(team, server, sampling={"max_tokens": 10})
        plan, most = plan_augmentation(
            queue=queue,
            version=version,
            kinds=["paraphrase", "vary:facts"],
            each=2,
            by=None,
            reach=OPERATOR,
        )
        assert not server.requests
    assert (plan.parents, len(plan.calls), plan.answers) == (2, 8, 4)
    assert most.calls == 12
    assert not ExampleCall.objects.exists()


def test_nothing_is_varied_without_accepted_examples_or_in_a_queue_of_references(
    team: Team, queue: ExampleQueue
) -> None:
    references = create_queue(
        project=team.project, by=None, name="references", purpose="references"
    )
    with OpenAIServer() as server:
        version = a_writer(team, server)
        with pytest.raises(DeclarationError, match="no example is accepted yet"):
            varied(queue, version, "paraphrase")
        with pytest.raises(DeclarationError, match="only rows to train on"):
            varied(references, version, "paraphrase")


@pytest.mark.parametrize(
    "kind",
    ["formal", "vary:paraphrase", "vary:", "vary:language", "vary:language=", "vary:formal=x",
     "vary:language=German; say {value}", "vary:language=" + "a" * 60, "paraphrase=1"],
)  # fmt: skip
def test_a_kind_names_a_variation_and_its_value(kind: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        variation_of(kind)
    assert refused.value.field == "kind"


@pytest.mark.parametrize(
    "kind", ["paraphrase", "vary:formal", "vary:language=Brazilian Portuguese"]
)
def test_a_kind_is_written_as_it_was_read(kind: str) -> None:
    assert variation_of(kind).kind == kind
