"""Tasks of lm-evaluation-harness: their prompts as items, and their scores of what was answered.

The harness builds the prompts and scores the answers; who answers is asked as for any test set.
"""

import hashlib
import importlib.util
import json
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Any

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import Outside
from evalhub.extras import how_to_install
from evalhub.stats.corpus_counts import FALLING, RISING
from runners.engines.errors import EngineError
from runners.engines.harness_counts import counts_of
from runners.engines.harness_scores import (
    BITS,
    check_documents,
    check_score,
    document_bits,
    mean_bytes,
)
from runners.engines.harness_tasks import TaskSet, find_tasks, one_line

FEWSHOT_SEED = 1234
"""The harness's own default."""
LIKELIHOODS = ("multiple_choice", "loglikelihood", "loglikelihood_rolling")
"""Output types that ask how likely given texts are."""
_TOGETHER = {*RISING, *FALLING} - {"f1"}
"""Of all documents together by their names; an f1 is mostly a mean over documents."""
LONGEST_CLUSTER = 100
"""Characters of a cluster's name; a longer text is known by its SHA-256."""
_loading = threading.Lock()


class LmEvalTask(Declaration):
    """A task of lm-evaluation-harness, or a group of them that has a score of its own. A task may
    bring code, so only an operator names one."""

    task: Annotated[str, Field(pattern=r"^[\w.,:+-]+$", max_length=200), Outside("code")] = Field(
        description="its name, as lm-evaluation-harness lists it or a file in include_path says it"
    )
    include_path: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None, description="folder of the task's YAML, relative to this file"
    )
    data: Annotated[str, Field(min_length=1), Outside("file")] | None = Field(
        None,
        description="folder of data sets in place of the hub's, relative to this file, each in a "
        "folder named as there",
    )
    limit: int | None = Field(
        None, ge=1, description="the first so many of its documents, of a group those of each task"
    )
    num_fewshot: int | None = Field(
        None, ge=0, le=100, description="examples before each; default: the task's own"
    )
    score: str = Field(
        "acc",
        min_length=1,
        max_length=200,
        description="which of the task's metrics it is: acc, "
        "acc_norm, exact_match, bits_per_byte, …; of a filter's, METRIC,FILTER",
    )
    cluster: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="field of the task's documents that names what belongs together, such as the "
        "text that several questions are about; without it each document stands alone",
    )

    @property
    def metric(self) -> dict[str, Any]:
        """The metric that takes the task's own score, as a study file says it."""
        if self.score == BITS:
            return {"name": "recorded", "score": BITS, "higher_is_better": False}
        if self.score.partition(",")[0] in _TOGETHER:
            return {"name": "corpus_score", "score": self.score}
        return {"name": "recorded", "score": self.score, "bounds": [0, 1]}


@dataclass(frozen=True, slots=True)
class HarnessDocument:
    """A document of a task with what is asked of it, by the harness's own task of that name."""

    key: str
    doc: Any
    instances: Sequence[Any]
    task_name: str
    task: Any

    @property
    def repeats(self) -> int:
        """How many answers the task scores together."""
        return int(self.task.config.repeats or 1)

    @property
    def requests_json(self) -> list[Any]:
        """The document's requests as JSON, for the digest of the prompts."""
        return [[each.request_type, list(each.args)] for each in self.instances]


