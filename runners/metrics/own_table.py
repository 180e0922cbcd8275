"""The metrics of this home: what installed packages and the operator's files bring.

Packages bring them by the entry points `evalhub.metrics`; EVALHUB_OWN_METRICS names files: `.py`
with functions, `.toml` or `.json` with commands. They are loaded once a process, when a name is
first asked for that none of Evalhub's own metrics has.
"""

import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.io.canonical import digest_of
from evalhub.plug_ins import (
    SHOWN_DIGITS,
    PlugInError,
    entries,
    file_sha256,
    load,
    origin,
    reason_of,
    source_sha256,
)
from runners.metrics.own import NAME, FunctionMetric
from runners.metrics.own_kinds import (
    OwnMetric,
    absent_metric,
    command_metric,
    function_metric,
)
from runners.metrics.own_source import MetricCommand, MetricScale, MetricSource
from runners.metrics.score import MetricDeclaration, MetricError

VARIABLE = "EVALHUB_OWN_METRICS"
GROUP = "evalhub.metrics"
_DOCUMENTS = (".toml", ".json")


class OwnMetricsError(MetricError):
    """An own metric that can't be had: from where, and why."""


@cache
def own_metrics() -> Mapping[str, type[OwnMetric]]:
    """The metrics of this home, by name. Raises OwnMetricsError for the first that can't be had."""
    from runners.metrics import METRICS

    table: dict[str, type[OwnMetric]] = {}
    try:
        for name, kind in (*_of_packages(), *_of_files()):
            if name in METRICS:
                raise OwnMetricsError(
                    f"{kind.source.origin}: the metric {name!r} has the name of one of Evalhub's: "
                    "rename it"
                )
            if name in table:
                raise OwnMetricsError(
                    f"two metrics are called {name!r}: {table[name].source.origin} and "
                    f"{kind.source.origin} have one each"
                )
            table[name] = kind
    except PlugInError as error:
        raise OwnMetricsError(str(error)) from error
    return table


def own_declaration(name: str, options: Mapping[str, Any]) -> MetricDeclaration | None:
    """The own metric of that name with its options; None where there is none.

    One whose stored code isn't what is here can be read and not scored by (`AbsentMetric`). Raises
    MetricError for an option that it doesn't take, and OwnMetricsError.
    """
    stored = options.get("code_sha256")
    try:
        kind = own_metrics().get(name)
        reason = "its code isn't installed here"
    except OwnMetricsError as error:
        if stored is None:
            raise
        kind, reason = None, str(error)
    if kind is not None and stored not in (None, kind.source.sha256):
        reason = (
            f"its code here is {kind.source.sha256[:SHOWN_DIGITS]}, and this question was "
            f"registered with {str(stored)[:SHOWN_DIGITS]}: changed code is another metric, so "
            "register the study again, or bring the old code back"
        )
        kind = None
    if kind is None and (stored is None or not isinstance(options.get("scale"), dict)):
        return None
    try:
        if kind is None:
            kind_of_stored = absent_metric(validate(MetricScale, options["scale"]), reason)
            return validate(kind_of_stored, {"name": name, **options})
        return validate(kind, {"name": name, **options})
    except DeclarationError as error:
        raise MetricError(f"{name}: {error}") from error


