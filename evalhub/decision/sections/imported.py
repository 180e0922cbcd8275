"""Scores that were read out of another tool's logs, beside that tool's own figures. Pure."""

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

from evalhub.decision.sections.base import Section
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.verdicts import Status


class ToolFigure(Declaration):
    """A tool's own number for one arm's answers, beside ours.

    Attributes:
        arm: "baseline" or "candidate".
        theirs: null where the log holds none.
        ours: the mean that was judged; null where an answer has no score.
        otherwise: how the tool makes its number, where that isn't the mean over the items; such
            numbers aren't compared.
    """

    test_set: str
    metric: str
    arm: Literal["baseline", "candidate"]
    theirs: float | None
    ours: float | None
    otherwise: str = ""

    @property
    def agrees(self) -> bool | None:
        """Whether the two are one but for rounding; None where they can't be compared."""
        if self.theirs is None or self.ours is None or self.otherwise:
            return None
        return abs(self.theirs - self.ours) <= 5e-4 * max(1.0, abs(self.theirs))


class ImportedSection(Section):
    """Scores that were read out of another tool's logs, with that tool's own figures.

    Attributes:
        tool: the logs' kind, in words.
        figures: of either arm on each test set; of invalid evidence none.
        cautions: what else differs between the two logs, a sentence each.
    """

    title: ClassVar[str] = "Read from another tool"
    method: ClassVar[str] = "imported"
    order: ClassVar[int] = 170

    tool: str
    figures: tuple[ToolFigure, ...]
    cautions: tuple[str, ...] = ()

    def derive_status(self, arms: Arms) -> Status:
        """Fine where the tool's figures are ours, and nothing but the models differs."""
        if any(each.agrees is False for each in self.figures):
            return Status.FAIL
        doubt = self.cautions or any(each.otherwise for each in self.figures)
        return Status.OPEN if doubt else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        alike = [figure for figure in self.figures if figure.agrees]
        if alike:
            same = ", ".join(
                f"{_arm_of(figure, arms)} {figure.theirs:.4g} on {figure.test_set} "
                f"({figure.metric})"
                for figure in alike
            )
            yield f"{self.tool} says the same as is judged here: {same}."
        comparable = [figure for figure in self.figures if figure.theirs is not None]
        if self.figures and not comparable:
            yield f"Out of {self.tool}, whose log holds no figures to compare with."
        for figure in self.figures if comparable else ():
            who, where = _arm_of(figure, arms), f"on {figure.test_set} ({figure.metric})"
            ours = (
                "no mean, since scores are missing" if figure.ours is None else f"{figure.ours:.6g}"
            )
            if figure.agrees is False:
                yield (
                    f"{self.tool} says {figure.theirs:.6g} for {who} {where}, and the mean of the "
                    f"scores in its log is {ours}: find out why before you trust either."
                )
            elif figure.theirs is None:
                yield f"{self.tool}'s log holds no figure of {who} {where}; ours is {ours}."
            elif figure.agrees is None:
                basis = f", made {figure.otherwise}" if figure.otherwise else ""
                theirs = f"{self.tool} says {figure.theirs:.6g} for {who} {where}{basis}"
                yield f"{theirs}; ours is {ours}."
        yield from (f"{caution}." for caution in self.cautions)

    def without_results(self) -> Self:
        """Which tool it was and what differs between its logs, without any figure."""
        return self.model_copy(update={"figures": ()})


def _arm_of(figure: ToolFigure, arms: Arms) -> str:
    return arms.baseline.name if figure.arm == "baseline" else arms.candidate.name
