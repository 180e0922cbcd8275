"""Judges of a study: models that are asked to score answers. They aren't compared."""

from typing import TYPE_CHECKING

from pydantic import create_model, field_validator, model_validator

from evalhub.decision.criteria.judge import Pairwise
from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.prices import Price
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from runners.backends import BACKENDS

if TYPE_CHECKING:
    from evalhub.studies.file.spec import StudyFile
    from evalhub.studies.file.test_sets import AskedTestSet

_LIVE = [name for name, kind in BACKENDS.items() if kind.live]


class _JudgeBackend(Declaration):
    """Who judges: a live backend."""

    @property
    def live_backend(self) -> BackendDeclaration:
        backend: BackendDeclaration = next(each for _, each in self if each is not None)
        return backend

    @model_validator(mode="after")
    def _one(self) -> "_JudgeBackend":
        if len([each for _, each in self if each is not None]) != 1:
            raise invalid(f"says who judges: {' or '.join(f'{name}: {{…}}' for name in _LIVE)}")
        return self


if TYPE_CHECKING:
    JudgeBackend = _JudgeBackend
else:
    JudgeBackend = create_model(
        "JudgeBackend",
        __base__=_JudgeBackend,
        __doc__=_JudgeBackend.__doc__,
        **{name: (BACKENDS[name] | None, None) for name in _LIVE},
    )


class JudgeArm(Declaration):
    """An arm that judges: asked by metrics, at temperature 0, and a version like any other."""

    backend: JudgeBackend
    sampling: Sampling = Sampling(temperature=0.0)
    price: Price | None = None
    notes: str = ""

    @field_validator("sampling")
    @classmethod
    def _is_greedy(cls, sampling: Sampling) -> Sampling:
        if sampling.temperature not in (None, 0.0):
            raise invalid("a judge is asked at 0: leave it out", "temperature")
        if sampling.samples != 1:
            raise invalid("a judge says what it says once: leave it out", "samples")
        return sampling.model_copy(update={"temperature": 0.0})


def check_judges(study: "StudyFile") -> None:
    """Raises if a judge doesn't exist, or if its scores would decide."""
    for name in study.judges:
        if name in study.arms:
            raise invalid("is an arm: who is compared doesn't judge", "judges", name)
    for name, test_set in study.test_sets.items():
        if test_set.metric.needs_model:
            _check_judged(study, name, test_set)
    if study.pairwise is not None:
        _check_pairwise(study, study.pairwise)


def _check_pairwise(study: "StudyFile", pairwise: Pairwise) -> None:
    _check_there(study, pairwise.by, "pairwise", "by")
    choices = f"there are {', '.join(study.test_sets)}"
    if pairwise.test_set not in study.test_sets:
        raise invalid(
            f"there is no test set {pairwise.test_set!r}; {choices}", "pairwise", "test_set"
        )
    if study.test_sets[pairwise.test_set].role == "development":
        raise invalid(
            f"{pairwise.test_set!r} is for development: a judge is asked about what is judged",
            "pairwise",
            "test_set",
        )
    if study.test_sets[pairwise.test_set].metric.scores_texts:
        raise invalid(
            f"{pairwise.test_set!r} is of texts that nobody answers", "pairwise", "test_set"
        )


def _check_there(study: "StudyFile", name: str, *at: str) -> None:
    if name not in study.judges:
        choices = f"there are {', '.join(study.judges)}" if study.judges else "there are none"
        raise invalid(f"there is no judge {name!r} among the study's `judges`; {choices}", *at)


def _check_judged(study: "StudyFile", name: str, test_set: "AskedTestSet") -> None:
    at = "test_sets", name
    _check_there(study, test_set.metric.model, *at, "metric", "by")
    if test_set.role == "primary":
        raise invalid(
            f"what a judge says by {test_set.metric.name} is shown and decides nothing: say role: "
            "guard with tier: advisory, or role: development",
            *at,
            "role",
        )
    if test_set.role == "guard" and test_set.tier != "advisory":
        raise invalid(
            f"what a judge says by {test_set.metric.name} is shown and decides nothing: say tier: "
            "advisory",
            *at,
            "tier",
        )
    if test_set.role == "guard" and study.policy.jumps == "hold":
        raise invalid(
            f"would let what a judge says of {name} hold: say report, or role: development there",
            "policy",
            "jumps",
        )
