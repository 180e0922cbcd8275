"""docs/how-to/importing.md: its table has every kind, and each example runs as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.importers.kinds import KINDS
from tests.importers.logs import DOCS, FILES

PAGE = (DOCS / "how-to/importing.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^\| `([\w-]+)` \|.*\| `(evalhub compare .*)` \|$", PAGE, re.MULTILINE))
HEAVY = {"inspect"}


def test_the_page_has_every_kind() -> None:
    assert list(EXAMPLES) == list(KINDS)


@pytest.mark.parametrize(
    "kind",
    [pytest.param(each, marks=pytest.mark.heavy if each in HEAVY else []) for each in KINDS],
)
def test_the_examples_run(logs: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert run(shlex.split(EXAMPLES[kind])[1:]) in (0, 1, 2), capsys.readouterr().err
    assert "Unregistered" in capsys.readouterr().out


def test_the_versions_of_the_tools_are_those_that_wrote_the_logs() -> None:
    readme = (FILES / "README.md").read_text(encoding="utf-8")
    tools = (
        "lm-eval|inspect|promptfoo|every-eval-ever|ragas|deepeval|langfuse|braintrust|langsmith"
        "|mlflow|nemo-evaluator|lighteval|crfm-helm|evals"
    )
    both = PAGE + (DOCS / "how-to/other-tools.md").read_text(encoding="utf-8")
    for tool, version in re.findall(rf"({tools})\s([\d.]+\d)", both):
        if version.count(".") == 2:
            assert re.search(rf"{tool}(-ai)? {re.escape(version)}", readme), tool
