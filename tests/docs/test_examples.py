"""Every example in a document is read by what reads such a thing in earnest.

A block whose language isn't among the READERS has none: output (`text`), which the tests of the
pages that are run compare, and blocks without a language. What belongs to another program is in
FOREIGN.
"""

import ast
import datetime
import importlib
import inspect
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from typing import Any

import click
import pytest
import yaml

from evalhub.decision.policy import Policy
from evalhub.declare.declaration import validate
from evalhub.declare.experiment import PlanDraft
from evalhub.declare.monitor import MonitorPlan
from evalhub.declare.ownership import CostAssumptions
from evalhub.declare.prompt import Prompt
from evalhub.declare.review import CampaignRequest
from evalhub.declare.training import CheckedTraining
from evalhub.io.document import Document
from evalhub.prices.gpus import hourly_of
from evalhub.studies.file.spec import StudyFile
from tests.commands import command_tree

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
LANGUAGES = {"", "text", "sh", "bash", "yaml", "json", "toml", "python", "nginx", "ini"}
FOREIGN = {
    "how-to/growing-up.md": "compose files",
    "how-to/own-metric.md": "a metric that isn't installed: run by test_own_metric",
    "how-to/route-users.md": "a router of users: run by test_route_users",
    "how-to/send-traffic-otlp.md": "an exporter's own library, and LiteLLM's settings",
    "reference/site-metrics.md": "Prometheus' settings",
    "reference/webhooks.md": "a receiver's own library",
}
SERVER = {"url": "http://127.0.0.1:1/v1", "model": "m"}
BASE: dict[str, Any] = {
    "schema": "evalhub.study/1",
    "project": "desk",
    "name": "An example",
    "baseline": "base",
    "arms": {
        "base": {"kind": "base", "backend": {"recorded": "base.{test_set}.jsonl"}},
        "prompted": {"kind": "prompted", "backend": {"recorded": "prompted.{test_set}.jsonl"}},
        "adapter": {"kind": "lora", "parent": "base", "backend": {"openai": SERVER}},
    },
    "test_sets": {
        "triage": {"file": "t.jsonl", "role": "primary", "metric": {"name": "exact_match"}}
    },
}
"""What a part of a study stands in."""


@dataclass(frozen=True)
class Example:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def examples() -> Iterator[Example]:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for path in sorted(pages):
        text = path.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            page = path.relative_to(ROOT).as_posix().removeprefix("docs/")
            yield Example(page, line, found[2], dedent(found[3]))


ALL = list(examples())


def of(*languages: str) -> Any:
    found = [each for each in ALL if each.language in languages]
    return pytest.mark.parametrize("example", found, ids=str)


def test_every_block_says_in_a_language_that_is_read() -> None:
    assert {each.language for each in ALL} <= LANGUAGES
    assert len(ALL) > 180


