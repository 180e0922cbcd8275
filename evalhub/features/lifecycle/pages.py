"""Parts of pages: a version's stage and possible moves, and a decision's promotions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalhub.accounts.models import User
from evalhub.accounts.permissions import owns
from evalhub.features.lifecycle.moves import StageError, put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import hindrance, judged_version, override_champion
from evalhub.features.lifecycle.rollback import former_champions, roll_back
from evalhub.ledger.champion_standing import ArmOf, ChampionStanding, standing_of
from evalhub.ledger.models import Decision, Promotion, StageMove
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import PROMOTABLE

SHOWN = 30
"""Moves, the newest, that a version's page lists."""


@dataclass(frozen=True, slots=True)
class PromotableArm:
    """An arm of a decision that may be made champion; `hindrance` says why it can't, or ""."""

    arm: ArmOf
    name: str
    hindrance: str


@dataclass(frozen=True, slots=True)
class PossiblePromotions:
    """The champion, and what a decision may promote: its candidate, or the baseline if there is no
    champion yet."""

    standing: ChampionStanding
    choices: Sequence[PromotableArm]

    @property
    def possible(self) -> bool:
        return any(not each.hindrance for each in self.choices)

    @property
    def of_candidate(self) -> PromotableArm | None:
        """The candidate, where nothing hinders its promotion."""
        free = (each for each in self.choices if each.arm == "candidate" and not each.hindrance)
        return next(free, None)


def possible_promotions(decision: Decision) -> PossiblePromotions:
    standing = standing_of(decision)
    arms: tuple[ArmOf, ...] = (
        ("candidate", "baseline") if standing.promotion is None else ("candidate",)
    )
    if standing.arm == "candidate":
        return PossiblePromotions(standing, [])
    return PossiblePromotions(
        standing,
        [PromotableArm(arm, _name(decision, arm), hindrance(decision, arm=arm)) for arm in arms],
    )


def _name(decision: Decision, arm: ArmOf) -> str:
    """What would become champion; as the record has it, where the study has another by now."""
    try:
        return str(judged_version(decision, arm))
    except StageError:
        arms = decision.document.arms
        judged = arms.candidate if arm == "candidate" else arms.baseline
        return judged.version or judged.name


@dataclass(frozen=True, slots=True)
class StagePage:
    """A version's stage, with the newest moves of its model's versions.

    Attributes:
        more: whether there are older moves.
        champion: the project's, None where it has none yet.
        former: what the champion can be rolled back to, where this version is it.
        may_override: whether the reader owns the project.
    """

    moves: Sequence[StageMove]
    more: bool
    champion: Promotion | None
    former: Sequence[ModelVersion]
    may_override: bool


def stage_page(version: ModelVersion, user: User) -> StagePage:
    project = version.model.project
    moves = list(StageMove.objects.of_model(version.model).newest_first()[: SHOWN + 1])
    champion = Promotion.objects.current(project)
    leads = champion is not None and champion.version_id == version.pk
    return StagePage(
        moves=moves[:SHOWN],
        more=len(moves) > SHOWN,
        champion=champion,
        former=former_champions(champion) if champion and leads else [],
        may_override=version.stage in PROMOTABLE and owns(user, project),
    )


type Move = Callable[[ModelVersion, User, Mapping[str, str]], str]


def _roll_back(version: ModelVersion, by: User, form_data: Mapping[str, str]) -> str:
    to = _beside(version, form_data.get("to", ""))
    promotion = roll_back(version=version, by=by, reason=form_data.get("reason", ""), to=to)
    return f"{version} is rolled back: {promotion.version} is the champion of {promotion.project}."


def _override(version: ModelVersion, by: User, form_data: Mapping[str, str]) -> str:
    instead = _beside(version, form_data.get("instead_of", ""))
    override_champion(
        version=version, by=by, reason=form_data.get("reason", ""), instead_of=instead
    )
    return f"{version} is the champion, by your override. Pages that name the champion show this."


def _retire(version: ModelVersion, by: User, form_data: Mapping[str, str]) -> str:
    retire(version=version, by=by, reason=form_data.get("reason", ""))
    return f"{version} is retired."


def _reopen(version: ModelVersion, by: User, form_data: Mapping[str, str]) -> str:
    reopen(version=version, by=by, reason=form_data.get("reason", ""))
    return f"{version} is a candidate again."


def _shadow(version: ModelVersion, by: User, form_data: Mapping[str, str]) -> str:
    put_in_shadow(version=version, by=by, reason=form_data.get("reason", ""))
    return f"{version} is in shadow."


MOVES: dict[str, Move] = {
    "rollback": _roll_back,
    "override": _override,
    "retire": _retire,
    "reopen": _reopen,
    "shadow": _shadow,
}
"""What a version's page can do about its stage, by the form's verb: each says what was done."""


def _beside(version: ModelVersion, pk: str) -> ModelVersion | None:
    """Another version of the project; None if the form names none, or none that exists."""
    versions = ModelVersion.objects.filter(model__project=version.model.project_id)
    of_project = versions.select_related("model__project")
    return of_project.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
