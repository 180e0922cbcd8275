"""What every section of a decision record has, and rows that several sections share. Pure."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from evalhub.decision.criterion import Criterion
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.align import Aligned
    from evalhub.decision.document import DecisionRecord
    from evalhub.decision.inconsistent import Discrepancy


class Section(Declaration):
    """A section of a decision record: what it holds, what it says, and what must be true of it.

    A subclass is the whole section; a field of `evalhub.decision.document.DecisionRecord` with the
    subclass as its type is its line in the table. `status` and `sentences` follow from the other
    fields, and are set where the record is built and where it is verified.

    Attributes:
        title: the heading on pages, in reports and in the terminal.
        method: the anchor of its method, or chapter, on the page of methods.
        order: readers meet sections from the smallest to the largest.
        status: "pass" is fine, "fail" is not, "open" is worth a look.
    """

    title: ClassVar[str]
    method: ClassVar[str]
    order: ClassVar[int]

    status: Status = Status.OPEN
    sentences: Annotated[tuple[str, ...], HOME_BOUND] = ()

    @classmethod
    def from_aligned(cls, aligned: "Sequence[Aligned]") -> Self | None:
        """The section, where scores alone make it; None: it says nothing of these, or is made of
        more than scores, and then of its own function.

        Args:
            aligned: both arms' scores, criterion by criterion, as they were judged.
        """
        return None

    def derive_status(self, arms: Arms) -> Status:
        """The `status` that follows from the fields."""
        return Status.OPEN

    @abstractmethod
    def write_sentences(self, arms: Arms) -> Iterable[str]:
        """The `sentences` that follow from the fields."""

    def without_results(self) -> Self | None:
        """What invalid evidence leaves of the section: nothing, unless a subclass says more.

        What is left must show no difference, interval, score or win.
        """
        return None

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> "Iterator[Discrepancy]":
        """Where the section can't be true beside the rest of its record.

        Also called where the record has no such section: it may be missing.

        Args:
            at: the path of the record in its document, before each field's name.
        """
        yield from ()

    def with_sentences(self, arms: Arms) -> Self:
        """The section with the status and sentences that follow from its fields."""
        sentences = tuple(self.write_sentences(arms))
        return self.model_copy(update={"status": self.derive_status(arms), "sentences": sentences})


class CleanRow(Declaration):
    """A criterion as it came out without some of its items: those that were trained on, or those
    of which an answer failed."""

    name: str
    n: int
    difference: float
    lower: float
    upper: float
    status: Status

    @classmethod
    def of(cls, criterion: Criterion) -> Self:
        return cls(**{name: getattr(criterion, name) for name in cls.model_fields})
