"""A study on sampled requests: where its items are from, and who was exposed. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Amount, Count, Probability, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status
from evalhub.stats.sampling import LARGE_CLUSTER

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


COST_SCORE = "cost_usd"
"""The score with which a recorded answer says what it cost, as a mirror's do."""


class AnswerCosts(Declaration):
    """What an arm's answers to a sample took and cost, as it was recorded; null: not known.

    Attributes:
        answers: of which it is known how long they took, or what they cost.
        latency_p50_ms, latency_p95_ms: of production's requests, by the items' weights.
        cost_usd: the mean of an answer.
    """

    answers: Count
    latency_p50_ms: Amount | None = None
    latency_p95_ms: Amount | None = None
    cost_usd: Amount | None = None


class ShadowRow(Declaration):
    """A test set that is a sample of requests.

    Attributes:
        model: the name under which the requests were served.
        requests: that it was drawn from, but for those `seen_before`, which say what an earlier
            sample said.
        drawn: requests; those that say the same are one item.
        asked_again: items whose answer by production couldn't stand, as personal data was masked or
            it wasn't whole.
        mirrored: both arms' answers were given to the same calls at the same time.
        asked_together: one runner asked both arms, a part of the items of the one and of the other
            in turn.
        largest_user: share of the weight that one user has at most.
        production, candidate: what was recorded of their answers; no criterion.
    """

    test_set: str
    model: str
    items: Size
    requests: Size
    drawn: Size
    seen_before: Count
    asked_again: Count
    mirrored: bool
    users: Count
    largest_user: Probability
    asked_together: bool = False
    production: AnswerCosts | None = None
    candidate: AnswerCosts | None = None

    @property
    def comparable(self) -> bool:
        """Whether what answers took and cost may be compared: both arms answered under one load."""
        return self.mirrored or self.asked_together


class ShadowSection(Section):
    """Where the items of a shadow study are from; nobody was exposed to the candidate.

    Attributes:
        second_answer: whether the baseline answered twice, so that the noise floor is known.
    """

    title: ClassVar[str] = "Shadow of production"
    method: ClassVar[str] = "shadow"
    order: ClassVar[int] = 37

    exposed: Literal[0] = Field(0, description="users who were shown an answer of the candidate")
    second_answer: bool
    test_sets: tuple[ShadowRow, ...] = Field(min_length=1)

    def derive_status(self, arms: Arms) -> Status:
        """Worth a look where one user has much of a sample, or most of it was asked again."""
        fine = all(
            row.largest_user <= LARGE_CLUSTER and 2 * row.asked_again <= row.items
            for row in self.test_sets
        )
        return Status.PASS if fine else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield f"Nobody was exposed: no user was shown an answer of {arms.candidate.name}."
        for row in self.test_sets:
            yield from _sentences(row, arms)
        yield "Earlier turns of a conversation are the baseline's, for both arms."
        if not self.second_answer:
            yield (
                f"{arms.baseline.name} answered once: how far it differs from itself isn't known."
            )

    def without_results(self) -> Self:
        """All of it: a sample says nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """A sample's counts fit each other."""
        for i, row in enumerate(record.shadow.test_sets if record.shadow else ()):
            inner = f"{at}shadow.test_sets[{i}]."
            if row.drawn + row.seen_before > row.requests:
                yield Discrepancy(
                    f"{inner}drawn", row.drawn, row.requests, "it was drawn from the others"
                )
            if row.asked_again > row.items or row.items > row.drawn:
                yield Discrepancy(
                    f"{inner}items", row.items, row.drawn, "each item was drawn, or asked again"
                )


def _sentences(row: ShadowRow, arms: Arms) -> Iterator[str]:
    yield (
        f"The {count_text(row.items, 'item')} of {row.test_set} were drawn at random from "
        f"{count_text(row.requests, 'request')} that {row.model} answered, of "
        f"{count_text(row.users, 'user')}."
    )
    if row.seen_before:
        yield (
            f"{row.seen_before / row.requests:.1%} of those requests ask what an earlier sample "
            "asks: the estimates are of the others."
        )
    if row.asked_again:
        yield (
            f"On {row.asked_again:,} of them ({row.asked_again / row.items:.1%}) production's "
            f"answer couldn't stand, and {arms.baseline.name} was asked again."
        )
    if row.largest_user > LARGE_CLUSTER:
        yield f"One user has {row.largest_user:.0%} of the weight on {row.test_set}."
    yield from _cost_sentences(row, arms)


def _cost_sentences(row: ShadowRow, arms: Arms) -> Iterator[str]:
    for name, costs in ((row.model, row.production), (arms.candidate.name, row.candidate)):
        if costs is not None and (parts := _cost_parts(costs)):
            yield f"As recorded, {name} answered {row.test_set} {', '.join(parts)}."
    if row.asked_together:
        yield (
            f"{arms.baseline.name} was asked all of it anew, in turn with {arms.candidate.name}, "
            "by one runner: what their answers took and cost may be compared."
        )
    elif row.mirrored:
        yield "Both were asked at the same time: what their answers took and cost may be compared."
    else:
        yield (
            "What production's answers took and cost isn't compared: they were given under "
            "another load."
        )


def _cost_parts(costs: AnswerCosts) -> list[str]:
    parts = []
    if costs.latency_p50_ms is not None and costs.latency_p95_ms is not None:
        parts.append(
            f"in {costs.latency_p50_ms:,.0f} ms (p50) and {costs.latency_p95_ms:,.0f} ms (p95)"
        )
    if costs.cost_usd is not None:
        parts.append(f"at ${costs.cost_usd:.3g} a request")
    return parts
