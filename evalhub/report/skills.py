"""General capability by skill: kept, lost, not shown, or too low to tell. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status

_SAID = {Status.PASS: "kept", Status.FAIL: "lost", Status.OPEN: "not shown"}


@dataclass(frozen=True, slots=True)
class SkillRow:
    """A skill's guard, and its result in a word.

    `bare`: the baseline scores no more than the margin, so that the guard can't fail.
    """

    criterion: Criterion
    bare: bool

    @property
    def name(self) -> str:
        return self.criterion.test_set.removeprefix("general-")

    @property
    def state(self) -> str:
        """ "kept", "lost", "not shown" or, where the baseline scores too little of it to lose more
        than the margin, "too low to tell"."""
        return "too low to tell" if self.bare else _SAID[self.criterion.status]


@dataclass(frozen=True, slots=True)
class Skills:
    """The guards of general capability, lost ones first."""

    rows: Sequence[SkillRow]

    @property
    def sentence(self) -> str:
        """For example "6 of 8 skills are kept. Lost: formats. Not shown: dates"."""
        kept_names = [each.name for each in self.rows if each.state == "kept"]
        parts = [f"{len(kept_names)} of {len(self.rows)} skills are kept"]
        for state in ("lost", "not shown", "too low to tell"):
            if names := [each.name for each in self.rows if each.state == state]:
                parts.append(f"{state[0].upper()}{state[1:]}: {', '.join(names)}")
        return ". ".join(parts)

    @property
    def losses(self) -> Sequence[SkillRow]:
        return [each for each in self.rows if each.state == "lost"]


def skills_of(record: DecisionRecord, test_sets: Collection[str]) -> Skills | None:
    """The skills of a record: its guards on these test sets; None for fewer than two."""
    order = [Status.FAIL, Status.OPEN, Status.PASS]
    rows = [
        SkillRow(criterion, _bare(criterion))
        for criterion in record.criteria
        if criterion.role == GuardKind.role and criterion.test_set in test_sets
    ]
    if len(rows) < 2:
        return None
    rows.sort(key=lambda row: (order.index(row.criterion.status), row.criterion.difference))
    return Skills(rows)


def _bare(criterion: Criterion) -> bool:
    return not criterion.can_show_a_loss or (
        criterion.higher_is_better
        and criterion.unit == ""
        and criterion.margin is not None
        and criterion.relative_margin is None
        and criterion.baseline <= criterion.margin
    )