def load_file(path: Path) -> dict[str, type[FunctionMetric]]:
    """The functions that a Python file makes metrics. Raises PlugInError, whatever it raises."""
    module = ModuleType(f"evalhub_metrics_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except OSError as error:
        raise PlugInError(f"{VARIABLE}: {path} can't be read: {error.strerror}") from error
    except (Exception, SystemExit) as error:
        raise PlugInError(f"{VARIABLE}: {path} can't be loaded: {reason_of(error)}") from error
    kinds = [kind for kind in vars(module).values() if _is_metric(kind, module.__name__)]
    if not kinds:
        raise PlugInError(
            f"{VARIABLE}: {path} has no metric: a function with the decorator "
            "runners.metrics.own.metric"
        )
    return {_name(kind): kind for kind in kinds}


def load_entry(entry: EntryPoint) -> type[FunctionMetric]:
    """The function that an entry point names. Raises PlugInError."""
    kind = load(entry)
    if not (isinstance(kind, type) and issubclass(kind, FunctionMetric)):
        raise PlugInError(
            f"{origin(entry)} is no function with the decorator runners.metrics.own.metric"
        )
    if _name(kind) != entry.name:
        raise PlugInError(
            f"{origin(entry)} names the metric {_name(kind)!r}: say it so on both sides"
        )
    return kind


def _is_metric(value: Any, module: str) -> bool:
    is_kind = isinstance(value, type) and issubclass(value, FunctionMetric)
    return is_kind and value.__module__ == module


def _name(kind: type[FunctionMetric]) -> str:
    name: str = kind.model_fields["name"].default
    return name


def _of_packages() -> Iterator[tuple[str, type[OwnMetric]]]:
    for entry in entries(GROUP):
        plain = load_entry(entry)
        source = MetricSource(
            origin(entry),
            source_sha256(entry),
            partial(source_sha256, entry),
            {"entry": [entry.name, entry.value, entry.group]},
        )
        yield entry.name, function_metric(plain, entry.name, source)


def _of_files() -> Iterator[tuple[str, type[OwnMetric]]]:
    for text in os.environ.get(VARIABLE, "").split(os.pathsep):
        if not text.strip():
            continue
        path = Path(text.strip()).expanduser().absolute()
        if path.suffix == ".py":
            yield from _of_python(path)
        elif path.suffix in _DOCUMENTS:
            yield from _of_document(path)
        else:
            raise OwnMetricsError(
                f"{VARIABLE}: {path} is neither .py, a file of functions, nor .toml or .json, a "
                "file of commands"
            )


def _of_python(path: Path) -> Iterator[tuple[str, type[OwnMetric]]]:
    plain_by_name = load_file(path)
    digest = partial(file_sha256, path)
    source = MetricSource(str(path), digest(), digest, {"file": str(path)})
    for name, plain in plain_by_name.items():
        yield name, function_metric(plain, name, source)


def _of_document(path: Path) -> Iterator[tuple[str, type[OwnMetric]]]:
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise OwnMetricsError(f"{VARIABLE}: {path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise OwnMetricsError(f"{VARIABLE}: {path}: {error}") from error
    if not isinstance(tables, dict):
        raise OwnMetricsError(f"{VARIABLE}: {path} has a table for each command, under its name")
    for name, table in tables.items():
        if not NAME.fullmatch(name):
            raise OwnMetricsError(
                f"{VARIABLE}: {path}: {name!r} is no metric's name: small letters, digits and _"
            )
        try:
            command = validate(MetricCommand, table)
            digest = partial(_command_sha256, command, path.parent)
            source = MetricSource(f"{path}, {name}", digest(), digest, {})
        except (DeclarationError, OSError) as error:
            raise OwnMetricsError(f"{VARIABLE}: {path}, {name}: {error}") from error
        yield name, command_metric(command, name, path.parent, source)


def _command_sha256(command: MetricCommand, folder: Path) -> str:
    """Digest of a command: its words, its version, and the content of the files that its words name
    in its document's folder; of a program on the PATH where they name none. Raises OSError."""
    files = {word: file_sha256(folder / word) for word in command.run if (folder / word).is_file()}
    program = command.run[0]
    if os.sep in program and program not in files:
        raise FileNotFoundError(f"field 'run': there is no file {program!r} in {folder}")
    on_path = shutil.which(program) if program not in files else None
    if program not in files and on_path is None:
        raise FileNotFoundError(f"field 'run': there is no program {program!r} on the PATH")
    if not files and on_path is not None:
        files[program] = file_sha256(Path(on_path))
    return digest_of({"run": command.run, "version": command.version, "files": files})
