"""Ask one item again under an edited prompt, outside any run.

Of a development item the answer is scored: its scores are open. Of any other nothing is scored, and
that it was asked is kept: the next decision on the item says so (evalhub.ledger.prompt_trials).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.beside.sides import PromptSide
from evalhub.ledger.differences import right_of
from evalhub.ledger.prompt_trials import keep_trial
from evalhub.registry.contents import content_of
from evalhub.registry.models import Item, Metric, ModelVersion, Output, Score
from evalhub.report.flips import status_of
from evalhub.studies.web.trial_request import TrialResult, TryError, check_can_be_tried, try_prompt
from runners.metrics import Answer, Scorer, metric_declaration


class ItemGoneError(Exception):
    """The item's text was taken out: nothing is asked of it."""


@dataclass(frozen=True, slots=True)
class OpenScore:
    """A score of a development item's answer by one metric."""

    metric: Metric
    value: float | None
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What a model answered just now; nothing of it is kept.

    Attributes:
        scores: by the metrics of the item's test set; none where it isn't a development set.
        noted: whether the next decision on the item says that it was asked.
    """

    trial: TrialResult
    scores: Sequence[OpenScore]
    noted: bool


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the version of a side answered in its newest run."""

    output: Output
    scores: Sequence[OpenScore]


def ask_item(*, item: Item, side: PromptSide, by: User) -> NewAnswer:
    """Ask the side's model the item under the side's prompt, once.

    That a judged item is asked is kept before it is asked.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't evaluate in the item's project.
        ItemGoneError: its text was taken out.
        DeclarationError: what is wrong with the prompt, or that no model is named.
        evalhub.studies.web.trial_request.TryError: it can't be asked, and why.
        runners.backends.asking.BackendError: the endpoint can't be used.
    """
    project = item.version.test_set.project
    check_evaluates(by, project)
    if item.redacted:
        raise ItemGoneError(f"the text of {item.key} was taken out")
    if side.version is not None and side.version.model.project_id != project.pk:
        raise TryError(f"{side.version} is of another project than the item")
    prompt, backend = side.prompt(), side.backend()
    check_can_be_tried(backend, prompt)
    noted = keep_trial(item=item, prompt=prompt, model=side.name, by=by)
    trial = try_prompt(
        project=project,
        by=by,
        backend=backend,
        prompt=prompt,
        sampling=side.sampling(),
        item=content_of(item),
    )
    scores = _score(item, trial) if noted is None else []
    return NewAnswer(trial, scores, noted is not None)


def _score(item: Item, trial: TrialResult) -> list[OpenScore]:
    """By the metrics of all runs on the item's test set that read the answer alone. One query."""
    reply = trial.reply
    if reply.text is None:
        return []
    metrics = Metric.objects.filter(runs__run__test_set_version=item.version_id).distinct()
    scores = []
    for metric in metrics.order_by("name", "pk"):
        declared = metric_declaration(metric.name, **metric.options)
        if declared.reads_item or declared.recorded_alone or declared.scored_together:
            continue
        if declared.why_unusable:
            scores.append(OpenScore(metric, None, status_of(None, None), declared.why_unusable))
            continue
        if declared.sandboxed:  # a request waits for no program
            continue
        result = Scorer(declared)(Answer(reply.text, tool_calls=reply.tool_calls), item.references)
        status = status_of(result.value, right_of(metric))
        scores.append(OpenScore(metric, result.value, status, result.reason))
    return scores


def stored_answer(item: Item, version: ModelVersion | None) -> StoredAnswer | None:
    """The newest answer of a version to the item, with those of its scores that may be read.
    Two queries."""
    if version is None:
        return None
    output = Output.objects.filter(item=item, run__version=version, run__draft_until=None)
    newest = output.order_by("-run__pk", "sample").first()
    if newest is None:
        return None
    scores = Score.objects.readable().filter(output=newest).exclude(value=None)
    return StoredAnswer(
        newest,
        [
            OpenScore(score.metric, score.value, status_of(score.value, right_of(score.metric)), "")
            for score in scores.select_related("metric")
        ],
    )
