"""Which looks a decision's test sets are judged by, whose they are, and what they leave. Pure."""

from collections.abc import Iterator
from math import isclose
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.ledger_origin import (
    BEGUN,
    RESTORED,
    beginning_caveat,
    beginning_sentence,
    restore_caveat,
    restore_sentence,
)
from evalhub.decision.levels import Together, items_factor, level_of, level_of_stages
from evalhub.decision.sections.base import Section
from evalhub.declare.amounts import Size
from evalhub.declare.caveats import Caveat
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.ledger_origin import LedgerBeginning, RestoredLedger
from evalhub.declare.policy import LedgerScope
from evalhub.declare.verdicts import Status, Verdict

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

BUILDS = "Another build is another candidate, where its arm states the build."


class SharedBy(Declaration):
    """The arms of one study that share a look, since they were registered before any was read."""

    arms: Size = Field(description="how many, this one included")
    correlations: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        description="by critical criterion, how alike the arms' differences are at least: the "
        "smallest correlation of two arms, less its standard error"
    )
    readings: Size = Field(description="as how many the look counts for whoever comes next")


class LedgerRow(Declaration):
    """Which look judged a test set.

    Attributes:
        number: the last of `looks`.
        looks: numbers, oldest first; several where items were added before each but the first.
        arms: of items that were drawn from a pool for this candidate, how many arms share the
            whole of alpha.
        tries: of such items, which of the candidate's tries each stage is; empty: the first.
        elsewhere: the candidate was tried on other items before, and `number` counts those tries.
        claim: SHA-256 by which the ledger knows what was claimed; empty in older records.
        together: by look, the arms that share what it may spend; empty: no look is shared.
        counted: the look was taken for this test set; else it is that of the primaries, which a
            guard comes with.
    """

    test_set: str
    number: Size
    looks: tuple[Size, ...] = Field(min_length=1)
    arms: Size | None = None
    tries: tuple[Size, ...] = ()
    elsewhere: bool = False
    claim: str = ""
    together: tuple[SharedBy | None, ...] = Field(
        (), description="by look, the arms that share what it may spend; empty: none is shared"
    )
    level: float
    counted: bool
    spent: bool


