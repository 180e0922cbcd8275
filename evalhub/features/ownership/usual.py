"""Usual figures, for a first range on the page where nobody stated any. Each is marked as assumed.

They belong to the page alone: a command, REST and a policy's criterion know no assumption that
nobody made.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.decision.cost_model import TRAFFIC
from evalhub.decision.ownership.lines import IN_ALL
from evalhub.declare.cost_sheet import CostSheet, Figure, Part
from evalhub.declare.ownership import HOURS_A_MONTH, Ownership
from evalhub.features.ownership.study_costs import cost_of
from evalhub.io.rows import DataError
from evalhub.ledger.ownership import gpu_price, statement_of
from evalhub.prices.table import PriceTable
from evalhub.registry.models import Study

REQUESTS = (10_000, 100_000)
RETRAININGS = (1, 4)
DEVELOPMENT = (1_000, 10_000)
TRAINING = (10, 100)
DATA = (500, 2_500)
UPKEEP = (100, 500)
EVALUATION = {
    "this study's answers": ("tokens", (5, 50)),
    "this study's reviewers": ("reviewer_rate", (30, 80)),
}
GPU = "A100-80GB"
CURRENCY = PriceTable.model_fields["currency"].default
"""Of the amounts: a sheet in another currency gets none of them, only counts."""
AS_ASSUMED = {"origin": "assumed", "source": "a usual figure: nobody stated one"}


@dataclass(frozen=True, slots=True)
class UsualSheet:
    """A sheet in which usual figures stand in for what nobody stated; `names` are the lines, and
    the traffic, that rest on them."""

    sheet: CostSheet
    names: tuple[str, ...]


def sheet_with_usual(
    study: Study, assumed: Ownership | None = None, *, candidate: str = ""
) -> UsualSheet:
    """The candidate's costs, complete as far as usual figures go.

    Raises StudyArm.DoesNotExist and evalhub.io.rows.DataError as `cost_of` does.
    """
    stated = statement_of(study).overlaid_with(assumed)
    usual = {} if stated.traffic is not None else {"traffic": REQUESTS}
    plain = cost_of(study, _with(assumed, usual), candidate=candidate)
    usual |= _usual(plain, stated)
    if not usual:
        return UsualSheet(plain, ())
    sheet = cost_of(study, _with(assumed, usual), candidate=candidate)
    lacking = {each.name for each in plain.lines if each.missing}
    names = [each.name for each in sheet.lines if not each.missing and each.name in lacking]
    if "traffic" in usual:
        names.insert(0, TRAFFIC)
    return UsualSheet(_marked(sheet, names), tuple(names))


def _with(assumed: Ownership | None, usual: Mapping[str, Any]) -> Ownership | None:
    """The assumptions, and the usual figures beside them."""
    if not usual:
        return assumed
    return (assumed or Ownership.model_validate({})).overlaid_with(Ownership.model_validate(usual))


def _usual(plain: CostSheet, stated: Ownership) -> dict[str, Any]:
    """Usual figures for what the sheet lacks, as far as nobody stated anything of it: what was
    stated and can't be reckoned stays unknown, with its reason."""
    missing = {each.part: each for each in plain.lines if each.missing}
    usual: dict[str, Any] = {}
    if "retraining" in missing and stated.retraining is None:
        usual["retraining"] = {"times_a_year": RETRAININGS}
    if plain.currency != CURRENCY:
        return usual
    if "development" in missing:
        usual["development"] = {plain.candidate: {"bill": DEVELOPMENT}}
    if "training" in missing and stated.training is None:
        usual["training"] = {"bill": TRAINING}
    if "data" in missing and stated.data is None:
        usual["data"] = {IN_ALL: {"bill": DATA}}
    if "evaluation" in missing:
        names = {each.name for each in plain.lines if each.missing}
        usual["evaluation"] = stated.evaluation.as_json() | {
            field: ends for name, (field, ends) in EVALUATION.items() if name in names
        }
    if "upkeep" in missing and stated.upkeep is None:
        usual["upkeep"] = {"monthly": UPKEEP}
    arms: dict[Part, str] = {"present": plain.baseline, "serving": plain.candidate}
    unpriced = [
        name for part, name in arms.items() if part in missing and name not in stated.serving
    ]
    if unpriced and (bill := _machine_a_month()) is not None:
        usual["serving"] = {name: {"monthly": bill} for name in unpriced}
    return usual


def _machine_a_month() -> float | None:
    """One GPU's bill, all day and all month, in the middle of the table's prices, to two digits:
    one number, so that two arms on the same machine differ by nothing."""
    try:
        hourly = gpu_price(GPU)
    except DataError:
        return None
    if hourly is None or hourly.currency != CURRENCY:
        return None
    return float(f"{HOURS_A_MONTH * (hourly.low + hourly.high) / 2:.2g}")


def _marked(sheet: CostSheet, names: Collection[str]) -> CostSheet:
    """The sheet, its figures of these lines marked as assumed."""

    def mark(figure: Figure, line: str) -> Figure:
        usual = TRAFFIC in names if figure.name == TRAFFIC else line in names
        return figure.model_copy(update=AS_ASSUMED) if usual else figure

    lines = tuple(
        line.model_copy(update={"figures": tuple(mark(each, line.name) for each in line.figures)})
        for line in sheet.lines
    )
    traffic = sheet.traffic and mark(sheet.traffic, "")
    return sheet.model_copy(update={"lines": lines, "traffic": traffic})
