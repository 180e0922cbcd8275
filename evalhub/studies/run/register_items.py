"""Register a study's test sets as versions of items, each with its metric."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.io.canonical import digest_of
from evalhub.io.items import EDITED, read_items
from evalhub.io.rows import DataError
from evalhub.registry.importing import import_test_set
from evalhub.registry.models import Item, Metric, ModelVersion, Study, TestSetVersion
from evalhub.registry.models.testsets import TestSetPurpose
from evalhub.registry.versions import register_metric
from evalhub.stats.errors import StatisticsError
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.file.test_sets import AskedTestSet
from evalhub.studies.run.judges import metric_row

READ_AT_ONCE = 5_000
MARK = {f"metadata__{name}": value for name, value in EDITED.items()}
"""The condition on items whose reference is an edited answer of production."""

type Progress = Callable[[str, int], None]
"""Called with a test set's name and the line of its file that has been read."""


def register_test_set(
    spec: StudySpec,
    project: Project,
    name: str,
    test_set: AskedTestSet,
    judges: Mapping[str, ModelVersion],
    progress: Progress | None,
) -> tuple[TestSetVersion, Metric]:
    """The version with the items of a test set, and its metric, which may use one of the study's
    `judges`.

    Raises evalhub.io.rows.DataError for what is wrong with the file, with its line and field.
    """
    with spec.items_file(name) as path:
        version = _import(spec, project, name, test_set, path, progress)
    return version, metric_row(test_set.metric, judges)


def _import(
    spec: StudySpec,
    project: Project,
    name: str,
    test_set: AskedTestSet,
    path: Path,
    progress: Progress | None,
) -> TestSetVersion:
    mapping, metric = test_set.mapping, test_set.metric
    usual = TestSetPurpose.CAPABILITY if test_set.role == "guard" else TestSetPurpose.TASK
    version = import_test_set(
        project=project,
        slug=name,
        path=path,
        purpose=test_set.purpose or usual,
        mapping=mapping,
        engine=spec.engine(name),
        progress=None if progress is None else lambda line: progress(name, line),
    )
    if metric.compares:
        bare = Item.objects.filter(version=version, references=[], redacted=None).first()
        if bare is not None:
            line = next(line for line, item in read_items(path, mapping) if item.key == bare.key)
            raise DataError(
                f"{metric.name} needs a reference, and item '{bare.key}' has none",
                file=str(path),
                line=line,
                field=str(mapping.reference or "reference"),
            )
    _check_marked(project, version, path)
    if metric.compares and test_set.tier != "advisory" and _edited(version).exists():
        raise DataError(
            f"{metric.name} compares with answers of production that somebody edited: they lean to "
            f"the baseline, and may be no {test_set.role}. Take a metric without references, or "
            "say tier: advisory",
            file=str(path),
            field="reference",
        )
    return version


def _edited(version: TestSetVersion) -> QuerySet[Item]:
    """Items whose reference is an edited answer of production, as they say."""
    return Item.objects.filter(version=version, **MARK)


def _check_marked(project: Project, version: TestSetVersion, path: Path) -> None:
    """Raises DataError for an item whose reference is an edit of the project's samples, and which
    doesn't say so any more."""
    sampled = Item.objects.filter(
        version__test_set__project=project, version__traffic_sample__isnull=False, **MARK
    )
    edits = dict(sampled.order_by().values_list("fingerprint", "references"))
    if not edits:
        return
    unmarked = Item.objects.filter(version=version).exclude(pk__in=_edited(version).values("pk"))
    rows = unmarked.order_by("position").values_list("key", "fingerprint", "references")
    for key, fingerprint, references in rows.iterator(chunk_size=READ_AT_ONCE):
        if any(reference in edits.get(fingerprint, ()) for reference in references):
            [name] = EDITED
            raise DataError(
                f"the reference of item '{key}' is an answer of production that somebody edited: "
                f"keep its field {name}, which says so",
                file=str(path),
                field=name,
            )


def merge_equal_sets(
    spec: StudySpec, sets: Mapping[str, tuple[TestSetVersion, Metric]], study: Study | None
) -> dict[str, tuple[TestSetVersion, Metric]]:
    """The test sets with identical items merged into one version, so that an arm answers them
    once: a sample of production's requests, whatever the file calls it, else the first's.

    Pools are drawn from by themselves. A study that has asked them by their names goes on so.
    """
    before = dict(study.test_sets.values_list("name", "test_set_version")) if study else {}
    first = _samples([version for version, _ in sets.values()])
    merged = {}
    for name, (version, metric) in sets.items():
        test_set = spec.test_sets[name]
        if test_set.role != "development" and test_set.draw is None:
            same = first.setdefault(_items_of(version), version)
            version = version if before.get(name) == version.pk else same
        merged[name] = version, metric
    return merged


def _samples(versions: Sequence[TestSetVersion]) -> dict[tuple[str, str], TestSetVersion]:
    """Samples of production's requests with the same items as one of these versions. A query."""
    samples = TestSetVersion.objects.filter(
        traffic_sample__isnull=False,
        test_set__project__in={version.test_set.project_id for version in versions},
        digest__in={version.digest for version in versions},
    )
    return {_items_of(sample): sample for sample in samples.order_by("pk")}


def _items_of(version: TestSetVersion) -> tuple[str, str]:
    return version.digest, digest_of(version.engine)


def check_weights(
    spec: StudySpec, name: str, test_set: AskedTestSet, version: TestSetVersion
) -> None:
    """Checks that the items can be weighted, before anything is asked: to the production mix, or
    each by a weight of its own."""
    rows = Item.objects.filter(version=version)
    weighted = rows.filter(weight__isnull=False).exists()
    if test_set.mix is None and not weighted:
        return
    from evalhub.decision.align import weights_of
    from evalhub.decision.arm_scores import ItemLabel

    columns = rows.values_list("key", "tags", "weight")
    labels = [ItemLabel(key, tags=tags, weight=weight) for key, tags, weight in columns]
    try:
        weights_of(labels, test_set.mix)
    except StatisticsError as error:
        field = ["fields", "weight"] if test_set.mix is None else ["mix"]
        raise spec.document.error(["test_sets", name, *field], str(error)) from error


def form_metrics(test_set: AskedTestSet) -> list[Metric]:
    """The metrics of the guards on the form of a test set's answers."""
    return [
        register_metric(name=guard.metric.name, options=guard.metric.options)
        for guard in test_set.guards
    ]


def test_set_rows(
    spec: StudySpec, sets: Mapping[str, tuple[TestSetVersion, Metric]]
) -> dict[str, dict[str, Any]]:
    """The columns of all judged or read test sets by name, then of guards on form."""
    rows = {
        name: {
            "test_set_version_id": version.pk,
            "metric_id": metric.pk,
            "draw": spec.test_sets[name].draw,
            "form": "",
            "turned": False,
            **spec.test_sets[name].columns(),
        }
        for name, (version, metric) in sets.items()
    }
    for name in sets:
        test_set = spec.test_sets[name]
        for guard, metric in zip(test_set.guards, form_metrics(test_set), strict=True):
            rows[guard.of(name)] = rows[name] | {
                **guard.demand.columns(),
                "metric_id": metric.pk,
                "mix": test_set.mix,
                "items": rows[name]["items"],
                "form": guard.kind,
                "turned": guard.turned,
            }
    return rows