@dataclass(slots=True)
class HarnessTask:
    """A task or a group with all its prompts, built once, in the order in which examples are drawn.

    Attributes:
        version: the task's, or the group's.
        versions: of a group's tasks, by name; empty where it is one task.
        mean_bytes: of a document, where bits a byte are scored.
        together: whether the score is of all documents together, so that their counts are kept.
    """

    spec: LmEvalTask
    kind: str
    version: str
    versions: Mapping[str, str]
    documents: dict[str, HarnessDocument]
    higher_is_better: bool
    mean_bytes: float | None = None
    together: bool = False
    _scoring: threading.Lock = field(default_factory=threading.Lock)

    @property
    def prompts_sha256(self) -> str:
        prompts = [each.requests_json for each in self.documents.values()]
        text = json.dumps(prompts, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def engine(self) -> dict[str, Any]:
        """What a test set version stores of the task: specification, digests and versions."""
        fields = {
            "lm_eval": self.spec.as_json(),
            "harness": f"lm-eval {version('lm-eval')}",
            "kind": self.kind,
            "task_version": self.version,
            "prompts_sha256": self.prompts_sha256,
        }
        return fields | ({"task_versions": dict(self.versions)} if self.versions else {})

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row an item; what names the task and its version is part of its digest. One of a group
        has the name of its task as a tag."""
        for document in self.documents.values():
            first = document.instances[0]
            context = first.args[0] if self.kind != "loglikelihood_rolling" else ""
            text = json.dumps(
                document.requests_json, sort_keys=True, ensure_ascii=False, default=str
            )
            row = {
                "id": document.key,
                "input": context if context.strip() else str(first.args[-1]),
                "reference": _target(document.task, document.doc),
                "lm_eval": self.spec.task,
                "task_version": self.versions.get(document.task_name, self.version),
                "prompt_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            }
            if self.spec.cluster is not None:
                row["cluster"] = _cluster(document, self.spec.cluster)
            yield row | ({"tags": [document.task_name]} if self.versions else {})

    def scores(
        self, document: HarnessDocument, replies: Sequence[Sequence[Any]]
    ) -> dict[str, float]:
        """The task's own scores of a document, by metric and filter, and its counts.

        Args:
            replies: of each instance as many as the task asks for.
        """
        task = document.task
        with self._scoring:
            for instance, texts in zip(document.instances, replies, strict=True):
                instance.resps, instance.filtered_resps = list(texts), {}
            task._instances = list(document.instances)
            task.apply_filters()
            scores: dict[str, float] = {}
            for name in document.instances[0].filtered_resps:
                filtered = [each.filtered_resps[name] for each in document.instances]
                scored: Mapping[str, Any] = task.process_results(document.doc, filtered)
                for metric, value in scored.items():
                    score = metric if name == "none" else f"{metric},{name}"
                    if (number := self._number(metric, value)) is not None:
                        scores[score] = number
                    if self.together and score == self.spec.score:
                        counts = counts_of(metric, value)
                        scores |= {f"{score}.{count}": each for count, each in counts.items()}
            return scores

    def _number(self, metric: str, value: Any) -> float | None:
        """A document's score; None of what is no number of one document."""
        if metric == BITS and self.mean_bytes is not None:
            value = document_bits(value, self.mean_bytes)
        return _number(value)


def load(spec: LmEvalTask) -> HarnessTask:
    """The task with its prompts, once a process. Raises EngineError for what can't be asked."""
    with _loading:
        return _load(spec)


@lru_cache(maxsize=64)
def _load(spec: LmEvalTask) -> HarnessTask:
    if importlib.util.find_spec("lm_eval") is None:
        raise EngineError(
            f"needs lm-evaluation-harness: install the extra `lm-eval`: {how_to_install('lm-eval')}"
        )
    if os.environ.get("EVALHUB_OFFLINE") == "1":
        os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    os.environ.setdefault("TQDM_DISABLE", "1")
    metric = spec.score.partition(",")[0]
    task_set = find_tasks(spec.task, include_path=spec.include_path, data=spec.data, metric=metric)
    kinds = {str(each.OUTPUT_TYPE) for each in task_set.tasks.values()}
    if len(kinds) != 1:
        raise EngineError(
            f"is a group of several kinds ({', '.join(sorted(kinds))}): {_apart(task_set)}"
        )
    [kind] = kinds
    if kind not in (*LIKELIHOODS, "generate_until"):
        raise EngineError(f"is of the kind {kind}, which isn't asked here")
    documents: dict[str, HarnessDocument] = {}
    for name, task in task_set.tasks.items():
        before = f"{name}/" if task_set.is_group else ""
        documents.update((each.key, each) for each in _documents(spec, name, task, before))
    if spec.cluster is not None:
        for document in documents.values():
            _cluster(document, spec.cluster)  # before anything is written
    drawn = {json.dumps(each.instances[0].args[1:], default=str) for each in documents.values()}
    if kind == "generate_until" and len(drawn) > 1:
        raise EngineError(
            f"is a group whose tasks end or draw answers differently: {_apart(task_set)}"
        )
    together = [check_score(task, kind, spec.score) for task in task_set.tasks.values()]
    if task_set.is_group and any(together):
        raise EngineError(
            f"is a group, and {metric} is of one task's documents: {_apart(task_set)}"
        )
    if any(together):
        rows = [(each.task, each.doc, each.instances) for each in documents.values()]
        check_documents(rows, kind, metric)
    ups = {bool(task.higher_is_better()[metric]) for task in task_set.tasks.values()}
    if len(ups) > 1:
        raise EngineError(
            f"is a group of which {metric} is better high and low: {_apart(task_set)}"
        )
    versions = {name: str(each.VERSION) for name, each in task_set.tasks.items()}
    return HarnessTask(
        spec=spec,
        kind=kind,
        version=task_set.version,
        versions=versions if task_set.is_group else {},
        documents=documents,
        higher_is_better=ups.pop(),
        mean_bytes=mean_bytes([(each.task, each.doc) for each in documents.values()])
        if metric == BITS
        else None,
        together=any(together),
    )


def _documents(spec: LmEvalTask, name: str, task: Any, before: str) -> Iterator[HarnessDocument]:
    """The documents of one of the harness's tasks, their prompts built."""
    if spec.num_fewshot is not None:
        task.set_config("num_fewshot", spec.num_fewshot)
    task.set_fewshot_seed(FEWSHOT_SEED)
    if (task.config.repeats or 1) != 1 and task.OUTPUT_TYPE != "generate_until":
        raise EngineError(f"asks {task.config.repeats} times how likely the same text is")
    try:
        task.build_all_requests(limit=spec.limit)
    except Exception as error:
        raise EngineError(f"its prompts can't be built: {one_line(error)}") from error
    by_document: dict[str, list[Any]] = {}
    for instance in task.instances:
        by_document.setdefault(str(instance.doc_id), []).append(instance)
    for key, some in by_document.items():
        if any(len(each.args) > 2 for each in some):
            raise EngineError("shows images or sounds, which aren't asked here")
        yield HarnessDocument(before + key, some[0].doc, some, name, task)


def _cluster(document: HarnessDocument, field: str) -> str:
    """The document's cluster: the value of the task's cluster field in its data set."""
    if not isinstance(document.doc, Mapping) or document.doc.get(field) in (None, ""):
        raise EngineError(f"has no {field!r} in document {document.key!r}: it names no cluster")
    value = document.doc[field]
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= LONGEST_CLUSTER else hashlib.sha256(text.encode()).hexdigest()


def _apart(task_set: TaskSet) -> str:
    return f"make a test set of each of its tasks, {', '.join(task_set.tasks)}"


def _target(task: Any, doc: Any) -> str:
    target = task.doc_to_target(doc)
    if isinstance(target, int) and task.config.doc_to_choice is not None:
        choices = task.doc_to_choice(doc)
        return str(choices[target]) if 0 <= target < len(choices) else str(target)
    return target if isinstance(target, str) else json.dumps(target, default=str)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
