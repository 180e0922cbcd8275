"""Whether a version may answer a test set and be scored so: checked before a run is launched."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from django.db.models import Q, QuerySet

from evalhub.declare.declaration import DeclarationError
from evalhub.declare.version import BackendDeclaration
from evalhub.registry.models import Item, Metric, ModelVersion, TestSetVersion
from runners.backends import backend_of
from runners.engines.harness import LIKELIHOODS
from runners.judged_metrics import judge_of
from runners.metrics import MetricDeclaration, MetricError, metric_declaration
from runners.metrics.sandboxed import check_sandbox


class LaunchError(Exception):
    """A run that can't be launched, and what would be right."""


def check_takes(
    version: ModelVersion, test_set_version: TestSetVersion, metrics: Sequence[Metric]
) -> None:
    """That recorded answers of this version to these items can be scored so; nothing is written.

    Raises LaunchError.
    """
    check_launch(version, test_set_version, metrics, None, staged=True)
    if backend_of(version).live:
        raise LaunchError(f"{version}: answers by itself, and takes no recorded answers")
    check_whole(test_set_version)


def check_launch(
    version: ModelVersion,
    test_set_version: TestSetVersion,
    metrics: Iterable[Metric],
    answers: Path | None,
    *,
    staged: bool = False,
) -> None:
    """That this version can be asked these items, or has `answers` to them (a file, or `staged`
    rows), and that the metrics can score them.

    Raises LaunchError.
    """
    try:
        backend = backend_of(version)
        declarations = [metric_declaration(metric.name, **metric.options) for metric in metrics]
        for declaration in declarations:
            if declaration.why_unusable:
                raise MetricError(declaration.why_unusable)
            check_sandbox(declaration)
            judge_of(declaration, version.model.project)
    except (DeclarationError, MetricError) as error:
        raise LaunchError(f"{version}: {error}") from error
    if not backend.live and answers is None and not staged:
        raise LaunchError(f"{version}: its answers are recorded, and no file of them is given")
    if backend.live and answers is not None:
        raise LaunchError(
            f"{version}: answers by itself ({backend.type}), and takes no file of answers"
        )
    engine = test_set_version.engine
    if backend.live and engine and engine["kind"] in LIKELIHOODS and not backend.gives_likelihoods:
        raise LaunchError(
            f"{version}: answers in words ({backend.type}), and {engine['lm_eval']['task']} asks "
            "how likely given texts are: a model in the worker says so (hf), and a server of which "
            "its arm says `echo`"
        )
    if (
        backend.live
        and not engine
        and (recorded_only := [one for one in declarations if one.recorded_alone])
    ):
        raise LaunchError(
            f"{version}: answers by itself ({backend.type}), and {recorded_only[0].name} takes "
            "scores that came with recorded answers"
        )
    samples = version.sampling.samples
    if backend.live and (few := [one for one in declarations if one.least_answers > samples]):
        raise LaunchError(
            f"{version}: {few[0].name} needs {few[0].least_answers} answers to each item, and its "
            f"sampling asks for {samples}: say `samples: {few[0].least_answers}` there"
        )
    items = Item.objects.filter(version=test_set_version).order_by("position")
    if not items.exists():
        raise LaunchError(f"{test_set_version}: has no items")
    for comparing in (one for one in declarations if one.compares):
        if bare := items.filter(references=[], redacted=None).first():
            raise LaunchError(
                f"{test_set_version}: item '{bare.key}' has no reference, which "
                f"{comparing.name} compares with"
            )
    for judging in (one for one in declarations if one.needs_choices):
        if why := backend.why_no_choices:
            raise LaunchError(
                f"{version}: {judging.name} asks how likely each choice is, and {why}; a model in "
                "the worker (hf) says it too"
            )
        no_choices = Q(choices__isnull=True) | Q(choices=[])
        if bare := items.filter(no_choices, redacted=None).first():
            raise LaunchError(
                f"{test_set_version}: item '{bare.key}' has no choices, which {judging.name} "
                "needs: name their field in the test set's fields"
            )
    _check_held_texts(version, backend, declarations, items)
    retrieving = [one for one in declarations if one.reads_passages]
    if retrieving and backend.live and version.prompt.retriever is None:
        raise LaunchError(
            f"{version}: {retrieving[0].name} reads the passages that an answer was given, and its "
            "prompt has no retriever"
        )
    needy = backend.live and version.prompt.needs_context and version.prompt.retriever is None
    if needy and (bare := items.filter(context="", redacted=None).exclude(choices=[]).first()):
        raise LaunchError(
            f"{version}: its template holds {{context}}, and item '{bare.key}' of "
            f"{test_set_version} has none"
        )


def _check_held_texts(
    version: ModelVersion,
    backend: BackendDeclaration,
    declarations: Sequence[MetricDeclaration],
    items: QuerySet[Item],
) -> None:
    """That items are held texts where metrics score these, and only there. Raises LaunchError."""
    texts = items.filter(choices=[], redacted=None)
    scoring = next((one for one in declarations if one.scores_texts), None)
    other = next((one for one in declarations if not one.scores_texts), None)
    if other is not None and (text := texts.first()):
        raise LaunchError(
            f"{text.version}: item '{text.key}' is a text to be scored itself, which nobody "
            f"answers, and {other.name} scores answers: take log_loss, or name the field `input`"
        )
    if scoring is None:
        return
    if not backend.live:
        raise LaunchError(
            f"{version}: {scoring.name} asks how likely a text is, which recorded answers don't "
            "say: record their scores, and take the metric recorded"
        )
    if why := backend.why_no_texts:
        raise LaunchError(
            f"{version}: {scoring.name} asks how likely a text is, and {why}; a model in the "
            "worker (hf) says it too"
        )
    if bare := items.exclude(choices=[]).filter(redacted=None).first():
        raise LaunchError(
            f"{bare.version}: item '{bare.key}' is a question to be answered, and {scoring.name} "
            "scores texts: name their field `text` in the test set's fields"
        )


def check_whole(test_set_version: TestSetVersion) -> None:
    """That no item's text was redacted. Raises LaunchError."""
    redacted = test_set_version.items.filter(redacted__isnull=False).values_list("key", flat=True)
    if keys := list(redacted[:3]):
        raise LaunchError(
            f"{test_set_version}: the text of item '{keys[0]}' was redacted, so that nothing more "
            "can be asked of this version: import the test set without that item"
        )
