"""Tasks of lm-evaluation-harness found by their names: one, or those of a group; and their data."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from runners.engines.errors import EngineError

SHOWN = 80
"""Names of tasks that an error lists."""
_BUILDERS = ("arrow", "csv", "json", "pandas", "parquet", "text", "webdataset", "xml")
"""What stands for a data set where its files are named by themselves."""


@dataclasses.dataclass(frozen=True, slots=True)
class TaskSet:
    """The harness's own tasks by their names; several are a group's.

    Attributes:
        version: the group's, or the task's.
    """

    tasks: Mapping[str, Any]
    version: str
    is_group: bool


def find_tasks(task: str, *, include_path: str | None, data: str | None, metric: str) -> TaskSet:
    """A task, or the tasks of a group whose `metric` is the mean over all of their documents.

    Args:
        include_path: folder of YAML that comes before the harness's own.
        data: folder of data sets, each in a folder named as at the hub.

    Raises:
        EngineError: there is none of that name, it is no one test set, or it can't be loaded.
    """
    if include_path is not None and not Path(include_path).is_dir():
        raise EngineError(f"has an include_path that is no folder: {include_path!r}")
    try:
        manager = _manager(include_path, defaults=include_path is None)
        if task not in manager.all_tasks or not _is_whole(manager, task):
            manager = _manager(include_path, defaults=True)
        if task not in manager.all_tasks:
            raise EngineError("is no task of lm-evaluation-harness, nor in include_path")
        index = dict(manager.task_index)
        kind = index[task].kind.name
        names = list(dict.fromkeys(_leaves(index, task)))
        if kind == "TAG":
            raise EngineError(
                f"is a tag, which has no score of its own: make a test set of each of its tasks, "
                f"{_list_names(names)}"
            )
        if kind == "GROUP":
            _check_group(index[task].cfg or {}, metric, names)
        if data is not None:
            index.update((name, _with_local_data(index[name], Path(data))) for name in names)
        built = manager._factory.build(index[task], overrides=None, registry=index)
    except EngineError:
        raise
    except Exception as error:
        raise EngineError(f"can't be loaded: {one_line(error)}") from error
    if kind != "GROUP":
        return TaskSet({task: built}, str(built.VERSION), is_group=False)
    tasks = {task.task_name: task for task in built.get_all_tasks()}
    return TaskSet(tasks, str(built.version), is_group=True)


def one_line(error: Exception) -> str:
    """What the harness says is wrong, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


@lru_cache(maxsize=4)
def _manager(include_path: str | None, *, defaults: bool) -> Any:
    """The harness's task manager, made once a process: it reads thousands of task files."""
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # what it assumes, a line a metric
    return TaskManager(include_path=include_path, include_defaults=defaults)


def _is_whole(manager: Any, name: str) -> bool:
    """Whether all that a name stands for is there; a tag may be of the harness's own tasks too."""
    entry = manager.task_index[name]
    members = (entry.cfg or {}).get("task") if entry.kind.name == "GROUP" else []
    plain = [member for member in members or [] if isinstance(member, str)]
    return (
        entry.kind.name != "TAG"
        and all(
            task_name in manager.task_index and _is_whole(manager, task_name) for task_name in plain
        )
        and len(plain) == len(members or [])
    )


def _leaves(index: Mapping[str, Any], name: str) -> Iterator[str]:
    """The tasks that a name stands for, in their order."""
    entry = index.get(name)
    if entry is None:
        return
    if entry.kind.name == "TAG":
        yield from sorted(entry.tags)
    elif entry.kind.name == "GROUP":
        yield from _members(index, entry.cfg.get("task"))
    else:
        yield name


def _members(index: Mapping[str, Any], members: Any) -> Iterator[str]:
    for member in members if isinstance(members, list) else []:
        name = member if isinstance(member, str) else member.get("group") or member.get("task")
        if isinstance(name, str) and name in index:
            yield from _leaves(index, name)
        elif isinstance(member, dict):
            yield from _members(index, member.get("task"))


def _check_group(config: Mapping[str, Any], metric: str, names: Sequence[str]) -> None:
    """That the group's own score is the mean over all documents, as a test set's is."""
    entries = config.get("aggregate_metric_list") or []
    own = {entry.get("metric"): entry for entry in entries if isinstance(entry, dict)}
    instead = f"make a test set of each of its tasks, {_list_names(names)}"
    if metric not in own:
        has = f"but {', '.join(map(str, own))}" if own else "nor any other"
        raise EngineError(f"is a group that has no {metric!r} of its own, {has}: {instead}")
    if not own[metric].get("weight_by_size", True) or own[metric].get("aggregation", "mean") != (
        "mean"
    ):
        raise EngineError(
            f"is a group whose {metric!r} isn't the mean over its documents: {instead}"
        )


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _with_local_data(entry: Any, data: Path) -> Any:
    """A task whose data set is the copy of it in a folder."""
    dataset = (entry.cfg or {}).get("dataset_path")
    if not isinstance(dataset, str) or dataset in _BUILDERS or entry.yaml_path is None:
        return entry
    from lm_eval.tasks._yaml_loader import load_yaml

    folder = data / dataset
    if not folder.is_dir():
        raise EngineError(
            f"finds no folder {str(folder)!r} for its data: copy the data set there, as by "
            f"hf download --repo-type dataset {dataset} --local-dir {folder}"
        )
    config = load_yaml(entry.yaml_path, resolve_func=True) | {"dataset_path": str(folder)}
    return dataclasses.replace(entry, yaml_path=None, cfg=config)
