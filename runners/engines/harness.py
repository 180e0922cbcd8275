"""Tasks of lm-evaluation-harness: their prompts as items, and their scores of what was answered.

The harness builds the prompts and scores the answers; who answers is asked as for any test set.
"""

import hashlib
import importlib.util
import json
import logging
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from evalhub.schemas.declaration import Declaration
from evalhub.schemas.outside import Outside
from runners.engines.errors import EngineError

FEWSHOT_SEED = 1234
"""The harness's own default."""
LIKELIHOODS = ("multiple_choice", "loglikelihood", "loglikelihood_rolling")
"""Output types that ask how likely given texts are."""
_loading = threading.Lock()


class LmEvalTask(Declaration):
    """A task of lm-evaluation-harness. A task may bring code, so only an operator names one."""

    task: Annotated[str, Field(pattern=r"^[\w.,:+-]+$", max_length=200), Outside("code")] = Field(
        description="its name, as lm-evaluation-harness lists it or a file in include_path says it"
    )
    include_path: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="folder of the task's YAML, relative to this file"
    )
    limit: int | None = Field(None, ge=1, description="the first so many of its documents")
    num_fewshot: int | None = Field(
        None, ge=0, le=100, description="examples before each; the task's own where it isn't said"
    )
    score: str = Field(
        "acc",
        min_length=1,
        max_length=200,
        description="which of the task's metrics it is: acc, "
        "acc_norm, exact_match, …; of a filter's, METRIC,FILTER",
    )

    @property
    def metric(self) -> dict[str, Any]:
        """The metric that takes the task's own score, as a study file says it."""
        return {"name": "recorded", "score": self.score, "bounds": [0, 1]}


@dataclass(frozen=True, slots=True)
class HarnessDocument:
    """A document of a task with what is asked of it."""

    key: str
    doc: Any
    instances: Sequence[Any]

    @property
    def asked(self) -> list[Any]:
        """What is sent, as JSON, for its digest."""
        return [[each.request_type, list(each.args)] for each in self.instances]


@dataclass(slots=True)
class HarnessTask:
    """A task with all its prompts, built once, in the order in which examples are drawn."""

    spec: LmEvalTask
    kind: str
    version: str
    documents: dict[str, HarnessDocument]
    higher_is_better: bool
    _task: Any
    _scoring: threading.Lock = field(default_factory=threading.Lock)

    @property
    def prompts_sha256(self) -> str:
        asked = [each.asked for each in self.documents.values()]
        text = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def engine(self) -> dict[str, Any]:
        """What a test set version says of it."""
        return {
            "lm_eval": self.spec.as_json(),
            "harness": f"lm-eval {version('lm-eval')}",
            "kind": self.kind,
            "task_version": self.version,
            "prompts_sha256": self.prompts_sha256,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row an item; what names the task and its version is part of its digest."""
        for each in self.documents.values():
            first = each.instances[0]
            given = first.args[0] if self.kind != "loglikelihood_rolling" else ""
            text = json.dumps(each.asked, sort_keys=True, ensure_ascii=False, default=str)
            yield {
                "id": each.key,
                "input": given if given.strip() else str(first.args[-1]),
                "reference": _target(self._task, each.doc),
                "lm_eval": self.spec.task,
                "task_version": self.version,
                "prompt_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            }

    def scores(self, document: HarnessDocument, replies: Sequence[Any]) -> dict[str, float]:
        """The task's own scores of a document's replies, one an instance, by metric and filter."""
        with self._scoring:
            for instance, reply in zip(document.instances, replies, strict=True):
                instance.resps, instance.filtered_resps = [reply], {}
            self._task._instances = list(document.instances)
            self._task.apply_filters()
            found: dict[str, float] = {}
            for name in document.instances[0].filtered_resps:
                filtered = [each.filtered_resps[name] for each in document.instances]
                scored: Mapping[str, Any] = self._task.process_results(document.doc, filtered)
                for metric, value in scored.items():
                    if (number := _number(value)) is not None:
                        found[metric if name == "none" else f"{metric},{name}"] = number
            return found


def load(spec: LmEvalTask) -> HarnessTask:
    """The task with its prompts, once a process. Raises EngineError for what can't be asked."""
    with _loading:
        return _load(spec)


@lru_cache(maxsize=16)
def _load(spec: LmEvalTask) -> HarnessTask:
    if importlib.util.find_spec("lm_eval") is None:
        raise EngineError(
            "needs lm-evaluation-harness: install the extra `lm-eval`, as in "
            "pip install 'evalhub-gate[lm-eval]'"
        )
    if os.environ.get("EVALHUB_OFFLINE") == "1":
        os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    os.environ.setdefault("TQDM_DISABLE", "1")
    task = _found(spec)
    if spec.num_fewshot is not None:
        task.set_config("num_fewshot", spec.num_fewshot)
    task.set_fewshot_seed(FEWSHOT_SEED)
    if (task.config.repeats or 1) != 1:
        raise EngineError(f"asks each document {task.config.repeats} times: say samples in an arm")
    try:
        task.build_all_requests(limit=spec.limit)
    except Exception as error:
        raise EngineError(f"its prompts can't be built: {_line(error)}") from error
    by_document: dict[str, list[Any]] = {}
    for each in task.instances:
        by_document.setdefault(str(each.doc_id), []).append(each)
    kind = str(task.OUTPUT_TYPE)
    if kind not in (*LIKELIHOODS, "generate_until"):
        raise EngineError(f"is of the kind {kind}, which isn't asked here")
    documents = {key: HarnessDocument(key, some[0].doc, some) for key, some in by_document.items()}
    if any(len(each.args) > 2 for some in by_document.values() for each in some):
        raise EngineError("shows images or sounds, which aren't asked here")
    known = {str(name): bool(up) for name, up in task.higher_is_better().items()}
    metric = spec.score.partition(",")[0]
    if metric not in known:
        raise EngineError(f"has no metric {metric!r}, but {', '.join(known)}: say it as `score`")
    return HarnessTask(
        spec=spec,
        kind=kind,
        version=str(task.VERSION),
        documents=documents,
        higher_is_better=known[metric],
        _task=task,
    )


def _found(spec: LmEvalTask) -> Any:
    """The harness's own task of that name. A group isn't one: each of its tasks is a test set."""
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # what it assumes, a line a metric
    if spec.include_path is not None and not Path(spec.include_path).is_dir():
        raise EngineError(f"there is no folder {spec.include_path!r} for its include_path")
    try:
        manager = None
        if spec.include_path is not None:  # without the thousands that come with the harness
            manager = TaskManager(include_path=spec.include_path, include_defaults=False)
        if manager is None or spec.task not in manager.all_tasks:
            manager = TaskManager(include_path=spec.include_path)
        if spec.task not in manager.all_tasks:
            raise EngineError("is no task of lm-evaluation-harness, nor in include_path")
        if spec.task not in manager.all_subtasks:
            raise EngineError("is a group of tasks: name each of them as a test set")
        [task] = manager.load([spec.task])["tasks"].values()
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(f"can't be loaded: {_line(error)}") from error
    return task


def _target(task: Any, doc: Any) -> str:
    target = task.doc_to_target(doc)
    if isinstance(target, int) and task.config.doc_to_choice is not None:
        choices = task.doc_to_choice(doc)
        return str(choices[target]) if 0 <= target < len(choices) else str(target)
    return target if isinstance(target, str) else json.dumps(target, default=str)


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
