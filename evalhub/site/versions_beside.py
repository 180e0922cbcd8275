"""Two model versions side by side: differences in data, hyperparameters, settings and results."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evalhub.accounts.models import User
from evalhub.decision.criterion import Criterion
from evalhub.decision.wording import with_sign
from evalhub.declare.declaration import validate
from evalhub.declare.verdicts import Verdict
from evalhub.features.training.view import TrainingView, training_view
from evalhub.frames.page.properties import Property, backend_properties, properties
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion


class Sides(NamedTuple):
    """What is said of the one and of the other under a name; "" where nothing is."""

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        return self.left != self.right


@dataclass(frozen=True, slots=True)
class Part:
    """What is compared: what differs apart from what is the same."""

    title: str
    rows: Sequence[Sides]

    @property
    def different(self) -> Sequence[Sides]:
        return [row for row in self.rows if row.differs]

    @property
    def same(self) -> Sequence[Sides]:
        return [row for row in self.rows if not row.differs]


@dataclass(frozen=True, slots=True)
class JudgedVersion:
    """The newest decision on a version.

    Attributes:
        shown: by test set, metric and what it was compared with, each difference with its interval;
            empty where invalid evidence shows no result.
    """

    pk: int
    verdict: Verdict
    headline: str
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class VersionsBeside:
    """Two versions and what is said of both; `results` is empty where neither was judged."""

    left: ModelVersion
    right: ModelVersion
    trainings: Sequence[tuple[ModelVersion, TrainingView | None]]
    parts: Sequence[Part]
    judged: Sequence[tuple[ModelVersion, JudgedVersion | None]]
    results: Part

    @property
    def curves(self) -> bool:
        return any(training and training.curves for _, training in self.trainings)


def versions_beside(left: ModelVersion, right: ModelVersion, *, user: User) -> VersionsBeside:
    """Both versions as `user` may see them: results that decisions have read, and nothing sealed.
    Two queries."""
    trainings = [(each, training_view(each)) for each in (left, right)]
    judged = [(each, _verdict_of(each, user)) for each in (left, right)]
    results = [each.shown if each else {} for _, each in judged]
    return VersionsBeside(
        left=left,
        right=right,
        trainings=trainings,
        parts=_training_parts(*(view for _, view in trainings)) + _specification_parts(left, right),
        judged=judged,
        results=Part("Results", _sides(*results)),
    )


def _training_parts(left: TrainingView | None, right: TrainingView | None) -> list[Part]:
    """The parts of both training records, in the order of the page."""
    facts = [_facts(left), _facts(right)]
    titles = dict.fromkeys(title for of in facts for title in of)
    parts = [Part(title, _sides(*(of.get(title, {}) for of in facts))) for title in titles]
    more = [_texts(view.rest) if view else {} for view in (left, right)]
    return parts + ([Part("Other fields of the training", _sides(*more))] if any(more) else [])


def _facts(view: TrainingView | None) -> dict[str, dict[str, str]]:
    groups = view.groups if view else ()
    return {title: {each.name: each.text for each in facts} for title, facts in groups}


def _specification_parts(left: ModelVersion, right: ModelVersion) -> list[Part]:
    sides = [
        {"kind": version.get_kind_display(), "made from": str(version.parent or "")}
        | _texts(backend_properties(version.backend))
        | _texts(properties(version.sampling.as_json()))
        | _texts(properties(version.prompt.as_json()))
        for version in (left, right)
    ]
    return [Part("How it answers", _sides(*sides))]


def _texts(rows: Iterable[Property]) -> dict[str, str]:
    return {each.name: each.text for each in rows}


def _sides(left: Mapping[str, str], right: Mapping[str, str]) -> list[Sides]:
    names = dict.fromkeys([*left, *right])
    return [Sides(name, left.get(name, ""), right.get(name, "")) for name in names]


def _verdict_of(version: ModelVersion, user: User) -> JudgedVersion | None:
    judged = Decision.objects.visible_to(user).on_version(version).newest_first()
    row = judged.values(
        "pk", "verdict", "record__headline", "record__criteria", "record__arms__baseline__name"
    ).first()
    if row is None:
        return None
    verdict = Verdict(row["verdict"])
    hidden = verdict is Verdict.INVALID
    against = row["record__arms__baseline__name"]
    return JudgedVersion(
        pk=row["pk"],
        verdict=verdict,
        headline=row["record__headline"],
        shown={} if hidden else dict(_criterion_lines(row["record__criteria"], against)),
    )


def _criterion_lines(
    criteria: Iterable[Mapping[str, Any]], against: str
) -> Iterable[tuple[str, str]]:
    for criterion in (validate(Criterion, one) for one in criteria):
        interval = f"{with_sign(criterion.lower)} to {with_sign(criterion.upper)}"
        value = f"{with_sign(criterion.difference)} ({interval})"
        yield f"{criterion.name}: {criterion.metric}, against {against}", value
