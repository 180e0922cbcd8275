"""Rules of all projects and who may ask for them, read in two queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evalhub.accounts.models import ApiToken, Project, Scope
from evalhub.features.experiments.models import Step, StepQuerySet
from evalhub.features.experiments.routing.flags import Flag
from evalhub.features.experiments.rule import Variant


@dataclass(frozen=True, slots=True)
class FlagCaller:
    """A token, as far as it matters to who asks for a flag.

    Attributes:
        has_scope: whether it is for traffic.
        evaluates: whether its person may still act in the project.
    """

    token: int
    project: int
    expires: datetime
    has_scope: bool
    evaluates: bool


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """All that an evaluation needs.

    Attributes:
        callers: by the digest of their token.
        flags: by project and key; of several experiments with one key the newest.
    """

    callers: Mapping[str, FlagCaller]
    flags: Mapping[tuple[int, str], Flag]


def read_rules() -> RoutingRules:
    """The rules of all projects as they are now. Two queries."""
    flags = _flags(Step.objects.newest())
    return RoutingRules(_callers(), {(flag.project, flag.key): flag for flag in flags})


def flags_of(project: Project) -> list[Flag]:
    """The project's flags by their keys. One query."""
    flags = _flags(Step.objects.newest().filter(experiment__project=project))
    return sorted({flag.key: flag for flag in flags}.values(), key=lambda flag: flag.key)


def _callers() -> Mapping[str, FlagCaller]:
    tokens = ApiToken.objects.usable().with_evaluates().order_by()
    rows = tokens.values_list("digest", "pk", "project_id", "expires", "scopes", "evaluates")
    return {
        digest: FlagCaller(pk, project, expires, Scope.TRAFFIC in scopes, evaluates)
        for digest, pk, project, expires, scopes, evaluates in rows
    }


def _flags(steps: StepQuerySet) -> list[Flag]:
    """The flags of these steps, older experiments first."""
    rows = steps.with_champion_now().select_related("experiment__project__traffic_settings")
    return [_flag(step) for step in rows]


def _flag(step: Step) -> Flag:
    experiment = step.experiment
    names = {
        Variant.CHAMPION: experiment.champion_name,
        Variant.CHALLENGER: experiment.challenger_name,
    }
    is_champion = getattr(step, "champion_now", None) == experiment.challenger_id
    return Flag(
        key=experiment.flag,
        project=experiment.project_id,
        experiment=experiment.pk,
        epoch=step.epoch,
        rule=step.rule,
        user_key=experiment.project.traffic_settings.salt,
        names=names,
        default=names[Variant.CHALLENGER if is_champion else Variant.CHAMPION],
    )
