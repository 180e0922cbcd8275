"""Random decisions through every rendering: each number and each comparative word held against the
record's JSON by rules of their own (tests/report/reading)."""

import io
import json
import re
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from evalhub.decision.criterion import Criterion, NextLook
from evalhub.decision.document import DecisionRecord
from evalhub.decision.judgments import Judgments
from evalhub.decision.measuring import measure, same_run
from evalhub.decision.needed import with_choosing
from evalhub.decision.preference_evidence import preference_criterion
from evalhub.decision.requirements import Requirement
from evalhub.declare.declaration import validate
from evalhub.declare.tails import Tails
from evalhub.frames.command.printing import print_record
from evalhub.report.github import annotations
from evalhub.report.junit import junit
from evalhub.report.markdown import COMMENT_BYTES, markdown
from evalhub.report.one_file import render_report
from tests.decision.recorded import a_record
from tests.report.reading.renderings import (
    Teller,
    html_blocks,
    junit_blocks,
    markdown_blocks,
    rendering_faults,
    row_faults,
)
from tests.report.reading.sentences import Reading

Rng = np.random.Generator
NAMES = ("triage", "sums", "formats", "dates", "words", "copying", "latency", "tone")


def a_requirement(rng: Rng, name: str, scale: float, tails: Tails | None) -> Requirement:
    role = str(rng.choice(["primary", "guard", "guard", "budget"]))
    tier = (
        "critical"
        if role == "primary"
        else str(rng.choice(["critical"] * 3 + ["supporting", "advisory"]))
    )
    rising = role != "budget" and bool(rng.random() < 0.7)
    relative = role == "guard" and rng.random() < 0.25
    return Requirement(
        name,
        role,  # type: ignore[arg-type]
        name,
        "latency_ms" if role == "budget" else "score" if rising else "length",
        margin=float(rng.choice([0.01, 0.05, 0.1, 0.3])) * scale,
        min_gain=float(rng.choice([0.0, 0.0, 0.02, -0.05])) * scale if role == "primary" else 0.0,
        higher_is_better=rising,
        tier=tier,  # type: ignore[arg-type]
        relative_margin=float(rng.choice([0.05, 0.1, 0.3])) if relative else None,
        max_ratio=float(rng.choice([0.8, 0.9, 1.1, 1.5])) if role == "budget" else None,
        unit="" if rising or role == "budget" else "words",
        bounds=None if tails is None or role == "budget" else (0.0, 3 * scale),
        tails=None if role == "budget" else tails,
    )


def a_measured(rng: Rng, name: str, alpha: float, tails: Tails | None) -> Criterion:
    """Yes/no or graded scores of any size, alike, apart, all wrong or right, in clusters or not."""
    binary, n = bool(rng.random() < 0.6), int(rng.choice([12, 40, 100, 150]))
    scale = 1.0 if binary else float(rng.choice([0.0004, 1.0, 30.0, 2000.0]))
    asked = a_requirement(rng, name, scale, tails)
    if binary:
        rate, change = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]), rng.choice([0.0, 0.03, 0.1, 0.4])
        base = (rng.random(n) < rate).astype(float)
        lean = rng.choice([0.1, 0.5, 0.9])
        moved = np.where(rng.random(n) < change, (rng.random(n) < lean).astype(float), base)
    else:
        base = scale * (1 + rng.random(n))
        moved = base * (
            1 + rng.choice([-0.2, -0.03, 0.0, 0.03, 0.2])
        ) + scale * 0.1 * rng.standard_normal(n)
        moved = np.abs(moved)
    if rng.random() < 0.05:
        return same_run(asked, base, alpha=alpha)
    clusters = [f"c{i // 3}" for i in range(n)] if rng.random() < 0.25 else None
    weights = rng.uniform(0.5, 2, n) if rng.random() < 0.2 else None
    planned = float(rng.choice([0.05, 0.1])) * scale
    made = measure(
        asked, base, moved, clusters=clusters, weights=weights, alpha=alpha, planned_gain=planned
    )
    if rng.random() < 0.3:
        made = made.model_copy(update={"next_look": NextLook(alpha=alpha / 2, weights=(1.0, 1.0))})
    return made


def a_preference(rng: Rng, alpha: float) -> Criterion:
    choices = ["candidate", "baseline", "tie", "both-bad"]
    shares = [0.5, 0.3, 0.1, 0.1] if rng.random() < 0.5 else [0.2, 0.6, 0.1, 0.1]
    made = [str(each) for each in rng.choice(choices, 60, p=shares)]
    found = preference_criterion(
        Judgments(
            made, [f"q{i // 3}" for i in range(60)], [f"rater {i % 3}" for i in range(60)], 60
        ),
        test_set="triage",
        min_gain=0.0,
        alpha=alpha,
        planned_gain=0.05,
    )
    return found.model_copy(update={"name": "people"})


