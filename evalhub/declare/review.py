"""A review: what an owner asks for (the plan's file), and the plan that is sealed from it."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.defaults import ENOUGH_REVIEWERS
from evalhub.stats.levels import ALPHA

SECONDS = 37.0
"""A comparison's usual time: people of AlpacaEval took a median of 36.8 s."""
MOST_TAGS = 20
KNOWN = "review"
"""The field of an item's metadata that says what its answer should be, as `Known` does."""

Expected = Literal["baseline", "candidate", "tie", "both-bad"]
Flag = Literal["unsafe", "wrong-language", "broken-format", "names-itself"]
Rationale = Literal["off", "optional", "required"]
Stratum = Literal["tags", "length", "disagreement"]
Combinations = Literal["all", "baseline"]
Side = Literal["left", "right", "answer"]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Asked = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Share = Annotated[float, Field(ge=0, le=0.5)]
MOST = 1_000_000_000
Seed = Annotated[int, Field(ge=0, le=MOST)]
ItemCount = Annotated[int, Field(ge=1, le=MOST, description="that people are asked about")]

_TAG = re.compile(r"[^\W_][\w+#-]{0,39}")


def normalise_tags(texts: Sequence[str]) -> tuple[str, ...]:
    """Normalise languages and skills as tags: lower case, sorted, unique. Raises ValueError."""
    tags = sorted({tag.strip().lower() for tag in texts if tag.strip()})
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise invalid(f"tag {tag!r}: use letters, digits, + # _ and -, 40 at most")
    if len(tags) > MOST_TAGS:
        raise invalid(f"{len(tags)} tags are too many; use {MOST_TAGS} or fewer")
    return tuple(tags)


Tags = Annotated[tuple[str, ...], AfterValidator(normalise_tags)]


class Dimension(Declaration):
    """One question of the rubric: a choice between the sides, or a rating low … high."""

    # the length apart: counted by the pattern, it takes a process 30 ms of its start
    name: str = Field(
        pattern=r"^[^\W\d_][\w-]*$", max_length=40, description="its key in files and records"
    )
    question: Asked
    kind: Literal["choice", "rating"] = "choice"
    low: int = Field(1, ge=0, le=8, description="the least rating")
    high: int = Field(5, ge=1, le=9, description="the highest rating")

    @model_validator(mode="after")
    def _fits(self) -> "Dimension":
        if self.kind == "choice" and {"low", "high"} & self.model_fields_set:
            raise invalid("low and high belong to a rating")
        if self.high <= self.low:
            raise invalid(f"must be above low, {self.low}, not {self.high}", "high")
        return self

    @model_serializer(mode="wrap")
    def _without_a_choice_s_ends(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = dump(self)
        ends = ("low", "high") if self.kind == "choice" else ()
        return {name: value for name, value in document.items() if name not in ends}

    @property
    def values(self) -> tuple[int, ...]:
        """Allowed ratings; empty for a choice."""
        return tuple(range(self.low, self.high + 1)) if self.kind == "rating" else ()


class Show(Declaration):
    """How answers are put before people: both arms' alike. What an answer says stays the same."""

    json_: Literal["indented", "pretty"] = Field(
        "indented",
        alias="json",
        description="indented: where that changes nothing but white space. pretty: all JSON in one "
        "layout, with its keys in order, no escapes and no code fence around it",
    )
    markdown: Literal["rendered", "plain"] = Field(
        "rendered", description="plain: marks of headings, lists, bold words and code are taken off"
    )

    @property
    def sentence(self) -> str:
        """How both arms' answers were made alike before they were shown, as a sentence; "" for
        nothing."""
        changes = []
        if self.json_ == "pretty":
            changes.append("JSON in one layout (keys in order, no escapes, no code fence)")
        if self.markdown == "plain":
            changes.append("Markdown as plain text")
        return f"Both arms' answers were shown alike: {' and '.join(changes)}." if changes else ""


class Form(Declaration):
    """What a page asks of a pair, or of a single answer where its dimensions are ratings."""

    question: Text = Field("", description="empty: the review's own")
    steps: bool = Field(False, description="ask for “much better” too")
    dimensions: tuple[Dimension, ...] = ()
    rationale: Rationale = "off"
    flags: tuple[Flag, ...] = Field((), description="what can be flagged in an answer")
    repeats: Share = Field(
        0.0, description="share of the turns that are dealt again, sides swapped"
    )
    block: int = Field(
        20, ge=1, le=1000, description="an answer can be undone within its block of turns"
    )
    spacing: int = Field(
        10, ge=0, le=10_000, description="turns between two of one item, and before a repeat"
    )
    guess: bool = Field(False, description="ask in the end which side was the tuned model")
    show: Show = Show()

    @model_validator(mode="after")
    def _fits(self) -> "Form":
        if len({each.name for each in self.dimensions}) < len(self.dimensions):
            raise invalid("two have one name", "dimensions")
        if len(set(self.flags)) < len(self.flags):
            raise invalid("one is given twice", "flags")
        if self.rates and any(each.kind == "choice" for each in self.dimensions):
            raise invalid(
                "ratings are of one answer, choices of two: use either, not both", "dimensions"
            )
        if self.rates and self.steps:
            raise invalid("one answer can't be “much better”: ratings have no steps", "steps")
        if self.rates and self.guess:
            raise invalid("with one answer at a time there are no two to tell apart", "guess")
        return self

    @property
    def rates(self) -> bool:
        """Whether single answers are rated, rather than two compared."""
        return any(dimension.kind == "rating" for dimension in self.dimensions)

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that can be flagged: keys of a judgment's `flags`."""
        return ("answer",) if self.rates else ("left", "right")

    @property
    def one_key(self) -> bool:
        """Whether a choice alone is a complete answer, so that one key press sends it."""
        return not self.dimensions and self.rationale != "required"


def _or_the_word(schema: dict[str, Any]) -> None:
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole, {"enum": list(get_args(Expected))}]


