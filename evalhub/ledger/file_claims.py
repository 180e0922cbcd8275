"""A comparison of files as a claim that a ledger may know. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalhub.decision.arm_scores import ArmScores, ItemLabel
from evalhub.decision.charge import Charge
from evalhub.decision.document import DecisionRecord
from evalhub.decision.requirements import Requirement
from evalhub.declare.policy import LedgerScope, Primaries

type Prints = tuple[int, int]
"""Of an item, the fingerprints of its own text and of its text in its context."""


@dataclass(frozen=True, slots=True)
class FileClaim:
    """The claim that one arm beats another on a file's items by one metric.

    Attributes:
        items: in order, which the arms' `places` count.
        prints: of each item, where the files hold all their texts; None: the items are known by
            their ids alone.
        options: of the metric; None where the files say its name alone.
        mix: each tag's share of production.
        measured: SHA-256 of the costs and times that a critical budget reads here; "" where none
            does.
    """

    requirement: Requirement
    items: Sequence[ItemLabel]
    prints: Sequence[Prints] | None
    baseline: ArmScores
    candidate: ArmScores
    metric: str
    options: Mapping[str, Any] | None = None
    mix: Mapping[str, float] | None = None
    measured: str = ""


@dataclass(frozen=True, slots=True)
class FileCharge:
    """What a ledger leaves to files whose items it knows.

    Attributes:
        registered: it knows items of all their critical test sets.
    """

    paid: Charge
    registered: bool


type JudgeAt = Callable[[Charge | None, bool], DecisionRecord]
"""The record, judged at what a ledger leaves, and whether it counts all of it; None and False
where none knows the items."""


class FileLedger(Protocol):
    """A ledger by which files are judged, where it knows their items.

    Attributes:
        is_a_servers: it is a server's, as a policy's `ledger_at: server` wants it.
    """

    @property
    def is_a_servers(self) -> bool: ...

    def read(
        self,
        claims: Sequence[FileClaim],
        judge: JudgeAt,
        *,
        counts: LedgerScope,
        alpha: float,
        primaries: Primaries,
        files: Sequence[str],
    ) -> DecisionRecord:
        """The record, and the number that it takes is kept; invalid evidence takes none."""
