"""A judge that read both arms' answers side by side, and whether it counts. Pure."""

from collections.abc import Iterator
from typing import ClassVar

from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Count, Probability, Size
from evalhub.declare.decision import AgreementValue, Arms, Digest
from evalhub.declare.declaration import Declaration
from evalhub.declare.judges import JudgeFigures
from evalhub.declare.policy import Alpha, Tier
from evalhub.declare.verdicts import JudgeVerdict, Status

UNEVEN = 0.001
"""A judge that is even chooses what stands first so often, or so seldom, less than this."""


class JudgePreference(Declaration):
    """Whom a judge preferred, by its votes in both orders, and what people make of it.

    Attributes:
        score: its own win score, a tie counting half; nobody corrected it.
        wins, losses, ties: its votes.
        equal_lengths: the win score as a model has it at answers of one length; null: unknown.
        length: log odds that one standard deviation of the log length ratio adds for the longer.
        longer: share of its votes for one of two answers of different length that went to the
            longer one; null: unknown, as in records from before it was counted.
        labelled: items that people judged too.
        agreement: with people's majority beyond chance (Krippendorff's alpha), and its limits.
        calibration: whether it may be corrected by people and counted, and `why`; null: nobody
            judged these answers in a review that has ended as it was planned.
        corrected: the win score of all its items, corrected by people, at `alpha`.
        trust: how much the judge weighs in it, 0 to 1.
    """

    score: Probability
    wins: Count
    losses: Count
    ties: Count
    equal_lengths: AgreementValue | None
    length: AgreementValue | None
    longer: AgreementValue | None = None
    labelled: Count
    agreement: AgreementValue | None
    calibration: JudgeVerdict | None
    why: str
    corrected: AgreementValue | None
    trust: Probability | None


class JudgeSection(Section):
    """A judge that read both arms' answers side by side, and whether it counts.

    Attributes:
        number: which judge this is whose preference on these answers is read: each is another try.
        alpha: one-sided level of what it says, a number²-th of what is left.
        figures: null until it has been asked.
        preference: null until it has judged all pairs.
    """

    title: ClassVar[str] = "Judge"
    method: ClassVar[str] = "judge"
    order: ClassVar[int] = 30

    test_set: str
    judge: str
    judge_digest: str = Digest
    rubric: str
    tier: Tier
    floor: float
    number: Size
    alpha: Alpha
    figures: JudgeFigures | None = None
    preference: JudgePreference | None = None

    @property
    def counts(self) -> bool:
        """Whether it is calibrated, so that what people corrected is a criterion."""
        return self.preference is not None and self.preference.corrected is not None

    def derive_status(self, arms: Arms) -> Status:
        """Fine where it counts; worth a look where it doesn't, or goes by the order."""
        figures = self.figures
        even = figures is None or figures.first_p is None or figures.first_p >= UNEVEN
        return Status.PASS if self.counts and even else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        """Whether it counts, then how it judged."""
        preference, figures = self.preference, self.figures
        if figures is None:
            yield (
                f"The judge {self.judge} hasn't been asked about {self.test_set}, and decides "
                "nothing: `evalhub judge run` asks it."
            )
            return
        if figures.pairs == 0:
            yield (
                f"The judge {self.judge} has nothing to compare, and decides nothing: the arms' "
                f"answers to each item of {self.test_set} read the same."
            )
            return
        if preference is None:
            yield (
                f"The judge {self.judge} has given verdicts in both orders on {figures.read:,} of "
                f"{count_text(figures.pairs, 'pair')}, and decides nothing before it has judged "
                "all: `evalhub judge run` asks for what is missing."
            )
            return
        won = (
            f"{preference.wins:,} wins, {preference.losses:,} losses, {preference.ties:,} ties, "
            "half a win each"
        )
        count = preference.wins + preference.losses + preference.ties
        judged = f"the {count_text(count, 'pair')} of answers that differ on {self.test_set}"
        if preference.corrected is None:
            yield (
                f"The judge {self.judge} prefers the candidate in {preference.score:.1%} of "
                f"{judged} ({won}). It decides nothing: {preference.why}"
            )
        else:
            value = preference.corrected
            yield (
                f"The judge {self.judge} prefers the candidate in {preference.score:.1%} of "
                f"{judged} ({won}); corrected by people's judgments of "
                f"{count_text(preference.labelled, 'item')}, "
                f"{_shares(value.value, value.lower, value.upper)}. It counts: {preference.why}"
            )
        yield from _how(figures)
        if (
            preference.length is not None
            and preference.length.lower is not None
            and preference.length.lower > 0
        ):
            level = (
                ""
                if preference.equal_lengths is None
                else f"; at equal lengths {preference.equal_lengths.value:.1%}"
            )
            yield f"It prefers the longer answer{level}."
        elif preference.length is None and (longer := preference.longer) is not None:
            yield from _by_length_alone(longer)
        if self.number > 1:
            yield (
                f"It is judge {self.number} whose preference on these answers is read: it is "
                f"judged at {self.alpha:.2g}."
            )


def _by_length_alone(longer: AgreementValue) -> Iterator[str]:
    """Where no model can tell length from preference: what was counted."""
    if longer.lower is None or longer.upper is None or longer.lower <= 0.5 <= longer.upper:
        return
    which = "longer" if longer.lower > 0.5 else "shorter"
    yield (
        f"It goes by length: of two answers of different length it chose the longer in "
        f"{_shares(longer.value, longer.lower, longer.upper)}. A preference for what is {which} "
        "can't be told here from a preference for what is better."
    )


def _how(figures: JudgeFigures) -> Iterator[str]:
    turned = _shares(figures.flip_rate.value, figures.flip_rate.lower, figures.flip_rate.upper)
    vague = count_text(figures.unreadable, "reply was", "replies were")
    yield (
        f"With the order turned it turned on {turned} of {count_text(figures.read, 'pair')}, which "
        f"are ties; {vague} no verdict."
    )
    if figures.first_p is not None and figures.first_p < UNEVEN and figures.first.value is not None:
        yield f"It goes by the order: {figures.first.value:.1%} of its choices stood first."


def _shares(value: float | None, lower: float | None, upper: float | None) -> str:
    if value is None or lower is None or upper is None:
        return "–"
    return f"{value:.1%} [{lower:.1%}, {upper:.1%}]"
