"""Gains beyond belief: a broken extractor, or a leak, looks like a gain. Pure.

A drop raises an alarm where the interval's upper end lies below what may be lost. A jump does where
its lower end lies above what may be gained: of a guard its own margin the other way, since nothing
was to change there, and of any criterion the policy's `largest_gain`. So where the true gain is at
most the limit, an alarm is raised with a chance of at most the criterion's alpha: it is the same
interval, read at its other bound (two one-sided tests, Schuirmann 1987).

A guard on how answers look (fewer of them cut, refused or long) has no limit but the policy's: its
metric reads the answer alone, so that no extractor, reference or leak can feign a gain, and to
mend the form is what many a fine-tune is for.

A primary has no limit of its own, since what a fine-tune may gain on its own task is for a team to
say. But a gain of it that isn't shown any more without the items of which an extraction pattern
found nothing may be one of the pattern.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from evalhub.decision.criterion import Criterion
from evalhub.decision.inconsistent import FOLLOWS, POLICY_ASKS, Discrepancy
from evalhub.decision.sections.base import CleanRow, Section
from evalhub.decision.wording import SAME_RUN
from evalhub.declare.amounts import Count
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration, validate
from evalhub.declare.policy import JumpUse
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class JumpRow(Declaration):
    """A criterion that is shown to gain more than is believed.

    Attributes:
        limit: the gain beyond which it isn't: the policy's `largest_gain`, or a guard's margin.
        lower: the interval's lower end, which lies beyond it.
    """

    name: str
    limit: float
    difference: float
    lower: float


class MissRow(Declaration):
    """A gain that isn't shown without the items of which an extraction pattern found nothing.

    Attributes:
        baseline, candidate: such answers, by arm.
        without: the criterion on the other items; null: none is left.
    """

    name: str
    test_set: str
    baseline: Count
    candidate: Count
    without: CleanRow | None


class JumpsSection(Section):
    """Gains beyond belief, as a broken extractor or a leak gives them."""

    title: ClassVar[str] = "Gain beyond belief"
    method: ClassVar[str] = "jumps"
    order: ClassVar[int] = 10

    rule: JumpUse
    beyond: tuple[JumpRow, ...]
    misses: tuple[MissRow, ...]

    def derive_status(self, arms: Arms) -> Status:
        return Status.FAIL if self.beyond else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield from (f"{sentence}." for sentence in jump_sentences(self))

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Gains beyond belief are those of the criteria, under the policy's rule."""
        section, rule = record.jumps, record.policy.get("jumps")
        rows = () if section is None else section.beyond
        due = beyond_belief_of(record)
        if due is not None and rows != due:
            written, expected = ([row.as_json() for row in each] for each in (rows, due))
            yield Discrepancy(f"{at}jumps.beyond", written, expected, FOLLOWS)
        if section is not None and rule is not None and section.rule != rule:
            yield Discrepancy(f"{at}jumps.rule", section.rule, rule, POLICY_ASKS)


def implausible_rows(
    criteria: Sequence[Criterion], largest_gain: Mapping[str, float]
) -> tuple[JumpRow, ...]:
    """Criteria with a shown gain beyond their limit."""
    rows = []
    for criterion in criteria:
        limit = largest_gain.get(criterion.name)
        if limit is None and not criterion.form:
            limit = criterion.margin
        judged = criterion.kind.by_metric and criterion.method != SAME_RUN
        if judged and limit and criterion.lower > limit:
            rows.append(
                JumpRow(
                    name=criterion.name,
                    limit=limit,
                    difference=criterion.difference,
                    lower=criterion.lower,
                )
            )
    return tuple(rows)


def beyond_belief_of(record: "DecisionRecord") -> tuple[JumpRow, ...] | None:
    """Rows that follow from a record's criteria and policy; None for a record older than the
    rule."""
    rule = record.policy.get("jumps")
    if rule is None and record.jumps is None:
        return None
    if rule == "off" or record.invalid:
        return ()
    gains = validate(dict[str, float], record.policy.get("largest_gain", {}))
    return implausible_rows(record.criteria, gains)


def jumps_section(
    criteria: Sequence[Criterion],
    *,
    rule: JumpUse,
    largest_gain: Mapping[str, float],
    misses: Sequence[MissRow] = (),
) -> JumpsSection | None:
    """The record's `jumps`; None where no gain is beyond its limit, or the policy doesn't ask."""
    beyond = implausible_rows(criteria, largest_gain)
    if rule == "off" or not (beyond or misses):
        return None
    return JumpsSection(rule=rule, beyond=beyond, misses=tuple(misses))


def implausible_gains(section: JumpsSection | None) -> list[str]:
    """Implausible gains that keep a ship back, a sentence each; empty where the policy only reports
    them."""
    if section is None or section.rule != "hold":
        return []
    return jump_sentences(section)


def jump_sentences(section: JumpsSection) -> list[str]:
    """Each gain beyond belief in a sentence without its stop."""
    return [
        *(
            f"{row.name} gains {row.lower:.2g} or more, beyond the {row.limit:g} that is "
            "believed of it: look at how it is scored, and at what it was trained on"
            for row in section.beyond
        ),
        *(_miss_sentence(each) for each in section.misses),
    ]


def _miss_sentence(row: MissRow) -> str:
    nothing = (
        f"The extraction pattern found nothing in {row.baseline:,} answers of the baseline and in "
        f"{row.candidate:,} of the candidate on {row.test_set}"
    )
    if row.without is None:
        return f"{nothing}: no item is left without them"
    return (
        f"{nothing}: on the other {row.without.n:,} items the gain isn't shown "
        f"({row.without.difference:+.2g} [{row.without.lower:+.2g}, {row.without.upper:+.2g}])"
    )
