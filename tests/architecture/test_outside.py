"""Whatever a declaration names outside itself is marked, so that no study from the web can name it.

A new field that sounds like a path, an address, a variable or a command, and isn't marked, fails
here: mark its type with `Outside`, or say below why it names nothing.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Annotated, Any, get_args

import pytest
from pydantic import AnyUrl, FilePath, HttpUrl

import evalhub
import reviews
import runners
from evalhub.declare.declaration import Declaration
from evalhub.declare.outside import LOOKS_OUTSIDE, Outside, marks_of
from evalhub.frames.rest.shapes import ResponseBody
from runners.metrics import own_kinds

ROOT = Path(__file__).resolve().parents[2]
SAYS_OUTSIDE = re.compile(
    r"\b(file|path|folder|environment variable|variable|address|url|host|command|script)s?\b", re.I
)
TORCH = r"^runners\.(engines\.|backends\.loaded$)"
"""Modules that need the extra `hf`, and declare nothing."""
TYPES = (PurePath, AnyUrl, HttpUrl)

# What sounds so and names nothing: (declaration, field).
NAMES_NOTHING = {
    ("ArmBackend", "command"): "a backend, whose own fields are marked",
    ("JudgeBackend", "command"): "a backend, whose own fields are marked",
    ("ArmName", "file"): "a record's word for the file that was compared; nothing reads it again",
    ("Reach", "hosts"): "of the operator's command, and in no document",
    ("Endpoints", "endpoints"): "what an operator made, and in no study",
    ("DecisionRecord", "code"): "which version of Evalhub decided",
    ("DataReport", "file"): "the name of what was checked; nothing opens it again",
    ("Adapter", "target_modules"): "layers of a model, in a training record",
    ("SignOffRecord", "code"): "which version of Evalhub wrote it down",
    ("OwnMetric", "code_sha256"): "the digest of code that an operator installed",
    ("OwnBackend", "code_sha256"): "the digest of code that an operator installed",
    ("AbsentMetric", "code_sha256"): "the digest of code that an operator installed",
    ("Caveat", "code"): "what kind of caveat it is, in a record",
}
PATH_IN_A_ROW = "a path from field to field within a document that is read already"
NAMES_NOTHING_BY_ITS_DESCRIPTION = {
    ("Reach", "hosts"): "of the operator's command, and in no document",
    ("Dimension", "name"): "the key under which files of judgments have it",
    ("WorkingSetRequest", "source"): "what people call the upload, shown to them and never opened",
    ("RowFields", "rows"): PATH_IN_A_ROW,
    ("RowFields", "scores"): PATH_IN_A_ROW,
    ("RowFields", "other"): PATH_IN_A_ROW,
    ("EvidenceFile", "rows"): PATH_IN_A_ROW,
}

# Who reads documents that may come from the web, and by which function alone.
WEB = ("evalhub/site", "evalhub/api", "evalhub/features", "reviews/pages", "evalhub/accounts")
OPERATORS = {"OperatorFile", "read_policy", "read_source", "read_scores", "target_of"}


def declarations() -> list[type[Declaration]]:
    """All that the product declares."""
    for package in (evalhub, reviews, runners):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not re.search(rf"\.migrations|__main__|^evalhub\.demo\.|{TORCH}", module.name):
                importlib.import_module(module.name)

    def below(kind: type[Declaration]) -> Iterator[type[Declaration]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    def of_installed_code(each: type[Declaration]) -> bool:
        """Whether it was made when a metric of a team's own was read, as other tests do."""
        return each.__module__ == own_kinds.__name__ and not hasattr(own_kinds, each.__name__)

    ours = {
        each
        for each in below(Declaration)
        if each.__module__.split(".")[0] != "tests" and not of_installed_code(each)
    }
    return sorted(ours, key=lambda each: (each.__module__, each.__qualname__))


def fields() -> Iterator[tuple[tuple[str, str], Any]]:
    for kind in declarations():
        if issubclass(kind, ResponseBody):  # what an endpoint answers, and takes from nobody
            continue
        for name, field in kind.model_fields.items():
            if name in kind.__annotations__ or kind.__module__ == "evalhub.studies.file.arms":
                yield (kind.__name__, name), field


def types_in(kind: Any) -> Iterator[Any]:
    yield kind
    for inner in get_args(getattr(kind, "__value__", kind)):
        yield from types_in(inner)


def test_every_field_that_sounds_as_though_it_reached_outside_is_marked() -> None:
    found = list(fields())
    assert len(found) > 300
    sounding = {
        at
        for at, field in found
        if LOOKS_OUTSIDE.search(at[1].strip("_"))
        or any(isinstance(each, type) and issubclass(each, TYPES) for each in types_in(field))
        or any(each is FilePath for each in types_in(field.annotation))
    }
    marked = {at for at, field in found if marks_of(field)}
    assert {at for at in sounding if at not in marked} == NAMES_NOTHING.keys()


def test_every_field_that_is_described_as_a_file_or_an_address_is_marked() -> None:
    found = list(fields())
    said = {
        at
        for at, field in found
        if field.description
        and SAYS_OUTSIDE.search(field.description)
        and not marks_of(field)
        and any(each is str for each in types_in(field.annotation))
    }
    assert said == NAMES_NOTHING_BY_ITS_DESCRIPTION.keys()


def test_what_is_marked_is_what_is_known_to_reach_outside() -> None:
    marked = {at: marks_of(field) for at, field in fields() if marks_of(field)}
    assert marked[("OpenAIBackend", "url")] == ("address",)
    assert marked[("OpenAIBackend", "key_env")] == ("variable",)
    assert marked[("OpenAIBackend", "endpoint")] == ("alias",)
    assert marked[("AskedTestSet", "file")] == ("file",)
    assert marked[("TrainingRecord", "data")] == ("file",)
    assert marked[("EvidenceFile", "scores")] == ("file",)


@pytest.mark.parametrize("name", ["include_path", "hook_command", "base_url", "key_env", "a_file"])
def test_a_new_field_that_is_forgotten_would_be_found(name: str) -> None:
    assert LOOKS_OUTSIDE.search(name)
    kind = Annotated[str, Outside("file")]
    assert marks_of(kind | None) == ("file",)
    assert marks_of(tuple[kind, ...] | None) == ("file",)
    assert marks_of(str | None) == ()


def test_nothing_that_serves_the_web_reads_a_document_as_the_operator_s() -> None:
    """A feature's cli.py is a command's, and nothing that serves the web imports it."""
    seen = 0
    for path in (path for part in WEB for path in sorted((ROOT / part).rglob("*.py"))):
        if path.name == "cli.py" and path.parent.parent.name == "features":
            continue
        seen += 1
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        named |= {
            each.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not named & OPERATORS, f"{path} reads what only a command may"
        assert "cli" not in named, f"{path} imports a command"
        assert not [each for each in modules if each.endswith(".cli")], f"{path} imports a command"
    assert seen > 30
