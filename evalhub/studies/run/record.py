"""Store a model's answers now, to be compared with a later model's."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

import evalhub
from evalhub.accounts.models import Project
from evalhub.declare.plan import PlannedJudging, PlannedRun, RecordPlan
from evalhub.registry.models import Output, Run
from evalhub.studies.file.checks import BEST_UNTUNED
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.run.judges import judge_prices, plan_scoring
from evalhub.studies.run.register import register_arms
from evalhub.studies.run.register_items import Progress
from evalhub.studies.run.requests import plan_budgets, plan_run, sum_known
from evalhub.studies.run.waiting import Progress as RunProgress
from evalhub.studies.run.waiting import answer

ROWS = 2_000


class RecordError(ValueError):
    """An arm of which there is nothing to be stored."""


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """An arm's run on one test set; `repeat` 1 is the same asked again, for the noise floor."""

    arm: str
    test_set: str
    repeat: int
    run: Run

    @property
    def file(self) -> str:
        """The name of its file of answers."""
        return f"{self.arm}{'-again' if self.repeat else ''}.{self.test_set}.jsonl"


def arms_to_record(spec: StudySpec, names: Sequence[str]) -> list[str]:
    """The named arms, else the baseline, in the file's order.

    Raises RecordError for an arm that there isn't, or whose answers are recorded already.
    """
    best = spec.document.data["baseline"] == BEST_UNTUNED
    untuned = [name for name, arm in spec.arms.items() if not arm.fine_tuned]
    usual = (
        [each for each in untuned if spec.arms[each].backend.live_backend]
        if best
        else [spec.baseline]
    )
    for name in names:
        if name not in spec.arms:
            raise RecordError(f"there is no arm {name!r}; there are {', '.join(spec.arms)}")
    chosen = [name for name in spec.arms if name in (names or usual)]
    for name in chosen:
        if spec.arms[name].backend.live_backend is None:
            raise RecordError(f"the answers of {name!r} are recorded: nobody is asked for them")
    if not chosen:
        raise RecordError("the answers of all arms that may be the baseline are recorded")
    return chosen


def plan_of_answers(spec: StudySpec, arms: Sequence[str]) -> RecordPlan:
    """The requests for storing these arms' answers: registered, read, and rolled back.

    Raises what `register_arms` raises.
    """
    with transaction.atomic():
        plan = _plan(spec, arms, _runs(spec, arms))
        transaction.set_rollback(True)
    return plan


def _plan(spec: StudySpec, arms: Sequence[str], runs: Sequence[RecordedRun]) -> RecordPlan:
    planned_runs = [
        plan_run(recorded.run, arm=recorded.arm, test_set=recorded.test_set, repeat=recorded.repeat)
        for recorded in runs
    ]
    scored = (
        (recorded.arm, recorded.test_set, recorded.run, row.metric)
        for recorded in runs
        for row in recorded.run.metrics.select_related("metric")
    )
    judging = list(plan_scoring(scored, judge_prices(spec, _project(runs))))
    planned: list[PlannedRun | PlannedJudging] = [*planned_runs, *judging]
    still = [each for each in planned if each.requests]
    return RecordPlan(
        study=spec.name,
        arms=tuple(arms),
        runs=tuple(planned_runs),
        judging=tuple(judging),
        requests=sum(each.requests for each in still),
        prompt_tokens=sum(each.prompt_tokens for each in still),
        completion_tokens=sum_known(each.completion_tokens for each in still),
        money=sum_known(each.money for each in still),
        budgets=tuple(plan_budgets((each.run for each in runs), planned)),
    )


def _project(runs: Sequence[RecordedRun]) -> Project:
    return runs[0].run.version.model.project


def record_answers(
    spec: StudySpec,
    arms: Sequence[str],
    *,
    read: Progress | None = None,
    planned: Callable[[RecordPlan], None] | None = None,
    progress: RunProgress | None = None,
) -> list[RecordedRun]:
    """Asks these arms for missing answers, and waits; a worker must be running.

    `planned` is told what will be asked, before any of it is; where it raises, nothing is kept.

    A run that failed is among them too: `runners.outcome.check` says why. Called again it goes on.
    Raises what `register_arms` raises.
    """
    with transaction.atomic():
        runs = _runs(spec, arms, read)
        if planned is not None:
            planned(_plan(spec, arms, runs))
    ended = {run.pk: run for run in answer([each.run for each in runs], progress=progress)}
    return [RecordedRun(each.arm, each.test_set, each.repeat, ended[each.run.pk]) for each in runs]


def _runs(spec: StudySpec, arms: Sequence[str], read: Progress | None = None) -> list[RecordedRun]:
    runs = register_arms(spec, arms, progress=read)
    return [RecordedRun(*key, run) for key, run in runs.items()]


def answer_lines(run: Run, *, scores: bool = False) -> Iterator[str]:
    """A run's answers as JSONL lines that `recorded` reads, in the order of the items.

    `scores`: with those that came with the answers, which the caller knows to be open.
    """
    outputs = Output.objects.filter(run=run).select_related("item")
    for output in outputs.order_by("item__position", "sample").iterator(ROWS):
        row = _row(output, several=run.samples > 1)
        if scores and output.given_scores:
            row["scores"] = output.given_scores
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _row(output: Output, *, several: bool) -> dict[str, Any]:
    outcome = {"output": output.text} if output.text is not None else {"error": output.error}
    counts = {
        "latency_ms": output.latency_ms,
        "prompt_tokens": output.prompt_tokens,
        "completion_tokens": output.completion_tokens,
    }
    return {
        "id": output.item.key,
        **({"sample": output.sample} if several else {}),
        **outcome,
        **({"finish_reason": output.finish_reason} if output.finish_reason else {}),
        **({"served_model": output.served_model} if output.served_model else {}),
        **({"system_fingerprint": output.fingerprint} if output.fingerprint else {}),
        **({"reasoning": output.reasoning} if output.reasoning else {}),
        **({"tool_calls": output.tool_calls} if output.tool_calls else {}),
        **({"passages": output.passages} if output.passages is not None else {}),
        **{name: value for name, value in counts.items() if value is not None},
    }


def about(arm: str, runs: Sequence[RecordedRun], files: dict[str, Path]) -> dict[str, Any]:
    """The description of one arm's files: the version, its settings, the items, and the files'
    digests."""
    version = runs[0].run.version
    return {
        "arm": arm,
        "recorded": timezone.now().isoformat(timespec="seconds"),
        "evalhub": evalhub.__version__,
        "version": {
            "digest": version.digest,
            "kind": version.kind,
            "backend": version.backend,
            "prompt": version.prompt.as_json(),
            "sampling": version.sampling.as_json(),
        },
        "answers": [_file(each, files[each.file]) for each in runs],
    }


def _file(of: RecordedRun, path: Path) -> dict[str, Any]:
    answers = Output.objects.filter(run=of.run)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "file": of.file,
        "sha256": digest,
        "test_set": of.test_set,
        "repeat": of.repeat,
        "items_digest": of.run.test_set_version.digest,
        "items": of.run.test_set_version.item_count,
        "answers": answers.filter(text__isnull=False).count(),
        "failed": answers.filter(text=None).count(),
    }
