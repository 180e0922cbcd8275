"""API keys, tokens, private keys and passwords in rows."""

import time

import pytest

from evalhub.features.data.checks.secret_patterns import secrets_in
from evalhub.features.data.checks.secrets import CHECK
from tests.features.data.checks.rows_of import result_of, row, rows_of
from tests.features.data.checks.secret_values import HARMLESS, PASSWORD, SECRETS, URLS


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_is_found_to_the_letter(kind: str) -> None:
    text = f"My key is {SECRETS[kind]}, is that right?"
    (match,) = secrets_in(text)
    assert match.kind == kind
    assert text[match.start : match.end] == SECRETS[kind]


@pytest.mark.parametrize("url", URLS)
def test_a_password_in_a_url_is_found_alone(url: str) -> None:
    (match,) = secrets_in(f"connect to {url} first")
    assert f"connect to {url} first"[match.start : match.end] == PASSWORD


@pytest.mark.parametrize("text", HARMLESS)
def test_words_placeholders_and_documents_examples_are_none(text: str) -> None:
    assert secrets_in(text) == []


def test_planted_secrets_are_all_found_and_no_example_shows_one() -> None:
    """15 rows among 500, in prompts, answers and other fields."""
    values = [*SECRETS.values(), *URLS]
    rows = rows_of([(f"Question {n}?", HARMLESS[n % len(HARMLESS)]) for n in range(485)])
    for n, value in enumerate(values):
        at, texts = 486 + n, ["Q?", "A.", "-"]
        texts[n % 3] = f"look: {value} !"
        rows.append(row(at, texts[0], texts[1], fields={"note": texts[2]}))
    result = result_of(CHECK, rows)
    (finding,) = result.findings
    assert finding.weight == "serious"
    assert finding.lines == tuple(range(486, 501))
    shown = "".join(example.text for example in finding.examples)
    assert shown
    for value in (*SECRETS.values(), PASSWORD):
        assert value not in shown
        assert value[4:] not in shown
    assert "AKIA[AWS access key]" in shown
    assert sum(times for _, times in result.tables[0].rows) == 15


def test_nothing_found_is_no_finding() -> None:
    assert result_of(CHECK, rows_of([("Q?", text) for text in HARMLESS])).findings == ()


@pytest.mark.parametrize(
    "text",
    ["sk-" * 100_000, "://" * 100_000, "eyJ" * 100_000, "-----BEGIN " * 50_000, "://a:" * 60_000],
)
def test_a_text_made_of_anchors_costs_no_minutes(text: str) -> None:
    start = time.process_time()
    secrets_in(text)
    assert time.process_time() - start < 10
