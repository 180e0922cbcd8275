"""A section of the record or a criterion is one file and its line: tried in a copy of the
packages."""

import json
from pathlib import Path

import pytest

from tests.architecture import test_plug_ins
from tests.architecture.test_plug_ins import STUDY, evalhub, python, written

copy = test_plug_ins.copy

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

from evalhub.decision.criteria.budget import AmountRow, RatioBudget
from evalhub.declare.prices import Price


class LengthKind(RatioBudget):
    """The mean number of characters of an answer."""

    key: ClassVar = "length"
    metric: ClassVar = "characters"
    field: ClassVar = "output"
    resource: ClassVar = "length"
    columns: ClassVar = ("text",)

    def amount(self, answer: Mapping[str, Any], price: Price) -> float | None:
        return None if answer["text"] is None else float(len(answer["text"]))

    def amount_in_file(self, row: AmountRow) -> float | None:
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

STUDY_PAGE = '"site:study", args=[Decision.objects.get().study_id]'
SAME = "On 0 of 30 items loud scores the same."


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
    """And its row in docs/reference/policy-rules.md, which isn't copied."""
    before = {path: path.read_bytes() for path in (copy / "evalhub").rglob("*.*")}
    (copy / "evalhub/decision/criteria/length.py").write_text(CRITERION)
    table = copy / "evalhub/decision/criteria/table.py"
    text = table.read_text()
    imported = "from evalhub.decision.criteria.latency_p95 import LatencyP95Kind\n"
    text = text.replace(
        imported, f"{imported}from evalhub.decision.criteria.length import LengthKind\n"
    )
    table.write_text(
        text.replace("    LatencyP95Kind(),\n", "    LatencyP95Kind(),\n    LengthKind(),\n", 1)
    )
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
    assert 'length 113%</a> <span class="dim">below 150%' in page.stdout
    assert evalhub(copy, "decision", "verify", "record.json").returncode == 0
