"""What each step before a fine-tune buys: prompt, examples, documents, then the tuning. Pure.

A step is measured beside the last one before it that was shown to buy something, so that one that
only makes up for a worse one before it counts as nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import money, with_sign
from evalhub.declare.amounts import Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

ORDER = ("base", "prompted", "few-shot", "retrieval")
"""Kinds of arms, the simplest first."""


class StepRow(Declaration):
    """One arm on one test set that must gain, beside the last step before it that bought something.

    Attributes:
        over: that step; null of the first, which stands beside nothing.
        difference, lower, upper: how much better it is than `over`, with its 95% interval.
        asked: what the difference must be more than: nothing, of the candidate its `min_gain`.
        buys: whether that is shown.
        tokens, latency_ms, money: of an answer, on average; null where nobody told, and of money
            where the study says no price of the arm.
    """

    test_set: str
    metric: str
    arm: str
    kind: str
    n: Size
    value: float
    over: str | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    asked: float = 0.0
    buys: bool = False
    tokens: float | None = Field(None, ge=0)
    latency_ms: float | None = Field(None, ge=0)
    money: float | None = Field(None, ge=0)


class StepsSection(Section):
    """What was tried before a fine-tune: for reading, never for the verdict.

    Attributes:
        alone: nothing but tuning was tried: every arm that isn't fine-tuned is a bare base.
        rows: by test set, the simplest step first and the candidate last; none where it is alone.
    """

    title: ClassVar[str] = "What each step buys"
    method: ClassVar[str] = "steps"
    order: ClassVar[int] = 120

    alone: bool
    rows: tuple[StepRow, ...] = ()

    def derive_status(self, arms: Arms) -> Status:
        return Status.OPEN if self.alone else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        """What each step buys, and which is the last that is worth its cost."""
        if self.alone:
            yield (
                "Nothing but tuning was tried: no prompt, no examples and no documents stand "
                f"beside {arms.baseline.name}, so that it isn't shown that {arms.candidate.name} "
                "is needed."
            )
        for test_set, group in groupby(self.rows, lambda row: row.test_set):
            rows = list(group)
            for row in rows:
                yield _step(row)
            yield _last(test_set, rows, arms.candidate.name)

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Where a step is said to buy what its interval doesn't show, or stands beside another than
        the last that does."""
        section = record.steps
        if section is None:
            return
        if section.alone and section.rows:
            yield Discrepancy(f"{at}steps.alone", True, False, "there are other steps")
        last: dict[str, str] = {}
        for i, row in enumerate(section.rows):
            inner = f"{at}steps.rows[{i}]."
            due = last.get(row.test_set)
            if row.over != due:
                yield Discrepancy(f"{inner}over", row.over, due, "it is the last step that buys")
            buys = row.over is not None and row.lower is not None and row.lower > row.asked
            if row.buys != buys:
                yield Discrepancy(f"{inner}buys", row.buys, buys, "its interval says so")
            if due is None or row.buys:
                last[row.test_set] = row.arm


def step_index(kind: str) -> int:
    """Position of a kind among the steps; a fine-tune is the last."""
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _step(row: StepRow) -> str:
    cost = _steps_text(row)
    sentence = f"{row.arm} reaches {row.value:.3g} on {row.test_set}"
    if row.over is not None:
        assert row.difference is not None
        assert row.lower is not None
        assert row.upper is not None
        gap = f"{with_sign(row.difference)} [{with_sign(row.lower)}, {with_sign(row.upper)}]"
        sentence += f", {gap} over {row.over}"
    return f"{sentence}{f', at {cost} an answer' if cost else ''}."


def _steps_text(row: StepRow) -> str:
    parts = []
    if row.tokens is not None:
        parts.append(f"{row.tokens:,.0f} tokens")
    if row.latency_ms is not None:
        parts.append(f"{row.latency_ms / 1000:.2g} s")
    if row.money is not None:
        parts.append(f"{money(row.money)} of money")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _last(test_set: str, rows: Sequence[StepRow], candidate: str) -> str:
    bought = [row for row in rows if row.buys]
    if not bought:
        return (
            f"On {test_set} {rows[0].arm} is the last step that is worth its cost: none after it "
            "is shown to gain on it."
        )
    last = bought[-1]
    after = ": none after it is shown to gain on it"
    if last.arm == candidate:
        after = "; what it may lose elsewhere isn't counted here"
    elif last is rows[-1]:
        after = ""
    return f"On {test_set} {last.arm} is the last step that is worth its cost{after}."
