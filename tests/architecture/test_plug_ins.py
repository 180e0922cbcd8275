"""A metric, a backend, a section or a criterion is one file and its line: tried in a copy of the
packages."""

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

    def value(self, verdict: dict[str, Any]) -> MetricScore:
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

SECTION = '''
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from evalhub.decision.align import Aligned
from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.declare.amounts import Count, Size
from evalhub.declare.decision import Arms
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord


class TiesSection(Section):
    """Items on which both arms score the same."""

    title: ClassVar = "Items that tell nothing"
    method: ClassVar = "record"
    order: ClassVar = 65

    items: Size
    ties: Count

    @classmethod
    def from_aligned(cls, aligned: Sequence[Aligned]) -> Self | None:
        if not aligned:
            return None
        ties = sum(int((each.baseline == each.candidate).sum()) for each in aligned)
        return cls(items=sum(len(each.items) for each in aligned), ties=ties)

    def derive_status(self, arms: Arms) -> Status:
        return Status.PASS if self.ties < self.items else Status.FAIL

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield f"On {self.ties} of {self.items} items {arms.candidate.name} scores the same."

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        if record.ties is not None and record.ties.ties > record.ties.items:
            rule = "there are no more items"
            yield Discrepancy(f"{at}ties.ties", record.ties.ties, record.ties.items, rule)
'''

CRITERION = '''
"""How long answers are. Pure."""

from collections.abc import Mapping
from typing import Any, ClassVar

from evalhub.decision.criteria.budget import RatioBudget, Row
from evalhub.declare.prices import Price


class Length(RatioBudget):
    """The mean number of characters of an answer."""

    key: ClassVar = "length"
    metric: ClassVar = "characters"
    field: ClassVar = "output"
    resource: ClassVar = "length"
    columns: ClassVar = ("text",)

    def amount(self, answer: Mapping[str, Any], price: Price) -> float | None:
        return None if answer["text"] is None else float(len(answer["text"]))

    def amount_in_file(self, row: Row) -> float | None:
        text = row.output()
        return None if text is None else float(len(text))
'''

REPORT = """
from evalhub.frames.command.setup import set_up_templates

set_up_templates()
import json
from pathlib import Path

from evalhub.declare.declaration import validate
from evalhub.decision.document import PrintedDecision
from evalhub.report.one_file import render_report

record = validate(PrintedDecision, json.loads(Path("record.json").read_text()))
print(render_report(record, []))
"""

SCHEMAS = """
from pathlib import Path

from jsonschema import validate

from evalhub.io.document import Document
from evalhub.studies.file.schemas import schema_of

for name, file in (("policy", "policy.yaml"), ("study", "study.yaml"), ("verdict", "record.json")):
    validate(Document(Path(file)).data, schema_of(name))
"""

POLICY = """\
schema: evalhub.policy/1
criteria:
  words: {role: primary}
budgets:
  length: {max_ratio: MOST}
"""

PAGE = """
from evalhub.frames.command.setup import set_up_database

set_up_database()
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from evalhub.ledger.models import Decision

client = Client(SERVER_NAME="localhost")
client.force_login(get_user_model().objects.create_superuser("root"))
page = client.get(reverse("site:record", args=[Decision.objects.get().pk]), follow=True)
print(page.status_code, page.content.decode())
"""

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


STUDY_PAGE = '"site:study", args=[Decision.objects.get().study_id]'
SAME = "On 0 of 30 items loud scores the same."


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages with a metric and a backend more, and a test set with answers beside them."""
    house = tmp_path / "house"
    for package in ("evalhub", "reviews", "runners"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, house / package, ignore=ignored)
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


@pytest.mark.heavy
def test_a_section_of_the_record_is_one_file_and_its_line_in_the_table(copy: Path) -> None:
    """And what it must say in docs/reference/verdict-json.md, which isn't copied."""
    before = {path: path.read_bytes() for path in (copy / "evalhub").rglob("*.*")}
    (copy / "evalhub/decision/sections/ties.py").write_text(SECTION)
    table = copy / "evalhub/decision/document.py"
    text = table.read_text()
    imported = "from evalhub.decision.sections.steps import StepsSection\n"
    text = text.replace(
        imported, f"{imported}from evalhub.decision.sections.ties import TiesSection\n"
    )
    table.write_text(
        text.replace("    arms: Arms\n", "    ties: TiesSection | None = None\n    arms: Arms\n", 1)
    )
    sources = [path for path in (copy / "evalhub").rglob("*.*") if path.suffix != ".pyc"]
    assert sum(before.get(path) != path.read_bytes() for path in sources) == 2

    counted = STUDY.replace("MARKS", "2").replace('policy: {ledger: "off"}\n', "")
    (copy / "study.yaml").write_text(counted)
    gate = ["gate", "study.yaml", "--markdown", "summary.md", "--out", "record.json"]
    printed = evalhub(copy, *gate)
    assert printed.returncode == 0, printed.stderr
    assert "Items that tell nothing" in printed.stdout
    assert SAME in printed.stdout
    record = json.loads((copy / "record.json").read_text())
    assert record["ties"]["sentences"] == [SAME]
    assert f"- ✓ {SAME}" in (copy / "summary.md").read_text().replace("&#46;", ".")
    assert evalhub(copy, "study", "run", "study.yaml").returncode == 0
    page = python(copy, PAGE)
    assert page.stdout.startswith("200 "), page.stderr
    assert "Items that tell nothing" in page.stdout
    assert SAME in page.stdout

    arms = ["calm.jsonl", "loud.jsonl", "--test-set", "words.jsonl", "--metric", "vowels"]
    assert evalhub(copy, "compare", *arms, "--report", "report.html").returncode == 0
    report = (copy / "report.html").read_text()
    assert "Items that tell nothing" in report
    assert SAME in report

    assert evalhub(copy, "decision", "verify", "record.json").returncode == 0
    record["ties"]["ties"] = 31
    (copy / "record.json").write_text(json.dumps(record))
    altered = evalhub(copy, "decision", "verify", "record.json")
    assert altered.returncode == 65
    assert "ties.ties" in altered.stdout + altered.stderr
    assert "ties.status" in altered.stdout + altered.stderr
    del record["ties"]  # a record from before there was such a section
    (copy / "record.json").write_text(json.dumps(record))
    assert evalhub(copy, "decision", "verify", "record.json").returncode == 0


