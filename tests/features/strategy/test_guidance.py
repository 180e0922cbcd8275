"""The pages on `strategy init` have the code's tables, and of the demo what its answers say."""

import json
import re
from pathlib import Path
from statistics import fmean

import pytest

from evalhub.demo import record
from evalhub.features.strategy.answers import CHOICES, Case
from evalhub.features.strategy.rules import RULES
from evalhub.features.strategy.thresholds import (
    FULL_EXAMPLES,
    FULL_GB,
    LORA_GB,
    QLORA_GB,
)
from evalhub.training.sizes import THRESHOLDS
from tests.demo.test_docs import mean_score

DOCS = Path(__file__).parents[3] / "docs"
PAGE = "\n".join(
    (DOCS / page).read_text(encoding="utf-8")
    for page in ("how-to/strategy.md", "reference/strategy-rules.md")
)
DEMO = Path(record.__file__).parent


def table(title: str) -> list[list[str]]:
    """The cells of the first table below a title, without its head."""
    section = PAGE.split(f"## {title}\n")[1]
    rows = re.findall(r"^\|(.*)\|$", section.split("\n## ")[0], re.M)
    return [[cell.strip() for cell in row.split(" | ")] for row in rows[2:]]


def answered(arm: str, field: str) -> list[float]:
    path = DEMO / "answers" / f"{arm}.triage.jsonl"
    return [json.loads(line)[field] for line in path.read_text(encoding="utf-8").splitlines()]


def share_of_json(arm: str) -> float:
    path = DEMO / "answers" / f"{arm}.triage.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return fmean(_is_object(row["output"]) for row in rows)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def test_the_questions_are_those_that_are_asked() -> None:
    def answers(name: str) -> str:
        return ", ".join(f"`{each}`" for each in CHOICES[name]) if name in CHOICES else "a number"

    assert table("The questions") == [
        [field.description, f"`--{name}`", answers(name)]
        for name, field in Case.model_fields.items()
    ]


def test_the_rules_are_those_that_are_applied() -> None:
    assert table("What follows") == [
        [rule.name, rule.when, re.sub(r"{(\w+)}", r"*\1*", rule.says), rule.source]
        for rule in RULES
    ]


def test_the_thresholds_are_those_of_the_table_and_called_folk() -> None:
    assert table("How many examples") == [
        [
            f"`{aim}`",
            f"{each.fewest:,}",
            f"{each.enough:,}",
            f"{each.most:,}" if each.most else "none",
            each.source,
        ]
        for aim, each in THRESHOLDS.items()
    ]
    assert all("folk" in each.source for each in THRESHOLDS.values())


def test_the_memory_is_that_of_the_table() -> None:
    assert [row[:2] for row in table("LoRA, QLoRA or full")] == [
        ["full", f"{FULL_GB:g}"],
        ["LoRA", f"{LORA_GB:g}"],
        ["QLoRA", f"{QLORA_GB:.2f}"],
    ]
    assert f"about {FULL_EXAMPLES:,} examples" in PAGE


@pytest.fixture(scope="module")
def demo() -> dict[str, str]:
    return dict(table("What our own demo shows of it"))  # type: ignore[arg-type]


def test_what_a_prompt_and_a_tune_reach_is_what_the_demo_s_answers_score(
    demo: dict[str, str],
) -> None:
    base, prompted, tuned = (mean_score(arm, "triage") for arm in ("base", "prompted", "lora"))
    said = demo["A prompt goes part of the way"]
    assert f"from {base:.2f} to {prompted:.2f}" in said
    assert f"from {share_of_json('base'):.0%} to {share_of_json('prompted'):.0%}" in said
    said = demo["Some hundred examples teach a format"]
    rows = (DEMO / "training.jsonl").read_text(encoding="utf-8").splitlines()
    fewest, enough, *_ = THRESHOLDS["format"]
    assert f"{len(rows)} examples, between the {fewest} and the {enough}" in said
    assert f"to {tuned:.2f}, and {share_of_json('lora'):.0%} of" in said


def test_what_it_forgot_is_what_the_demo_s_answers_lost(demo: dict[str, str]) -> None:
    said = demo["A fine-tune forgets"]
    base, tuned = mean_score("base", "copying"), mean_score("lora", "copying")
    assert f"loses {base - tuned:.2f} on copying ({base:.2f} to {tuned:.2f})" in said
    for skill in ("formats", "arithmetic", "facts"):
        lost = mean_score("base", skill) - mean_score("lora", skill)
        assert f"{lost:.2f} on {skill}" in said


def test_what_each_costs_is_what_the_demo_s_answers_took(demo: dict[str, str]) -> None:
    said = demo["A fine-tune makes prompts needless"]
    prompted, tuned = (fmean(answered(arm, "prompt_tokens")) for arm in ("prompted", "lora"))
    assert f"{prompted:.0f} tokens long, the adapter leaves it at {tuned:.0f}" in said
    prompted, tuned = (fmean(answered(arm, "latency_ms")) / 1000 for arm in ("prompted", "lora"))
    assert f"{prompted:.1f} s with the examples and {tuned:.1f} s with the adapter" in said
    training = json.loads((DEMO / "training.json").read_text(encoding="utf-8"))
    size = (DEMO / "adapter.gguf").stat().st_size / 1e6
    said = demo["LoRA is light"]
    assert f"{size:.1f} MB, trained in {training['seconds'] / 60:.0f} minutes" in said
