"""Which version a served name stands for: said by people, from a time on, and never guessed."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import zip_longest
from typing import Self

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, Case, Q, Value, When

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.traffic.models import RollUp, ServedModel
from evalhub.registry.models import ModelVersion

MADE_OF = ("backend", "prompt", "sampling", "training")
"""What a version is made of: checking it takes most of the time of reading many versions' names."""


class ServedNameError(ValueError):
    """A served name that can't be given a version as requested; `field` names the field."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}")


@transaction.atomic
def name_served_version(
    *,
    project: Project,
    by: User | None,
    name: str,
    version: ModelVersion,
    since: datetime | None = None,
) -> ServedModel:
    """Says which version answers under a served name, for requests from `since` on; without it from
    the name's first one.

    An earlier statement holds until then. Nothing is rewritten: the version is looked up by the
    request's time whenever it is read.

    Raises:
        NotAllowedError: `by` doesn't evaluate in the project.
        ServedNameError: no request had this name; the version is another project's; the name has
            a version from that very time on.
    """
    check_evaluates(by, project)
    if version.model.project_id != project.pk:
        raise ServedNameError(f"{version} isn't a version of {project}", "version")
    hours = RollUp.objects.of_served_name(project, name).order_by("hour")
    first = hours.values_list("hour", flat=True).first()
    if first is None:
        raise ServedNameError(f"no request of {project} was served as {name!r}", "name")
    return state_served_version(
        project=project, by=by, name=name, version=version, since=since or first
    )


@transaction.atomic
def state_served_version(
    *, project: Project, by: User | None, name: str, version: ModelVersion, since: datetime
) -> ServedModel:
    """Like `name_served_version`, of a name that requests may have from now on: an experiment's.

    Raises ServedNameError: the name has a version from that very time on.
    """
    try:
        with transaction.atomic():
            row = ServedModel.objects.create(
                project=project, name=name, version=version, since=since, by=by
            )
    except IntegrityError:
        raise ServedNameError(
            f"{name!r} has a version from {since.isoformat()} on: say another time", "since"
        ) from None
    note(Action.SERVED_NAME_SET, by=by, project=project, what=f"{name}: {version}")
    return row


@dataclass(frozen=True, slots=True)
class ServedVersions:
    """The versions of a project's served names over time."""

    _rows: Mapping[str, Sequence[ServedModel]]

    @classmethod
    def of(cls, project: Project) -> Self:
        """One query."""
        rows: dict[str, list[ServedModel]] = {}
        statements = ServedModel.objects.filter(project=project).select_related("version__model")
        statements = statements.defer(*(f"version__{name}" for name in MADE_OF))
        for row in statements.order_by("since"):
            rows.setdefault(row.name, []).append(row)
        return cls(rows)

    def at(self, name: str, time: datetime) -> ModelVersion | None:
        """The version that answered under this name at this time; None where nobody said it."""
        rows = self._rows.get(name, ())
        index = bisect_right(rows, time, key=lambda row: row.since)
        return rows[index - 1].version if index else None

    def condition(self, version: int, field: str) -> Q:
        """Rows that this version answered; `field` is the one that says when a row was served."""
        condition = Q(model_name__in=[])
        for name, rows in self._rows.items():
            for row, following in zip_longest(rows, rows[1:]):
                if row.version_id == version:
                    span = Q(model_name=name, **{f"{field}__gte": row.since})
                    end = Q(**{f"{field}__lt": following.since}) if following else Q()
                    condition |= span & end
        return condition

    def number(self, field: str) -> Case:
        """The expression of the answering version's primary key, 0 where nobody said it; `field`
        says when a row was served."""
        newest_first = [
            When(model_name=row.name, **{f"{field}__gte": row.since}, then=Value(row.version_id))
            for row in reversed(self.statements)
        ]
        return Case(*newest_first, default=Value(0), output_field=BigIntegerField())

    def days_of_change(self) -> list[datetime]:
        """The days within which a name got a version, by their midnight (UTC)."""
        days = {row.since.astimezone(UTC).date() for row in self.statements}
        return [datetime.combine(day, time(), UTC) for day in sorted(days)]

    @property
    def versions(self) -> dict[int, ModelVersion]:
        """By primary key, in the order of their names."""
        return {row.version_id: row.version for row in self.statements}

    @property
    def statements(self) -> list[ServedModel]:
        """All of them, by name, oldest first."""
        return [row for name in sorted(self._rows) for row in self._rows[name]]

    def without_version(self, names: Iterable[str]) -> list[str]:
        """Those of the names of which nobody has said what they stand for."""
        return sorted(set(names) - self._rows.keys())
