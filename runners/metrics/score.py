"""What every metric takes, gives and declares, and how answers are scored by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import Field, field_validator

from evalhub.declare.declaration import Declaration
from runners.metrics.subprocess_scoring import (
    LONG,
    TooMuchError,
    extract_in_process,
    in_the_process_apart,
    score_in_process,
)

LONGEST_REASON = 300
"""Characters of why an answer has no score that are kept."""


class MetricError(ValueError):
    """A metric that can't be used: an unknown name or option, a bad pattern or schema."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer with its costs; None is a cost that nobody recorded.

    `scores` are those that were made elsewhere and came with the answer, by name. `finish_reason`
    is why the model stopped, in its server's word; "" where nobody recorded it. `asked` is the
    item's question, for a metric that `reads_question`; `tool_calls` are {name, arguments}. `input`
    and `context` are the item's whole, for a metric that needs a model. `passages` are what a
    retriever gave the model, `relevant` the ids of those that hold the answer, and `answerable`
    whether any does, for a metric that reads them. `choices` are the item's,
    and `choice_logprobs` the sum of the log-probabilities (nats) of each, for a metric that
    `reads_choices`. `logprob` is the sum of the log-probabilities (nats) of the answer's tokens, or
    of the item's text where that is judged, for a metric that `scores_texts`.
    """

    text: str
    latency_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    scores: Mapping[str, float] | None = None
    finish_reason: str = ""
    asked: str = ""
    tool_calls: Sequence[Any] | None = None
    input: Any = None
    context: str = ""
    choices: Sequence[str] | None = None
    choice_logprobs: Sequence[float] | None = None
    logprob: float | None = None
    passages: Sequence[Mapping[str, Any]] | None = None
    relevant: Sequence[str] | None = None
    answerable: bool = True


@dataclass(frozen=True, slots=True)
class MetricScore:
    """A metric's value of one answer; None is unscored, and then `reason` says why.

    A value may have a reason too: what a judge gave as its own.

    `extracted` says whether the extraction pattern matched; None where no pattern was asked.
    `parts` are what the answer adds to a score of all answers together (counts, labels), in an
    order that its metric knows; None for any other metric.
    """

    value: float | None
    reason: str = ""
    extracted: bool | None = None
    parts: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class JointScores:
    """A score that all answers of a run have together: `value`, and each answer's own in `values`,
    in the order in which they were given."""

    value: float
    values: Sequence[float]


type Scorable = tuple[Answer, Sequence[Any]]
"""An answer and its item's references; None among them is no reference."""


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """The reply of a judge's model; without one None, and `error` says why."""

    text: str | None
    error: str = ""


type Ask = Callable[[Sequence[str]], Sequence[JudgeReply]]
"""A model: prompts in, what it said out in the same order."""


type Wait = Callable[[Callable[[], Sequence[MetricScore]]], Sequence[MetricScore]]
"""Calls a function that may take long, and gives what it returns."""