LONGER = "length 200% [200%, 200%] of the baseline's 5.00: over the budget of 150%"


@pytest.mark.heavy
def test_a_criterion_is_one_file_and_its_line_in_the_table(copy: Path) -> None:
    """And its row in docs/reference/policy.md, which isn't copied."""
    before = {path: path.read_bytes() for path in (copy / "evalhub").rglob("*.*")}
    (copy / "evalhub/decision/criteria/length.py").write_text(CRITERION)
    table = copy / "evalhub/decision/criteria/table.py"
    text = table.read_text()
    imported = "from evalhub.decision.criteria.latency_p95 import LatencyP95\n"
    text = text.replace(
        imported, f"{imported}from evalhub.decision.criteria.length import Length\n"
    )
    table.write_text(text.replace("    LatencyP95(),\n", "    LatencyP95(),\n    Length(),\n", 1))
    sources = [path for path in (copy / "evalhub").rglob("*.*") if path.suffix != ".pyc"]
    assert sum(before.get(path) != path.read_bytes() for path in sources) == 2

    arms = {"baseline": "aeiou", "candidate": "WORDaeiouX"}
    rows = [
        {
            "item": i,
            "arm": arm,
            "value": int(arm == "candidate"),
            "output": text,
            "test_set": "words",
        }
        for i in range(60)
        for arm, text in arms.items()
    ]
    written(copy / "scores.jsonl", rows)
    (copy / "policy.yaml").write_text(POLICY.replace("MOST", "1.5"))
    (copy / "laxer.yaml").write_text(POLICY.replace("MOST", "2.5"))
    decide = ["decide", "policy.yaml", "--evidence", "scores.jsonl", "--out", "record.json"]
    held = evalhub(copy, *decide)
    assert held.returncode == 1, held.stderr
    assert f"✗ {LONGER}" in held.stdout
    assert "takes 200% of the baseline's length, over the budget of 150%" in held.stdout
    limited = 'policy: {ledger: "off", budgets: {length: {max_ratio: 1.5}}}'
    study = STUDY.replace("MARKS", "0").replace('policy: {ledger: "off"}', limited)
    (copy / "study.yaml").write_text(study)
    schemas = python(copy, SCHEMAS)
    assert schemas.returncode == 0, schemas.stderr
    report = python(copy, REPORT)
    assert "of the baseline’s length, 200% to 200%, where it must stay below 150%" in report.stdout
    record = json.loads((copy / "record.json").read_text())
    criterion = record["criteria"][1]
    assert [criterion[name] for name in ("name", "role", "metric")] == [
        "length",
        "budget",
        "characters",
    ]
    assert (criterion["baseline"], criterion["candidate"], criterion["max_ratio"]) == (5, 10, 1.5)
    changed = evalhub(copy, "policy", "diff", "policy.yaml", "laxer.yaml")
    assert "budgets.length.max_ratio" in changed.stdout
    assert "easier to pass" in changed.stdout

    assert evalhub(copy, "decision", "verify", "record.json").returncode == 0
    record["criteria"][1]["max_ratio"] = 2.5
    (copy / "record.json").write_text(json.dumps(record))
    altered = evalhub(copy, "decision", "verify", "record.json")
    assert altered.returncode == 65
    assert "criteria[1].factor" in altered.stdout + altered.stderr

    gate = ["gate", "study.yaml", "--markdown", "summary.md", "--out", "record.json"]
    printed = evalhub(copy, *gate)
    assert printed.returncode == 0, printed.stderr
    kept = "of the baseline's 5.00: stays within the budget of 150%"
    assert kept in printed.stdout
    assert kept in (copy / "summary.md").read_text().replace("&#46;", ".").replace("&#39;", "'")
    assert evalhub(copy, "study", "run", "study.yaml").returncode == 0
    study_page = PAGE.replace('"site:record", args=[Decision.objects.get().pk]', STUDY_PAGE)
    page = python(copy, study_page)
    assert page.stdout.startswith("200 "), page.stderr
    assert "of the baseline’s length" in page.stdout
    assert evalhub(copy, "decision", "verify", "record.json").returncode == 0
