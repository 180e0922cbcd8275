"""Vary accepted examples: paraphrases and systematic variations, each a recorded call.

Of some variations the accepted answer stays right; of others (another language, other facts) the
version answers the new question too. Either way the child waits for people as any example, and
shares its parent's cluster, so that a split can't part them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalhub.accounts.models import User
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.keys import Reach
from evalhub.features.examples.models import CallPart, ExampleCall
from evalhub.features.examples.sources.adding import add_drafts, leave_out
from evalhub.features.examples.sources.calls import (
    CallProgress,
    MostPaid,
    PlannedCall,
    VersionCalls,
    ask_failed_again,
    prompt_text,
)
from evalhub.features.examples.sources.known_questions import KnownQuestions
from evalhub.features.examples.sources.proposing import EMPTY, AskedCalls, asked_calls
from evalhub.features.examples.sources.variations import (
    Variation,
    question_in,
    question_of_reply,
    variation_of,
    with_question,
)
from evalhub.io.items import FieldMapping, items_of, question_of
from evalhub.io.rows import DataError, read_rows
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import version_name
from reviews.examples.drafts import ExampleDraft
from reviews.models import Example, ExampleQueue, ExampleSource, QueuePurpose

MOST_EACH = 20
CUT = "the new question was cut at the limit of tokens"
READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class AugmentationPlan:
    """The calls for questions that augmenting would make, and from how many parents."""

    calls: Sequence[PlannedCall]
    parents: int
    answers: int
    """Calls that follow, where the new question needs an answer of its own."""


def plan_augmentation(
    *,
    queue: ExampleQueue,
    version: ModelVersion,
    kinds: Sequence[str],
    each: int,
    by: User | None,
    reach: Reach,
    file: Path | None = None,
) -> tuple[AugmentationPlan, MostPaid]:
    """What `augment` would ask now; nothing is stored. Raises as `augment`."""
    asker = VersionCalls(queue, version, reach, by)
    variations = _variations(kinds, each)
    calls = list(_planned(queue, variations, each, file))
    asked = set(
        asker.calls().filter(part=CallPart.QUESTION).values_list("kind", "number", "input_digest")
    )
    new = [call for call in calls if (call.kind, call.number, call.input_digest) not in asked]
    answered = {variation.kind for variation in variations if variation.new_answer}
    # as long as their parents' questions: nobody knows the new ones yet
    answers = [replace(call, part=CallPart.ANSWER) for call in new if call.kind in answered]
    parents = len({call.parent or call.input_digest for call in calls})
    return AugmentationPlan(new, parents, len(answers)), asker.most_paid([*new, *answers])


def augment(
    *,
    queue: ExampleQueue,
    version: ModelVersion,
    kinds: Sequence[str],
    by: User | None,
    reach: Reach,
    each: int = 1,
    file: Path | None = None,
    again: bool = False,
    progress: CallProgress = lambda *_: None,
) -> AskedCalls:
    """Asks a version for variations of a queue's accepted examples, or of a file's rows.

    Variations of variations aren't made. What is the same as the parent, another example or a test
    item, or nearly, is left out and counted; of variations that keep most words (typos, facts) only
    the same. Called again after it was stopped, it asks what is left.

    Args:
        kinds: `paraphrase`, `vary:formal`, …
        each: variations of one kind of one parent.
        file: rows {input, reference} in place of the accepted examples.
        again: ask again what ended in an error.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        DeclarationError: a kind that isn't one, or nothing to vary.
        evalhub.io.rows.DataError: what is wrong with the file.
        runners.backends.asking.BackendError: the server can't be used; what came before is stored.
        reviews.errors.QueueClosedError: the queue is closed.
    """
    asker = VersionCalls(queue, version, reach, by)
    variations = _variations(kinds, each)
    planned = asker.plan(_planned(queue, variations, each, file))
    of_kinds = asker.calls().filter(kind__in=[variation.kind for variation in variations])
    if again:
        ask_failed_again(of_kinds)
    maker = _Maker(asker, {variation.kind: variation for variation in variations})
    for part in (CallPart.QUESTION, CallPart.ANSWER):  # a new question may want an answer
        asker.ask(of_kinds.filter(part=part), maker.use, progress=progress)
    result = asked_calls(asker, of_kinds)
    result.planned = planned
    return result


def _variations(kinds: Sequence[str], each: int) -> list[Variation]:
    if not 1 <= each <= MOST_EACH:
        raise DeclarationError(f"say 1 to {MOST_EACH}, not {each}", "each")
    if not kinds:
        raise DeclarationError("say at least one, such as paraphrase or vary:formal", "kind")
    return [variation_of(kind) for kind in dict.fromkeys(kinds)]


def _planned(
    queue: ExampleQueue, variations: Sequence[Variation], each: int, file: Path | None
) -> Iterator[PlannedCall]:
    """The calls for questions. Raises DeclarationError where there is nothing to vary."""
    if queue.purpose != QueuePurpose.TRAINING:
        raise DeclarationError(
            "right answers of a test set aren't varied: only rows to train on are", "queue"
        )
    seeds = _of_examples(queue) if file is None else _of_file(file)
    count = 0
    for input_, context, draft, parent, user_hash in seeds:
        if not question_in(input_).strip():
            continue
        count += 1
        for variation in variations:
            for number in range(1, each + 1):
                yield PlannedCall(
                    kind=variation.kind,
                    part=CallPart.QUESTION,
                    input=input_,
                    context=context,
                    number=number,
                    draft=draft | {"each": each},
                    parent=parent,
                    user_hash=user_hash,
                )
    if not count:
        raise DeclarationError(
            "no example is accepted yet that could be varied: people accept them first"
            if file is None
            else "no row has a question of a user",
            "queue" if file is None else "inputs",
        )


type _Seed = tuple[Any, str, dict[str, Any], int | None, str]
"""Input, context, what its variations have of it, its example, its user."""


def _of_examples(queue: ExampleQueue) -> Iterator[_Seed]:
    rows = Example.objects.filter(queue=queue).accepted()
    rows = rows.exclude(source=ExampleSource.AUGMENTATION).order_by("pk")
    for example in rows.iterator(READ_AT_ONCE):
        draft = {
            "answer": example.final_answer,
            "tags": example.tags,
            "metadata": example.metadata,
            "licence": example.licence,
            "reference": {"cluster": cluster_of(example)},
        }
        yield example.input, example.context, draft, example.pk, example.user_hash


def _of_file(path: Path) -> Iterator[_Seed]:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    for line, content in items_of(read_rows(path), FieldMapping()):
        if not content.references or not isinstance(content.references[0], str):
            raise DataError(
                "a variation keeps its answer: say it as a text", file=str(path), line=line,
                field="reference",
            )  # fmt: skip
        origin = {"name": path.name, "sha256": sha256, "line": line}
        draft = {
            "answer": content.references[0],
            "tags": content.tags,
            "metadata": content.metadata,
            "reference": origin | {"cluster": content.cluster or f"{sha256[:12]}-{line}"},
        }
        yield content.input, content.context, draft, None, ""


def cluster_of(example: Example) -> str:
    """The cluster of an example and of its variations: its own name for one, such as its user's, or
    a name made of it."""
    return str(example.reference.get("cluster") or f"example-{example.pk}")


@dataclass(slots=True)
class _Maker:
    """Makes examples, or calls for their answers, of a version's replies."""

    asker: VersionCalls
    variations: Mapping[str, Variation]
    known: KnownQuestions = field(init=False)

    def __post_init__(self) -> None:
        self.known = KnownQuestions.of(self.asker.queue)

    def use(self, calls: Sequence[ExampleCall]) -> None:
        answers = [call for call in calls if call.part == CallPart.ANSWER]
        self._use_answers(answers)
        self._use_questions([call for call in calls if call.part == CallPart.QUESTION])

    def _use_answers(self, calls: Sequence[ExampleCall]) -> None:
        full = [call for call in calls if (call.answer or "").strip()]
        leave_out([call for call in calls if call not in full], EMPTY)
        drafts = {call: self._draft(call, call.input, (call.answer or "").strip()) for call in full}
        add_drafts(self.asker.queue, drafts, self.asker.by)

    def _use_questions(self, calls: Sequence[ExampleCall]) -> None:
        inputs = {call: self._new_input(call) for call in calls}
        fit = [call for call in calls if not isinstance(inputs[call], _Unfit)]
        drafts = dict[ExampleCall, ExampleDraft]()
        for call in fit:
            variation, question = self.variations[call.kind], inputs[call]
            reason = self.known.why_known(
                question_of(question), few_words_change=variation.few_words_change
            )
            if reason:
                leave_out([call], reason)
            elif variation.new_answer:
                self.asker.plan([_call_for_answer(call, question)])
            else:
                drafts[call] = self._draft(call, question, call.draft["answer"])
        for call in calls:
            if isinstance(inputs[call], _Unfit):
                leave_out([call], inputs[call].reason)
        add_drafts(self.asker.queue, drafts, self.asker.by)

    def _new_input(self, call: ExampleCall) -> Any:
        text = question_of_reply(call.answer or "")
        if not text:
            return _Unfit(EMPTY)
        return _Unfit(CUT) if call.finish_reason == "length" else with_question(call.input, text)

    def _draft(self, call: ExampleCall, input_: Any, answer: str) -> ExampleDraft:
        variation, version = self.variations[call.kind], self.asker.version
        own_answer = call.part == CallPart.ANSWER
        reference = call.draft.get("reference", {}) | {
            "variation": call.kind,
            "number": call.number,
            "call": call.pk,
            "version": version.digest,
            "prompt": call.prompt_digest,
        }
        if own_answer:
            reference |= {"question_call": call.draft["question_call"]}
        prompt = variation.instruction.format(value=variation.value)
        own = prompt_text(version.prompt)
        return ExampleDraft(
            input=input_,
            source=ExampleSource.AUGMENTATION,
            proposal=answer,
            context=call.context,
            tags=call.draft.get("tags", ()),
            metadata=call.draft.get("metadata", {}),
            reference=reference,
            model=version_name(version),
            prompt=f"{prompt}\n\n{own}".strip() if own_answer else prompt,
            parent=call.parent_id,
            licence=call.draft.get("licence", ""),
            user_hash=call.user_hash,
        )


@dataclass(frozen=True, slots=True)
class _Unfit:
    """No question, and why."""

    reason: str


def _call_for_answer(call: ExampleCall, question: Any) -> PlannedCall:
    """The call for an answer to the new question."""
    return PlannedCall(
        kind=call.kind,
        part=CallPart.ANSWER,
        input=question,
        context=call.context,
        number=call.number,
        draft=call.draft | {"question_call": call.pk},
        parent=call.parent_id,
        user_hash=call.user_hash,
    )
