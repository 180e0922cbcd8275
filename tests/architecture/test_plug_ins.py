"""A metric or a backend is one file and its line: tried in a copy of the packages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

METRIC = '''
from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.score import Answer, MetricScore, TextMetric


class Vowels(TextMetric):
    """How many vowels the output has too few or too many."""

    title: ClassVar = "Vowels"
    normalisation: ClassVar = "all but vowels"
    higher_is_better: ClassVar = False
    unit: ClassVar = "vowels"
    bounds: ClassVar = None

    name: Literal["vowels"] = "vowels"
    most: int = Field(5, ge=1, description="the largest difference that is told")

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        given, wanted = (sum(text.count(v) for v in "aeiou") for text in (answer.text, reference))
        return MetricScore(float(min(self.most, abs(given - wanted))))
'''

BLOCK = '''
from collections.abc import Sequence
from typing import ClassVar, Literal

from runners.metrics.score import Ask, MetricScore, Scorable, TextMetric


class Block(TextMetric):
    """How many answers are scored by one call."""

    title: ClassVar = "Block"
    normalisation: ClassVar = "all"
    needs_reference: ClassVar = False
    unit: ClassVar = "answers"
    bounds: ClassVar = None

    name: Literal["block"] = "block"

    def score_batch(self, batch: Sequence[Scorable], ask: Ask | None) -> list[MetricScore]:
        return [MetricScore(float(len(batch)))] * len(batch)
'''

LOUDNESS = '''
import json
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from runners.metrics.judged import JudgedMetric
from runners.metrics.score import Answer, MetricScore


class Loudness(JudgedMetric):
    """1 where a judge says that the answer is loud."""

    title: ClassVar = "Loudness"
    binary: ClassVar = True

    name: Literal["loudness"] = "loudness"

    def question(self, answer: Answer, references: Sequence[Any]) -> str:
        return json.dumps({"loud": int(answer.text.isupper())})

    def value(self, verdict: dict[str, Any], answer: Answer) -> MetricScore:
        return MetricScore(float(verdict["LOUD"]))
'''

BACKEND = '''
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field

from evalhub.declare.keys import Reach
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from runners.backends.asking import Answered, BackendRequest, Reply


class ShoutBackend(BackendDeclaration):
    """Says the input again, louder."""

    type: Literal["shout"] = "shout"
    marks: int = Field(1, ge=0, le=3, description="exclamation marks")


@dataclass
class Client:
    backend: ShoutBackend

    @classmethod
    def of(
        cls, backend: ShoutBackend, prompt: Prompt, sampling: Sampling, reach: Reach
    ) -> Self:
        return cls(backend)

    def answer(self, questions: Sequence[BackendRequest]) -> Generator[list[Answered]]:
        marks = "!" * self.backend.marks
        yield [(each, Reply(text=each.input.upper() + marks)) for each in questions]
'''

STUDY = """\
schema: evalhub.study/1
project: desk
name: Louder
baseline: calm
policy: {ledger: "off"}
arms:
  calm: {kind: base, backend: {recorded: calm.jsonl}}
  loud: {kind: prompted, backend: {shout: {marks: MARKS}}}
test_sets:
  words: {file: words.jsonl, role: primary, metric: {name: vowels, most: 9}}
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages with a metric and a backend more, and a test set with answers beside them."""
    house = tmp_path / "house"
    for package in ("evalhub", "reviews", "runners"):
        shutil.copytree(ROOT / package, house / package)  # with what is compiled of it
    for file in ("pyproject.toml", "manage.py"):
        shutil.copy(ROOT / file, house)
    _plug_in(house / "runners" / "metrics", "vowels", METRIC, "Vowels")
    _plug_in(house / "runners" / "backends", "shout", BACKEND, "ShoutBackend")
    words = [{"id": i, "input": f"word{i}", "reference": f"WORD{i}"} for i in range(30)]
    written(house / "words.jsonl", words)
    written(house / "calm.jsonl", [{"id": i, "output": "aeiou"} for i in range(30)])
    written(house / "loud.jsonl", [{"id": i, "output": f"WORD{i}"} for i in range(30)])
    return house


def _plug_in(folder: Path, name: str, source: str, kind: str) -> None:
    """One file, and one line of the table."""
    (folder / f"{name}.py").write_text(source)
    table = folder / "__init__.py"
    text = table.read_text()
    assert "_TABLE = {\n" in text
    table.write_text(text.replace("_TABLE = {\n", f'_TABLE = {{\n    "{name}": "{kind}",\n', 1))


def written(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def evalhub(house: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of the copy, run in it."""
    code = (
        "import sys, runners; from evalhub.cli.app import run;"
        f"assert runners.__path__[0].startswith({str(house)!r}), runners.__path__;"
        "sys.exit(run(sys.argv[1:]))"
    )
    return python(house, code, *arguments)


