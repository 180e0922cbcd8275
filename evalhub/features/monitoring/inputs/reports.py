"""What a monitor of inputs stores of a week, and the evidence of its alarms. Pure."""

from evalhub.declare.amounts import Amount, Count, Probability, Size
from evalhub.declare.declaration import Declaration
from evalhub.declare.slice_shares import SharedKind, slice_name
from evalhub.features.monitoring.inputs.production import ProductionWeek

TEXTS = "texts"
"""The subject of the texts' comparison; those of the others are their kinds of slices."""
MOST_WORDS = 5
"""Of a sentence."""


class ShareChange(Declaration):
    """Shares of a slice, in the reference and in the week; null: all other values together."""

    value: str | None
    reference: Probability
    week: Probability

    @property
    def growth(self) -> float:
        return self.week - self.reference


class WordChange(Declaration):
    """A word by which texts of the week differ: the share of users' texts that have it."""

    word: str
    reference: Probability
    week: Probability


class InputsTest(Declaration):
    """A comparison of a week with the reference, by one kind of slice or by texts.

    Attributes:
        subject: a kind of slice, or `texts`.
        measure: what `size` is: `psi`, or `auc` of the texts' classifier.
        lower: its one-sided limit at `level`.
        threshold: the size from which on it is an alarm.
        reference: Monday of the reference's first week, and `reference_weeks` of them.
        users, reference_users: of which the comparison is.
        changes: of slices, those that changed most first.
        words: of texts.
    """

    subject: str
    measure: str
    size: float
    lower: float
    p_value: Probability
    level: Probability
    threshold: float
    is_alarm: bool
    reference: str
    reference_weeks: Size
    users: Count
    reference_users: Count
    design_effect: Amount | None = None
    changes: tuple[ShareChange, ...] = ()
    words: tuple[WordChange, ...] = ()

    @property
    def grown(self) -> ShareChange | None:
        """The slice that grew most."""
        grown = [change for change in self.changes if change.growth > 0]
        return max(grown, key=lambda change: change.growth, default=None)


class SampleLink(Declaration):
    """Where to sample: requests of the week, of the slice that grew where a sample can be of it.

    Attributes:
        page: the path of the form of samples, filled in.
        typed: the same on the command line.
    """

    page: str
    typed: str


class InputsEvidence(InputsTest):
    """Of an alarm: the comparison, and where to sample."""

    week: str
    sample: SampleLink


class WeekReport(Declaration):
    """A week that was looked at.

    Attributes:
        waiting: subjects whose reference isn't complete.
    """

    sentence: str
    production: ProductionWeek
    tests: tuple[InputsTest, ...] = ()
    waiting: tuple[str, ...] = ()


def sentence_of(test: InputsTest, week: str) -> str:
    """What changed, as a sentence of an alarm."""
    begun = f"What users ask in the week of {week} differs from the reference"
    if test.subject == TEXTS:
        grown_words = [word.word for word in test.words if word.week > word.reference]
        words = ", ".join(grown_words[:MOST_WORDS])
        ending = f"; more users say {words}" if words else ""
        return (
            f"{begun} in its texts: a classifier tells them apart with an AUC of {test.size:.2f} "
            f"(at least {test.lower:.2f}){ending}."
        )
    grown = test.grown
    named = ""
    if grown is not None:
        name = slice_name(SharedKind(test.subject), grown.value) if grown.value is not None else ""
        name = name or f"rarer values of {test.subject} together"
        named = f"; {name} grew from {grown.reference:.0%} to {grown.week:.0%}"
    return (
        f"{begun} by {test.subject}: the PSI is {test.size:.2f} (at least {test.lower:.2f}){named}."
    )