class MetricDeclaration(Declaration):
    """A metric with its options, which are its fields.

    A metric's file holds one subclass, listed in `runners.metrics`. It says how to `score` one
    answer by one reference; one that is faster on many answers, or that asks a model, overrides
    `score_batch` instead. A heavy library is imported inside the method that needs it.

    Attributes:
        measures: what a value says, as one clause: "whether …", "how many …".
        normalisation: what the metric takes no notice of.
        reference_implementation: what its values are tested against; "own rule" where nothing is.
        not_for: when not to use it.
        also_needs: what an answer or item must bring besides what the other attributes say.
        instead: an option that, where given, stands in for the references.
        needs_model: whether `score_batch` is to be handed a model, which is then told of each
            answer's `input` and `context` too (see `runners.metrics.judged`).
        sandboxed: whether it runs what an answer says, so that a machine needs `runners.sandbox`.
        reads_choices: whether an item is to have choices, and an answer to say how likely each is;
            with these options, `needs_choices` says it.
        scores_texts: whether an item is to be a text that is judged itself and not answered
            (`evalhub.io.held_texts`), and the model to say how likely it is.
        reads_question: whether an answer is to come with what was `asked`.
        reads_passages: whether an answer is to come with the passages that it was given.
        reads_relevance: whether an answer is to come with its item's `relevant` and `answerable`.
        apart: whether a reference or an option can stall who scores (a pattern, a schema), so that
            answers are scored in a process that can be ended
            (`runners.metrics.subprocess_scoring`).
        recorded_alone: whether only answers made elsewhere can have it.
        scored_together: whether all answers of a run have it together, so that an answer's value is
            written when all are there (`runners.together`). `score` then gives the answer's
            `parts`, and `together` the scores of all.
        own: whether it is a team's own, whose code runs in a process apart (`own_kinds`).
        unit: of the value; "" is a share from 0 to 1, or with `binary` 0 or 1.
        bounds: the least and the most that a value can be; None where nothing bounds it.
    """

    title: ClassVar[str]
    measures: ClassVar[str] = ""
    normalisation: ClassVar[str]
    reference_implementation: ClassVar[str] = ""
    not_for: ClassVar[str] = ""
    also_needs: ClassVar[str] = ""
    needs_reference: ClassVar[bool] = True
    instead: ClassVar[str] = ""
    needs_model: ClassVar[bool] = False
    sandboxed: ClassVar[bool] = False
    reads_choices: ClassVar[bool] = False
    scores_texts: ClassVar[bool] = False
    reads_question: ClassVar[bool] = False
    reads_passages: ClassVar[bool] = False
    reads_relevance: ClassVar[bool] = False
    apart: ClassVar[bool] = False
    recorded_alone: ClassVar[bool] = False
    scored_together: ClassVar[bool] = False
    own: ClassVar[bool] = False
    higher_is_better: ClassVar[bool] = True
    binary: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The options as JSON, the defaults too; an option that isn't set is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude={"name"}, exclude_none=True)

    @property
    def model(self) -> str:
        """The judge: its name in a study file, its version's digest once registered."""
        return ""

    @property
    def compares(self) -> bool:
        """Whether a reference is needed, with these options."""
        return self.needs_reference and self.instead not in self.options

    @property
    def least_answers(self) -> int:
        """How many answers to an item it needs, with these options."""
        return 1

    @property
    def of_form(self) -> bool:
        """Whether it says how an answer looks or what it cost, as that stands: by no reference, no
        judge, no other's score and no pattern, so that nothing could have told the model."""
        of_content = self.needs_reference or self.needs_model or self.recorded_alone
        of_content = of_content or self.reads_passages or self.reads_relevance
        return not of_content and "extract" not in self.options

    @property
    def needs_choices(self) -> bool:
        """Whether, with these options, an item is to have choices and an answer their
        likelihoods."""
        return self.reads_choices

    @property
    def reads_item(self) -> bool:
        """Whether the metric reads more of an item than its references."""
        of_question = self.needs_choices or self.reads_question
        return self.needs_model or of_question or self.reads_passages or self.reads_relevance

    @property
    def rises(self) -> bool:
        """Whether a higher value is better, with these options."""
        return self.higher_is_better

    @property
    def reach(self) -> tuple[float, float] | None:
        """The least and the most that a value can be, with these options."""
        return self.bounds

    @property
    def linearised(self) -> bool:
        """Whether an item's value is its part of what all answers have together, and no score by
        itself, as pass@k of an item is."""
        return self.scored_together and self.reach is None

    @property
    def why_unusable(self) -> str:
        """Why nothing can be scored by it here, though its scores can be read; "" where it can."""
        return ""

    @property
    def unit_of_value(self) -> str:
        """The unit of the value, with these options."""
        return self.unit

    @property
    def formula(self) -> str:
        """The formula of `evalhub.stats.corpus` by whose counts all answers are scored together;
        "" where the parts are no counts, or there are none."""
        return ""

    @property
    def right(self) -> float | None:
        """The value of an answer that is wholly right, with these options; None where a value is
        counted in a unit, and no number of it is right."""
        return float(self.rises) if self.reach == (0.0, 1.0) else None

    def part_compared(self, answer: Answer) -> str | None:
        """The part of an answer that is compared, for people to read, without its score; None where
        there is nothing in it to compare."""
        return answer.text

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        """The score by one reference, pure. ValueError says why the answer can't be scored."""
        raise NotImplementedError

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        """The score of all answers of a run, from the `parts` of each and the keys of their items.

        ValueError says why these answers have none.
        """
        raise NotImplementedError

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> Sequence[MetricScore]:
        """A score an answer, each the best over its references. `ask` is None without a model."""
        return [self._best(answer, references) for answer, references in batch]

    def _best(self, answer: Answer, references: Sequence[Any]) -> MetricScore:
        if not self.compares:
            return self._one(answer, None)
        scores = [self._one(answer, one) for one in references if one is not None]
        values = [score.value for score in scores if score.value is not None]
        if values:
            best = max(values) if self.rises else min(values)
            return next(score for score in scores if score.value == best)
        return scores[0] if scores else MetricScore(None, "no reference")

    def _one(self, answer: Answer, reference: Any) -> MetricScore:
        try:
            return self.score(answer, reference)
        except (ValueError, RecursionError) as error:  # a bad reference; JSON nested without end
            return MetricScore(None, str(error))


