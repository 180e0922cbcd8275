"""Whatever rows hold, the checks end, in time, and report what fits a report."""

import time

import pytest

from evalhub.features.data.checks import (
    answer_language,
    audit,
    contradictions,
    format_outliers,
    label_list,
    leakage,
    personal_data,
    refusals,
    secrets,
    sources,
    suspect_labels,
    system_prompts,
)
from evalhub.features.data.checks.check import DataCheck
from evalhub.ledger.leakage.matching import item_texts
from tests.features.data.checks.rows_of import result_of, row, settings_of

MODULES = (
    answer_language, audit, contradictions, format_outliers, label_list, leakage, personal_data,
    refusals, secrets, sources, system_prompts,
)  # fmt: skip
CHECKS = [*(module.CHECK for module in MODULES), *suspect_labels.CHECKS]
TEXTS = (
    "",
    " ",
    "\x00",
    "\n" * 50_000,
    "a" * 300_000,
    "ab " * 100_000,
    "@" * 100_000,
    "0 " * 100_000,
    "{" * 100_000,
    "[" * 100_000,
    "```" * 30_000,
    "🎉" * 50_000,
    "e\u0301" * 50_000,
    "\u202e\ufeff\u200b",
    "漢字" * 50_000,
    "\ud800 lone surrogate",
    "1" * 5_000,
    '{"a": ' * 3_000,
    f'{{"k": {"9" * 6_000}}}',
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_hostile_texts_end_in_seconds(check: DataCheck) -> None:
    rows = [
        row(
            at,
            text,
            other,
            system=text,
            fields={"label": text, "license": text, "meta": {"url": text}},
        )
        for at, (text, other) in enumerate(zip(TEXTS, (*TEXTS[1:], TEXTS[0]), strict=True), 1)
    ]
    settings = settings_of(
        "classification",
        test_sets={"t": [item_texts("k", "a question of more than eight words is in here", [])]},
        labels=("a", ""),
    )
    start = time.process_time()
    result_of(check, rows * 3, settings)
    assert time.process_time() - start < 60


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_no_rows_are_no_error(check: DataCheck) -> None:
    assert result_of(check, []).findings in ((), [])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_odd_fields_are_no_error(check: DataCheck) -> None:
    fields = {
        "label": [1, None],
        "license": {"a": 1},
        "source": 3,
        "model": None,
        "meta": "x",
        "url": "http://[",
    }
    result_of(check, [row(1, "Question?", "Answer.", fields=fields)] * 60)