def python(house: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Code run in the copy, by its packages."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=house,
        env=os.environ
        | {
            "PYTHONPATH": f"{house}{os.pathsep}{house / 'evalhub' / 'start'}",
            "EVALHUB_HOME": str(house / "home"),
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.heavy
def test_a_metric_is_one_file_and_one_line(copy: Path) -> None:
    asked = ["calm.jsonl", "loud.jsonl", "--test-set", "words.jsonl", "--metric", "vowels"]
    done = evalhub(copy, "compare", *asked, "--option", "most=3", "--json")
    assert done.returncode == 0, done.stderr
    criterion = json.loads(done.stdout)["criteria"][0]
    assert (criterion["baseline"], criterion["candidate"]) == (3, 0)
    refused = evalhub(copy, "compare", *asked, "--option", "most=0")
    assert refused.returncode == 64
    assert "vowels: field 'most': must be 1 or more, not 0" in refused.stderr


@pytest.mark.heavy
def test_a_run_scores_a_block_of_answers_by_one_call(copy: Path) -> None:
    _plug_in(copy / "runners" / "metrics", "block", BLOCK, "Block")
    asked = STUDY.replace("shout: {marks: MARKS}", "recorded: loud.jsonl")
    (copy / "study.yaml").write_text(asked.replace("name: vowels, most: 9", "name: block"))
    done = evalhub(copy, "study", "run", "study.yaml", "--json")
    criterion = json.loads(done.stdout)["criteria"][0]
    assert (criterion["baseline"], criterion["candidate"]) == (30, 30)


@pytest.mark.heavy
def test_a_metric_that_needs_a_model_is_one_file_and_one_line(copy: Path) -> None:
    """Its judge shouts what it is asked, which here is its verdict."""
    _plug_in(copy / "runners" / "metrics", "loudness", LOUDNESS, "Loudness")
    study = yaml.safe_load(STUDY.replace("shout: {marks: MARKS}", "recorded: loud.jsonl"))
    study["test_sets"]["loudness"] = study["test_sets"]["words"] | {
        "role": "guard",
        "tier": "advisory",
        "metric": {"name": "loudness", "by": "ear"},
    }
    study["arms"]["calm"]["backend"]["recorded"] = {"words": "calm.jsonl", "loudness": "calm.jsonl"}
    study["arms"]["loud"]["backend"]["recorded"] = {"words": "loud.jsonl", "loudness": "loud.jsonl"}
    (copy / "study.yaml").write_text(yaml.safe_dump(study))
    refused = evalhub(copy, "study", "run", "study.yaml")
    assert refused.returncode == 65
    assert "there is no judge 'ear' among the study's `judges`; there are none" in refused.stderr
    study["judges"] = {"ear": {"backend": {"shout": {"marks": 0}}}}
    (copy / "study.yaml").write_text(yaml.safe_dump(study))
    done = evalhub(copy, "study", "run", "study.yaml", "--json")
    assert done.returncode in (0, 1, 2), done.stderr
    (criterion,) = [
        each for each in json.loads(done.stdout)["criteria"] if each["metric"] == "loudness"
    ]
    assert (criterion["baseline"], criterion["candidate"]) == (0, 1)


@pytest.mark.heavy
def test_a_backend_is_one_file_and_one_line(copy: Path) -> None:
    (copy / "study.yaml").write_text(STUDY.replace("MARKS", "2"))
    done = evalhub(copy, "study", "run", "study.yaml", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert (record["verdict"], record["criteria"][0]["candidate"]) == ("ship", 0)
    (copy / "study.yaml").write_text(STUDY.replace("MARKS", "4"))
    refused = evalhub(copy, "study", "run", "study.yaml")
    assert refused.returncode == 65
    said = "study.yaml, line 8, field 'arms.loud.backend.shout.marks': must be at most 3, not 4"
    assert said in refused.stderr
