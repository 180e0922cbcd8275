"""What it costs to train a version once more, by the study that it was decided in."""

from django.conf import settings

from evalhub.decision.cost_model import CostModel
from evalhub.decision.ownership.lines import data_lines, evaluation_lines, training_line
from evalhub.declare.cost_sheet import EACH_TIME, Ends
from evalhub.declare.retraining import RetrainCost
from evalhub.io.rows import DataError
from evalhub.ledger.models import Decision
from evalhub.ledger.ownership import OwnedArms, costs_of_study, gpu_price, statement_of
from evalhub.prices.table import prices_here
from evalhub.registry.models import ModelVersion, Study, StudyArm

NO_STUDY = "no study has decided on it: a study states in `ownership` what training costs"
BAD_PRICES = "the site's table of prices can't be read: "


def training_cost(version: ModelVersion) -> RetrainCost:
    """Training, data and evaluation of the version, paid once more: as its study states, measured
    or has them from a table of prices. What isn't known is listed, and never 0."""
    decisions = Decision.objects.on_version(version).on_studies()
    decision = decisions.select_related("study").newest_first().first()
    if decision is None:
        return RetrainCost(study="", currency="", amount=None, missing=(NO_STUDY,))
    try:
        return _cost_of(decision)
    except DataError as error:
        missing = (f"{BAD_PRICES}{error}",)
        return RetrainCost(study=decision.study.slug, currency="", amount=None, missing=missing)


def _cost_of(decision: Decision) -> RetrainCost:
    study = decision.study
    ownership = statement_of(study)
    currency = ownership.currency or prices_here(settings.HOME).currency
    if ownership.retraining is not None and ownership.retraining.cost is not None:
        low, high = ownership.retraining.cost
        amount = Ends(low=low, value=(low + high) / 2, high=high)
        return RetrainCost(study=study.slug, currency=currency, amount=amount, missing=())
    costs = costs_of_study(study, _arms(decision, study), ownership)
    model = CostModel(
        [
            training_line(ownership, costs, gpu_price),
            *data_lines(ownership, costs),
            *evaluation_lines(ownership, costs),
        ]
    )
    known = any(model.of(part) for part in EACH_TIME)
    return RetrainCost(
        study=study.slug,
        currency=costs.currency,
        amount=model.range_of(model.each_time, gain=False) if known else None,
        missing=tuple(
            f"{line.name}: {line.missing}" for line in model.lines_without_amount(EACH_TIME)
        ),
    )


def _arms(decision: Decision, study: Study) -> OwnedArms:
    arms: dict[str, StudyArm] = {
        arm.name: arm for arm in study.arms.select_related("version__model")
    }
    return OwnedArms(arms[decision.document.arms.baseline.name], arms[decision.arm], None)