def merged(base: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """What the part says in the place of what the base does; who answers is said as a whole."""
    both = dict(base)
    for key, value in part.items():
        inner = both.get(key)
        deeper = isinstance(inner, dict) and isinstance(value, dict) and key != "backend"
        both[key] = merged(inner, value) if deeper else value  # type: ignore[arg-type]
    return both


def as_study(part: Mapping[str, Any]) -> None:
    """A part of a study in a whole one: what it leaves out is the example's."""
    study = merged(BASE, part)
    if "pairwise" in part:
        study["judges"] = {"grader": {"backend": {"openai": SERVER}}}
    metric = {"metric": {"name": "exact_match"}}
    study["test_sets"] = {
        name: {"role": "primary"} | ({} if asked.keys() & {"metric", "lm_eval"} else metric) | asked
        for name, asked in study["test_sets"].items()
    }
    validate(StudyFile, study)


def whole(text: str, folder: Path) -> Any:
    """The block as the product reads a file: with its bounds, and no key twice."""
    path = folder / "example.yaml"
    path.write_text(text, encoding="utf-8")
    return Document(path).data


@of("yaml")
def test_yaml_is_what_the_page_says_that_it_is(example: Example, tmp_path: Path) -> None:
    if example.page in FOREIGN:
        assert yaml.safe_load(example.text)
        return
    found = whole(example.text, tmp_path)
    schema = found.get("schema", "")
    if schema.startswith("evalhub.study/"):
        validate(StudyFile, found)
    elif schema.startswith("evalhub.policy/"):
        validate(Policy, found)
    elif schema.startswith("evalhub.ownership/"):
        validate(CostAssumptions, found)
    elif schema.startswith("evalhub.gpu-prices/"):
        (tmp_path / "gpus.yaml").write_text(example.text)
        assert hourly_of(tmp_path, "our big card", datetime.date(2026, 11, 26))
    elif schema.startswith(("evalhub.evidence/", "evalhub.prices/")):
        # read by their own tests
        assert example.page in ("reference/evidence.md", "reference/prices-and-budgets.md")
    elif "of" in found:
        validate(MonitorPlan, found)
    elif "base_model" in found:
        validate(CheckedTraining, found)
    elif "primary" in found:
        validate(PlanDraft, found)
    elif "reviewers_per_item" in found or "stopping" in found:
        validate(CampaignRequest, found)
    elif "ramp" in found:
        validate(PlanDraft, found)
    elif found.keys() == {"metric"}:
        as_study({"test_sets": {"triage": found}})
    elif "kind" in next(iter(found.values()), {}):
        as_study({"arms": found})
    else:
        as_study(found)


@of("json")
def test_json_is_read_line_by_line_or_as_a_whole(example: Example) -> None:
    try:
        found = [json.loads(example.text)]
    except ValueError:
        found = [json.loads(line) for line in example.text.splitlines()]
    for each in found:
        if isinstance(each, dict) and each.get("schema") == "evalhub.study/1":
            validate(StudyFile, {"project": "desk", **each})
        elif isinstance(each, dict) and "template" in each:
            validate(Prompt, each)
    assert found


@of("toml")
def test_toml_is_read(example: Example) -> None:
    assert tomllib.loads(example.text)


@of("sh", "bash")
def test_commands_are_a_shell_s_and_the_command_line_knows_their_options(example: Example) -> None:
    done = subprocess.run(
        ["bash", "-n"], input=example.text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for words in commands(example.text):
        understood(words)


def commands(text: str) -> Iterator[list[str]]:
    """The words after `evalhub` of every command that starts with it."""
    joined = text.replace("\\\n", " ")
    joined = re.sub(r"<<'?(\w+)'?\n.*?^\1$", "", joined, flags=re.MULTILINE | re.DOTALL)
    words = shlex.shlex(joined.replace("\n", " ; "), posix=True, punctuation_chars=True)
    words.whitespace_split = True
    words.commenters = ""
    for between, command in groupby(words, key=lambda word: set(word) <= set("();<>|&#")):
        said = [] if between else list(command)
        while said and re.fullmatch(r"\w+=.*|uv|run|uvx|if|!|while", said[0]):
            said = said[1:]
        if said[:1] == ["evalhub"]:
            yield said[1:]


def understood(words: list[str]) -> None:
    """Finds the command, and takes every option for one of it; values are anybody's."""
    command: click.Command = command_tree()
    path = "evalhub"
    while isinstance(command, click.Group) and words:
        inner = command.commands.get(words[0])
        assert inner is not None or words[0].startswith("-"), f"no command {path} {words[0]}"
        if inner is None:
            break
        path, command, words = f"{path} {words[0]}", inner, words[1:]
    command.make_parser(click.Context(command)).parse_args(list(words))


@of("python")
def test_python_imports_what_is_there_and_calls_it_as_it_is_called(example: Example) -> None:
    tree = ast.parse(example.text)
    known: dict[str, Callable[..., Any]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
            module = importlib.import_module(node.module or "")
            known |= {each.name: getattr(module, each.name) for each in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
            named = {each.arg: None for each in node.keywords if each.arg}
            inspect.signature(known[node.func.id]).bind(*node.args, **named)
    assert known or example.page in FOREIGN


OURS = ("evalhub.", "reviews.", "runners.")
