"""The pages on metrics say what the declarations say."""

import re
from pathlib import Path

import pytest

from runners.metrics import METRICS, Answer, scorer
from runners.metrics.reference import as_markdown

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGE = (REFERENCE / "metrics.md").read_text(encoding="utf-8")


def test_the_page_is_made_from_the_declarations() -> None:
    assert as_markdown() == PAGE, "python -m runners.metrics.reference > docs/reference/metrics.md"


def test_the_page_lists_every_metric_and_every_option() -> None:
    table = PAGE.partition("| metric |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(METRICS)
    assert re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE) == [
        (metric, option.alias or name)
        for metric, kind in METRICS.items()
        for name, option in kind.model_fields.items()
        if name not in ("name", "extract")
    ]
    assert "| `numeric_match` | `tolerance` | `1e-06` | difference still taken as equal |" in PAGE
    assert "| `judge` | `by` | `needed` |" in PAGE
    assert "| `latency` | how long the answer took | ms | lower | the latency, recorded |" in PAGE
    assert "| higher | a reference or `pattern` | Python's re |" in PAGE


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_measures_by_which_reference_and_when_not_to_use_it(
    name: str,
) -> None:
    metric = METRICS[name]
    for text in (metric.measures, metric.reference_implementation, metric.not_for):
        assert text
        assert "|" not in text


def test_the_guides_patterns_take_what_it_says() -> None:
    page = (REFERENCE / "metric-rules.md").read_text(encoding="utf-8")
    table = page.partition("| pattern |")[2].partition("\n\n")[0]
    patterns = [line.split("|")[1].strip("` ") for line in table.splitlines()[2:]]
    patterns[1] = patterns[1] + "```"  # its own backticks went with those of Markdown
    outputs = [
        "Well.\nSo the answer is 42.\n",
        "Here:\n```json\n42\n```\nDone.",
        r"So $\boxed{42}$ it is.",
    ]
    for pattern, output in zip(patterns, outputs, strict=True):
        score = scorer("exact_match", extract=pattern)(Answer(output), ["42"])
        assert (score.value, score.extracted) == (1, True)


def test_every_option_has_a_title_that_a_form_can_show() -> None:
    """Forms call an option by its title: a parameter's own name says little on a page."""
    asked_by_pages = [
        kind for kind in METRICS.values() if not kind.needs_model and not kind.reads_choices
    ]
    untitled = {
        f"{kind.title}: {name}"
        for kind in asked_by_pages
        for name, declared in kind.model_fields.items()
        if name != "name" and not declared.title
    }
    assert untitled == set()