class LedgerSection(Section):
    """Which look at its test sets this one is, by whose ledger, and what is left of alpha."""

    title: ClassVar[str] = "Test-set ledger"
    method: ClassVar[str] = "ledger"
    order: ClassVar[int] = 80

    home: Annotated[str, HOME_BOUND] = Field(
        description="the ledger's random id: its home's, and no other's"
    )
    counts: LedgerScope
    alpha: float
    level: float = Field(description="of what has no level of its own")
    test_sets: tuple[LedgerRow, ...]
    spent: bool
    begun: Annotated[LedgerBeginning | None, HOME_BOUND] = Field(
        None, description="null: the looks aren't among the ledger's first, or nobody noted it then"
    )
    restored: Annotated[RestoredLedger | None, HOME_BOUND] = Field(
        None, description="null: the items weren't in a backup that the ledger was restored from"
    )

    def derive_status(self, arms: Arms) -> Status:
        return Status.OPEN if self.spent else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        for row in self.test_sets:
            if row.counted:
                yield _look_sentence(row, self.alpha)
        beside = [row for row in self.test_sets if not row.counted]
        alike = [row.test_set for row in beside if row.level >= self.level]
        if alike:
            yield f"Judged by the same look, without a charge: {', '.join(alike)}."
        for row in beside:
            if row.level < self.level:
                yield (
                    f"{row.test_set} was read with other scores of this candidate before: it is "
                    f"judged at {row.level:.2g}, as a further try."
                )
        yield f"All looks are those of the ledger {self.home}."
        yield from _origin(self)

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Levels are those that the looks leave, and caveats those that the origin asks for."""
        counts = record.ledger is not None and record.ledger.counts != "off"
        registered = counts or record.live_sums is not None
        if record.registered and not registered and record.verdict is not Verdict.INVALID:
            rule = "a registered look stands in a ledger that counts"
            yield Discrepancy(f"{at}registered", True, False, rule)
        if record.ledger is not None:
            yield from _unlike_levels(record, record.ledger, f"{at}ledger.")
            yield from _unlike_looks(record, record.ledger, at)
        written = [each.as_json() for each in record.caveats if each.code in (BEGUN, RESTORED)]
        due = [each.as_json() for each in ledger_caveats(record)]
        if written != due:
            yield Discrepancy(f"{at}caveats", written, due, "the ledger's origin belongs there")


def _look_sentence(row: LedgerRow, alpha: float) -> str:
    number, name = row.number, row.test_set
    paid = f"judged at {row.level:.2g} of the policy's {alpha:g}"
    if row.tries[-1:] > (1,):
        return (
            f"The items of {name} were drawn from a pool for this candidate's try {row.tries[-1]}, "
            f"{paid}. {BUILDS}"
        )
    if row.elsewhere:
        return (
            f"This candidate was judged on other items before: {name} is its try {number}, {paid}. "
            f"{BUILDS}"
        )
    if len(row.looks) > 1:
        *earlier, last = row.looks
        before = f"look{'s' * (len(earlier) > 1)} {', '.join(map(str, earlier))}"
        return (
            f"The items of {name} were added to after {before}: look {last}, {paid}, all stages "
            "together. The next candidate pays for it."
        )
    if row.arms is not None:
        return (
            f"The items of {name} were drawn from a pool for this question: look {number} at "
            f"them, {paid}."
        )
    if row.together and (shared := row.together[-1]) is not None:
        whole = level_of(number, alpha=alpha)
        parts = row.level <= whole / shared.arms * (1 + 1e-9)
        return (
            f"Look {number} at {name} is shared by {shared.arms} arms, which were registered "
            f"before any of them was read: what it may spend, {whole:.2g}, is spent once over all "
            f"of them, by {'equal parts' if parts else 'their joint law'}. This one is {paid}."
        )
    if number == 1:
        return (
            f"The first candidate on {name}: {paid}. The k-th is judged at a k²-th of this, so "
            "that trying many makes no false ship likelier."
        )
    needs = (
        f"{paid}, where a candidate needs {items_factor(number, alpha=alpha):.1f} times "
        "the items that the first needed"
    )
    if row.spent:
        return (
            f"{name} is spent: this is look {number}, {needs}. "
            "Make a fresh test set for the next candidate."
        )
    return f"Look {number} at {name}: {needs}."


def _origin(section: LedgerSection) -> Iterator[str]:
    """How the ledger began, as far as the section knows."""
    if section.begun is not None:
        yield beginning_sentence(section.begun)
    if section.restored is not None:
        yield restore_sentence(section.restored)


def ledger_caveats(record: "DecisionRecord") -> Iterator[Caveat]:
    """Caveats on where the ledger comes from.

    That the ledger was begun just now is news where homes are gone with their job, or where the
    policy wants a server's ledger; on a laptop every first study begins one.
    """
    if record.ledger is None:
        return
    begun, restored = record.ledger.begun, record.ledger.restored
    if begun is not None and (begun.in_ci or record.policy.get("ledger_at") == "server"):
        yield beginning_caveat(begun)
    if restored is not None:
        yield restore_caveat(restored)


def _unlike_levels(
    record: "DecisionRecord", ledger: LedgerSection, at: str
) -> Iterator[Discrepancy]:
    """Levels of the section that aren't the record's."""
    for field, written, due in (
        ("alpha", ledger.alpha, record.rule.alpha),
        ("level", ledger.level, record.alpha),
    ):
        if not isclose(written, due, rel_tol=1e-9):
            yield Discrepancy(f"{at}{field}", written, due, "it is the record's own")


def _unlike_looks(
    record: "DecisionRecord", ledger: LedgerSection, at: str
) -> Iterator[Discrepancy]:
    """Levels of the section that don't follow from its looks."""
    for i, row in enumerate(ledger.test_sets):
        inner = f"{at}ledger.test_sets[{i}]."
        if row.number != row.looks[-1]:
            yield Discrepancy(f"{inner}number", row.number, row.looks[-1], "it is the last look's")
        sharing = [None if each is None else Together(**dict(each)) for each in row.together]
        level = level_of_stages(
            row.looks, alpha=ledger.alpha, arms=row.arms, tries=row.tries, together=sharing
        )
        if not isclose(row.level, level, rel_tol=1e-9):
            yield Discrepancy(f"{inner}level", row.level, level, "it is what the looks leave")
        for criterion in record.criteria:
            paid = record.rule.alphas.get(criterion.name, record.alpha)
            if criterion.test_set != row.test_set or not criterion.kind.by_item:
                continue
            if not isclose(paid, row.level, rel_tol=1e-9):
                path = f"{at}rule.alphas.{criterion.name}"
                yield Discrepancy(path, paid, row.level, "it is what the looks leave")