class Known(Declaration):
    """What the answer to a gold or practice item should be; in a file, the word alone will do."""

    model_config = ConfigDict(json_schema_extra=_or_the_word)

    expected: Expected
    feedback: str = Field("", description="practice: feedback to the reviewer after the answer")
    practice: bool = Field(False, description="to practise on, rather than gold")

    @model_validator(mode="before")
    @classmethod
    def _of_a_word(cls, value: Any) -> Any:
        return {"expected": value} if isinstance(value, str) else value


class FixedSize(Declaration):
    """Stopping rule: the review ends with its last planned judgment."""

    rule: Literal["fixed"] = "fixed"


class Anytime(Declaration):
    """The review ends as soon as its preference is clear, by limits that hold at every look.

    The question is whether the candidate's win score is above one half plus `min_gain`.
    """

    rule: Literal["anytime"] = "anytime"
    alpha: float = Field(
        ALPHA, gt=0, lt=0.5, description="one-sided chance of a wrong claim; else the study's"
    )
    share: float = Field(
        0.2, gt=0, le=1, description="what looks spend of it; a review that runs to its end has "
        "the rest"
    )  # fmt: skip
    min_gain: float = Field(0.0, gt=-0.5, lt=0.5, description="else the study's")
    priority: bool = Field(False, description="deal the least certain strata first")


type Stopping = Annotated[FixedSize | Anytime, Field(discriminator="rule")]


class ReviewBasics(Declaration):
    """What a review's plan says, and a study's `review` likewise."""

    reviewers_per_item: int = Field(2, ge=1, le=20, description="judgments an item")
    seed: Seed = Field(1, description="of the sample, orders and sides")
    question: Asked = Field(
        "Which answer would you rather send?",
        description="what reviewers are asked; it must name no arm",
    )


class Design(ReviewBasics):
    """A review's design: its questions and reviewers, the sampling of items, its checks and its
    end."""

    items: ItemCount = 200
    form: Form = Form()
    strata: tuple[Stratum, ...] = Field(("tags",), description="what the sample is stratified by")
    diverse: bool = Field(
        False, description="draw near-copies of a request after all others of their stratum"
    )
    combinations: Combinations = Field(
        "all", description="of several arms: all with all, or each with the baseline"
    )
    controls: Share = Field(0.0, description="A/A pairs, as a share of the main ones")
    gold: Share = Field(0.0, description="pairs with a known answer, likewise")
    practice: int = Field(0, ge=0, le=50, description="pairs to qualify on, before the first real")
    pass_mark: float = Field(0.7, ge=0, le=1, description="share of them to be right")
    known: dict[str, Known] = Field(
        {}, description="item's id: the answer that it should have; it is gold or practice"
    )
    stopping: Stopping = FixedSize()
    requires: Tags = Field((), description="languages and skills that a reviewer must have")
    invited_only: bool = Field(False, description="take only people invited to this review")


class CampaignRequest(Design):
    """A review plan's file, and what a page's form says: a design, who judges, and its price."""

    people: int = Field(
        ENOUGH_REVIEWERS, ge=1, le=1000, description="who will judge; what it can show counts them"
    )
    seconds: float = Field(SECONDS, ge=1, le=3600, description="a comparison takes")
    rate: float | None = Field(None, ge=0, description="what an hour costs")

    @property
    def judges(self) -> int:
        """How many will judge: never fewer than an item has judgments."""
        return max(self.people, self.reviewers_per_item)


class StratumCount(Declaration):
    different: int
    sampled: int


class Vendi(Declaration):
    """Effective number of different requests among `items`, drawn plainly and as planned."""

    before: float
    after: float
    items: int


class ItemSampling(Declaration):
    by: tuple[Stratum, ...] | Literal["as given"]
    near_copies: int
    vendi: Vendi | None


class ReviewPlan(Declaration):
    """What is sealed before the first turn: the design and what it comes to over these answers.

    It holds keys and digests of content, never a row's id: the same answers and the same design
    have the same plan in any database.
    """

    schema_: Literal["evalhub.review-plan/1"] = Field("evalhub.review-plan/1", alias="schema")
    kind: Literal["pairs", "ratings"]
    design: Design
    scale: tuple[str, ...]
    side_block: int = Field(description="turns in which each side comes up equally often")
    test_set: str = Field(description="digest of its items")
    arms: tuple[str, ...] = Field(description="digests of each arm's answers, the baseline's first")
    items: tuple[str, ...] = Field(description="keys of the items asked about, in order")
    pairs: tuple[tuple[str | int, ...], ...] = Field(
        description="[kind, item's key, arm, other arm (pairs only), expected (where known)]"
    )
    texts: str = Field(description="SHA-256 over the SHA-256 of each text shown, in order")
    strata: dict[str, StratumCount]
    sampling: ItemSampling
    different: int = Field(description="items whose answers differ")
    identical: int
    unpaired: int = Field(description="items that an arm has no answer to")
