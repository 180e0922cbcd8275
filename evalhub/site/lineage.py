"""The ancestors and descendants of a model version. Pure, but for the one query."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.registry.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Descent:
    """A version with those that name it as their parent."""

    version: ModelVersion
    children: Sequence["Descent"]


def lineage(version: ModelVersion) -> Descent:
    """The tree that `version` is in, from its oldest ancestor down. One query.

    A parent in another project's line ends the tree there.
    """
    project = ModelVersion.objects.filter(model__project=version.model.project_id)
    rows = list(project.select_related("model").order_by("created", "id"))
    by_pk = {row.pk: row for row in rows}
    children: dict[int, list[ModelVersion]] = defaultdict(list)
    for row in rows:
        if row.parent_id is not None:
            children[row.parent_id].append(row)
    root = by_pk[version.pk]
    seen = {root.pk}
    while root.parent_id in by_pk and root.parent_id not in seen:
        root = by_pk[root.parent_id]
        seen.add(root.pk)
    return _descent(root, children, frozenset())


def _descent(
    version: ModelVersion, children: dict[int, list[ModelVersion]], above: frozenset[int]
) -> Descent:
    """A version that is its own ancestor (by an edit in the admin) isn't followed twice."""
    path = above | {version.pk}
    below = [each for each in children[version.pk] if each.pk not in path]
    return Descent(version, [_descent(each, children, path) for each in below])