class TextMetric(MetricDeclaration):
    """A metric of the answer's text, or of the part that a pattern extracts."""

    extract: str | None = Field(
        None,
        title="Score only what this pattern finds",
        description="a pattern with a group: its last match is scored in place of the whole answer",
    )

    @field_validator("extract")
    @classmethod
    def _has_a_group(cls, source: str | None) -> str | None:
        if source is not None:
            from runners.metrics.pattern import groups_of

            if not groups_of(source):
                raise ValueError(
                    "has no group: put the part to score in brackets, as in 'answer is (.*)'"
                )
        return source


@dataclass(frozen=True, slots=True)
class Scorer:
    """A metric ready to score answers, with the model that it may need. `wait` calls what may take
    long, a team's own code, and renews meanwhile what its caller holds. `unscored` is why
    nothing is scored by it, and every answer's reason.

    Raises MetricError where the metric needs a model and there is none.
    """

    metric: MetricDeclaration
    ask: Ask | None = None
    wait: Wait | None = None
    unscored: str = ""

    def __post_init__(self) -> None:
        if self.metric.needs_model and self.ask is None:
            raise MetricError(f"{self.metric.name} asks a model, and none is given")

    def __call__(self, answer: Answer, references: Sequence[Any] = ()) -> MetricScore:
        """The answer's best score over the references; as `batch`, of one answer."""
        return self.batch([(answer, references)])[0]

    def batch(self, answers: Sequence[Scorable]) -> list[MetricScore]:
        """The score of each answer: a finite number, or None with a reason."""
        if any(isinstance(references, str) for _, references in answers):
            raise TypeError("references are a list; this is one text")
        if self.unscored:
            return [MetricScore(None, self.unscored)] * len(answers)
        read = [self._read(answer) for answer, _ in answers]
        local: list[Scorable] = []
        apart: list[Scorable] = []
        batches: list[list[Scorable] | None] = []
        for (part, _), (_, references) in zip(read, answers, strict=True):
            if isinstance(part, Answer):
                batch = apart if self._stalls(part, references) else local
                batch.append((part, references))
                batches.append(batch)
            else:
                batches.append(None)
        scored_here = iter(self._score_all(local))
        scored_elsewhere = iter(score_in_process(self.metric.name, self._options, apart))
        scores = []
        for (part, extracted), where in zip(read, batches, strict=True):
            if isinstance(part, Answer):
                part = next(scored_elsewhere if where is apart else scored_here)
            scores.append(replace(part, extracted=extracted))
        return scores

    def part_compared(self, answer: Answer) -> tuple[str | None, bool | None]:
        """What of an answer is compared, without its score, and whether the pattern matched (None
        without a pattern): (None, …) where there is nothing to compare."""
        part, extracted = self._read(answer)
        return (self.metric.part_compared(part) if isinstance(part, Answer) else None), extracted

    @property
    def one_by_one(self) -> bool:
        """Whether answers are scored one after the other, so that a batch saves nothing."""
        return type(self.metric).score_batch is MetricDeclaration.score_batch

    @property
    def _options(self) -> dict[str, Any]:
        """The metric's options but for the pattern, which has been used by then."""
        return {name: each for name, each in self.metric.options.items() if name != "extract"}

    def _score_all(self, answers: Sequence[Scorable]) -> Sequence[MetricScore]:
        scores = self._score_batch(answers)
        if len(scores) != len(answers):
            raise MetricError(
                f"{self.metric.name} gave {len(scores)} scores for {len(answers)} answers"
            )
        return scores

    def _score_batch(self, answers: Sequence[Scorable]) -> Sequence[MetricScore]:
        if self.wait is not None and self.metric.own and answers:
            return self.wait(lambda: self.metric.score_batch(answers, self.ask))
        return self.metric.score_batch(answers, self.ask)

    def _stalls(self, answer: Answer, references: Sequence[Any]) -> bool:
        """Whether scoring the answer could hold this process for long: a schema, a long text."""
        if not isinstance(self.metric, TextMetric) or in_the_process_apart():
            return False
        if self.metric.own:
            return False  # it has a process of its own
        if self.metric.needs_model:
            return False  # it waits here, and only who asks has the model
        texts = (reference for reference in references if isinstance(reference, str))
        return self.metric.apart or len(answer.text) + sum(map(len, texts)) > LONG

    def _read(self, answer: Answer) -> tuple[Answer | MetricScore, bool | None]:
        """What is scored of the answer, and whether the pattern matched; or why nothing is."""
        if not isinstance(self.metric, TextMetric) or self.metric.extract is None:
            return answer, None
        try:
            part = extract_in_process(self.metric.extract, answer.text)
        except TooMuchError as error:
            return MetricScore(None, f"the extraction pattern {error} on this output"), False
        return (answer, False) if part is None else (replace(answer, text=part), True)
