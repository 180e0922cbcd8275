"""Whom a week's pairs are asked of: the former version, and the judge."""

from evalhub.accounts.models import Project
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.monitor import QualityPairs
from evalhub.declare.version_name import VersionNameError
from evalhub.ledger.models import Promotion
from evalhub.registry.models import ModelVersion
from evalhub.registry.version_names import version_by_name
from runners.backends import backend_of
from runners.spending import used_price


def check_pairs(project: Project, pairs: QualityPairs) -> None:
    """That the judge, and a former version that is named, are there and can be asked, and that a
    budget of money can be held. Raises DeclarationError with the field."""
    named = {"judge": judge_of_pairs(project, pairs)}
    if pairs.beside:
        named["beside"] = _version(project, pairs.beside, "beside")
    for field, version in named.items():
        if not backend_of(version).live:
            raise DeclarationError(
                f"the answers of {version} are recorded: it can't be asked", field
            )
        if pairs.budget is not None and pairs.budget.money is not None:
            _check_price(version)


def judge_of_pairs(project: Project, pairs: QualityPairs) -> ModelVersion:
    """The judge. Raises DeclarationError where there is none of that name."""
    return _version(project, pairs.judge, "judge")


def former_version(promotion: Promotion, pairs: QualityPairs) -> ModelVersion | None:
    """The version whose answers today's are compared with: the one that the plan names, else the
    champion before this one. None where there is none, or it can't be asked."""
    if pairs.beside:
        version: ModelVersion | None = _version(promotion.project, pairs.beside, "beside")
    else:
        version = _champion_before(promotion)
    usable = version is not None and version != promotion.version and backend_of(version).live
    return version if usable else None


def _champion_before(promotion: Promotion) -> ModelVersion | None:
    before = promotion.before
    while before is not None and before.version_id == promotion.version_id:
        before = before.before
    return None if before is None else before.version


def _version(project: Project, name: str, field: str) -> ModelVersion:
    try:
        return version_by_name(project, name)
    except VersionNameError as error:
        raise DeclarationError(str(error), field) from error


def _check_price(version: ModelVersion) -> None:
    if used_price(backend_of(version)) is None:
        raise DeclarationError(
            f"no price of {version} is known (`evalhub prices`): limit tokens instead",
            "budget.money",
        )