def a_study(seed: int) -> dict[str, Any]:
    """The JSON of a random decision, valid by the published schema."""
    rng, beside = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    alpha = float(rng.choice([0.025, 0.0151982, 0.0037995]))
    rule = "any-of" if rng.random() < 0.2 else "all-of"
    count = int(rng.integers(1, 6))
    tails: list[Tails | None] = ["bounded" if each else None for each in beside.random(5) < 0.2]
    names = rng.permutation(NAMES)[:count]
    made = [a_measured(rng, name, alpha, paid) for name, paid in zip(names, tails, strict=False)]
    primaries = [each for each in made if each.role == "primary" and beside.random() < 0.3]
    made = with_choosing(made, {each.name: int(each.n * 0.4) for each in primaries})
    if rng.random() < 0.15:
        made.append(a_preference(rng, alpha))
    rivals = sum(each.role == "primary" for each in made)
    if rule == "any-of" and rivals > 1:
        rule = "all-of"  # each would have to be measured at a part of alpha
    return a_record(made, alpha=alpha, primaries=rule, jumps="off")  # type: ignore[arg-type]


def table_faults(document: dict[str, Any], text: str, record: DecisionRecord) -> list[str]:
    """Of the rows of the terminal's and of Markdown's table, column by column."""
    found, lines = [], markdown(record).splitlines()
    for row in document["criteria"]:
        in_text = [re.split(r"  +", each.strip()) for each in text.splitlines()]
        rows = [cells[2:6] + cells[7:8] for cells in in_text if cells[1:2] == [row["name"]]]
        in_markdown = [[cell.strip() for cell in each.split("|")] for each in lines]
        rows += [cells[3:8] for cells in in_markdown if cells[2:3] == [row["name"]]]
        assert len(rows) == 2
        for cells in rows:
            found += row_faults(cells, row)
    return found


def faults_of(document: dict[str, Any]) -> list[str]:
    """What any rendering says that the record's JSON doesn't."""
    record = validate(DecisionRecord, document)
    assert json.loads(json.dumps(record.as_json())) == document
    console = Console(file=io.StringIO(), width=2000, color_system=None)
    print_record(record, console)
    assert isinstance(console.file, io.StringIO)
    cells = [cell for line in console.file.getvalue().splitlines() for cell in line.split("  ")]
    renderings = {
        "text": [cell.strip() for cell in cells if cell.strip()],
        "markdown": markdown_blocks(markdown(record)),
        "comment": markdown_blocks(
            markdown(record, most=COMMENT_BYTES, link="https://ci.example.org/x")
        ),
        "junit": junit_blocks(junit(record)),
        "annotations": [
            line.replace("%25", "%").rpartition("::")[2] for line in annotations(record)
        ],
        "html": html_blocks(render_report(record, ())),
    }
    found = [f"json: {each}" for each in Reading(document).all()]
    found += [f"tables: {each}" for each in table_faults(document, console.file.getvalue(), record)]
    teller = Teller(document)
    for name, blocks in renderings.items():
        found += [f"{name}: {each}" for each in teller.faults(blocks)]
        whole = " ".join(" ".join(blocks).split())
        if document["headline"] not in whole:
            found.append(f"{name}: the headline isn't there")
    return found


@pytest.mark.parametrize("seed", range(25))
def test_every_number_and_comparative_is_the_record_s(seed: int) -> None:
    assert faults_of(a_study(seed)) == []


@pytest.mark.heavy
@pytest.mark.parametrize("start", range(1000, 3000, 250))
def test_so_it_is_of_two_thousand(start: int) -> None:
    faults = {seed: faults_of(a_study(seed)) for seed in range(start, start + 250)}
    assert {seed: found for seed, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("field", "said", "instead"),
    [
        ("sentence", r"open, a loss is shown", "open, a higher cost is shown"),
        ("sentence", r"a gain, where", "loses less than"),
        ("sentence", r"\+9\.59", "+9.58"),
        ("needed_why", r"that less than 30% of it is lost", "a loss beyond 30% of it"),
        ("status", r"pass", "open"),
        ("needed_n", r"45", "46"),
    ],
)
def test_the_reader_finds_what_is_not_so(field: str, said: str, instead: str) -> None:
    """One thing is changed in what a criterion of the first study says."""
    document = a_study(0)
    (row,) = [row for row in document["criteria"] if re.search(said, str(row[field]))][:1]
    changed = re.sub(said, instead, str(row[field]), count=1)
    row[field] = int(changed) if field == "needed_n" else changed
    assert Reading(document).all() != []


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("14 clusters", "15 clusters"),
        ("14 clusters", "14 items"),
        ("27%", "26%"),
        ("1.13", "1.12"),
        ("margin of 0.3", "margin of 0.2"),
        ("a policy with tails: bounded", "its lower end"),
    ],
)
def test_the_reader_knows_what_few_items_can_miss(said: str, instead: str) -> None:
    document = a_study(1)
    reasons = [each for each in document["reasons"] if "can miss" in each]
    reason = next(each for each in reasons if said in each)
    assert rendering_faults([reason[2:]], document) == []
    changed = reason.replace(said, instead)
    document["reasons"] = [changed if each == reason else each for each in document["reasons"]]
    assert Reading(document).all() != []
    assert rendering_faults([changed[2:]], document) != []


@pytest.mark.parametrize(
    ("block", "fine"),
    [
        ("triage passes 3 guards", False),
        ("words loses 9.6", False),
        ("0.361", False),
        ("36.353", True),
        ("It holds with its whole interval above −3.00, fails with all of it below, "
         "and is open between.", True),
        ("It holds with its whole interval below −3.00, fails with all of it above, "
         "and is open between.", False),
    ],
)  # fmt: skip
def test_it_finds_what_a_rendering_makes_up(block: str, fine: bool) -> None:
    assert (rendering_faults([block], a_study(0)) == []) == fine
