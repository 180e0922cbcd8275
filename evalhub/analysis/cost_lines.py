"""The lines of a cost sheet: what somebody said, what a study measured, what a table knows. Pure.

What is said goes first, then what the training's record holds, then the table; what nobody knows
is a line without an amount that says what would make it known.
"""

from evalhub.analysis.cost_figures import ASSUMED, SAID, GpuPrices, KnownCosts, said_figure
from evalhub.analysis.monthly_lines import retraining_line, saving_line, serving_line, upkeep_line
from evalhub.analysis.ownership import TRAFFIC, Reckoning
from evalhub.analysis.upfront_lines import data_lines, evaluation_lines, training_line
from evalhub.declare.cost_sheet import CostLine, Figure
from evalhub.declare.ownership import Ownership


def cost_lines(
    said: Ownership, found: KnownCosts, gpu_price: GpuPrices, *, assumed: Ownership | None = None
) -> list[CostLine]:
    """All lines, in the order in which they are read.

    Args:
        said: all that is said, by the study or for this sheet.
        assumed: what of it is said for this sheet alone.
    """
    traffic = traffic_of(said, assumed)
    lines = [
        training_line(said, found, gpu_price),
        *data_lines(said, found),
        *evaluation_lines(said, found),
        serving_line("present", found.baseline, said, found, traffic, gpu_price),
        serving_line("serving", found.candidate, said, found, traffic, gpu_price),
    ]
    if saving := saving_line(said, found, traffic):
        lines.append(saving)
    lines += [upkeep_line(said), retraining_line(said, Reckoning(lines))]
    return lines if assumed is None else [_told(each, assumed, found) for each in lines]


def traffic_of(said: Ownership, assumed: Ownership | None = None) -> Figure | None:
    """Requests a month; None where nobody said."""
    if said.traffic is None:
        return None
    found = said_figure(TRAFFIC, said.traffic, "requests a month")
    here = assumed is not None and assumed.traffic is not None
    return found.model_copy(update={"source": ASSUMED}) if here else found


def _told(line: CostLine, assumed: Ownership, found: KnownCosts) -> CostLine:
    """The line, whose figures say what is assumed for this sheet alone."""
    arm = {"present": found.baseline.name, "serving": found.candidate.name}.get(line.part)
    here = line.part in assumed.model_fields_set if arm is None else arm in assumed.serving
    figures = tuple(
        each.model_copy(update={"source": ASSUMED})
        if each.source == SAID and each.name != TRAFFIC and here
        else each
        for each in line.figures
    )
    return line.model_copy(update={"figures": figures})
