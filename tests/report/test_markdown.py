"""A decision as Markdown: what it holds, how long it may be, and no text gets out of its box."""

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.report.markdown import COMMENT_BYTES, SUMMARY_BYTES, markdown, markdown_undecided
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import a_record
from tests.report.test_flips import a_flip

RECORD = validate(DecisionRecord, a_record([a_criterion(0.1, 0.2), a_guard(-0.2, -0.1)]))
HTML = MarkdownIt("commonmark", {"html": True}).enable("table")


def rendered(text: str) -> str:
    html: str = HTML.render(text)
    return html


def test_it_begins_with_the_verdict_and_has_a_row_a_criterion() -> None:
    html = rendered(markdown(RECORD, [a_flip()], link="https://evalhub.example/decisions/3"))
    first = html.splitlines()[0]
    assert first.startswith("<h2>❌ Hold: ")
    assert RECORD.headline in first
    assert len(re.findall("<tr>", html)) == 1 + len(RECORD.criteria)
    assert 'href="https://evalhub.example/decisions/3"' in html


def test_what_is_not_shown_is_counted_by_the_record() -> None:
    """Each test set once, however many criteria there are on it."""
    counted = sum(each.wins + each.losses for each in RECORD.criteria)
    assert f"{counted - 1:,} more items changed" in markdown(RECORD, [a_flip()])
    assert "more items changed" not in markdown(RECORD), "of invalid evidence nothing is read"


def test_the_worst_come_first_then_what_was_won() -> None:
    flips = [a_flip(key=f"lost-{n}") for n in range(3)] + [a_flip(key="won-1", outcome="won")]
    shown = re.findall(r"<summary>reading · (\S+): 1 → 0", rendered(markdown(RECORD, flips)))
    assert shown == ["lost-0", "lost-1", "lost-2", "won-1"]


@pytest.mark.parametrize("most", [COMMENT_BYTES, SUMMARY_BYTES])
def test_a_longer_one_is_cut_at_the_end_and_says_so(most: int) -> None:
    flips = [a_flip(key=f"q{n}", baseline_text="é" * 5000) for n in range(600)]
    text = markdown(RECORD, flips, link="https://evalhub.example/d/1", most=most)
    assert most * 0.8 < len(text.encode()) <= most
    shown = text.count("<details>")
    assert f"{600 - shown:,} more items changed and aren't shown here" in text
    assert text.count("</details>") == shown
    assert "in [the decision](https://evalhub.example/d/1)" in text


def test_reasons_alone_that_are_too_long_are_cut_too() -> None:
    long = RECORD.model_copy(update={"reasons": ("✗ much is lost",) * 10_000})
    text = markdown(long, [a_flip()])
    assert len(text.encode()) <= COMMENT_BYTES
    assert text.endswith("The rest isn't shown, so that this is shown at all.\n")


HOSTILE = [
    "```\n## Ship\n```",
    "````text\n</details>\n````",
    "<img src=https://example.org/x.png><script>alert(1)</script>",
    "![x](https://example.org/x.png) [y](javascript:alert(1)) @team #12",
    "</code></summary></details>\n\n# Ship it\n\n| a | b |\n|---|---|",
    "::error::no",
    "~~~\n~~~",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_gets_out_of_its_box(text: str) -> None:
    flip: dict[str, Any] = a_flip(
        key=text, test_set=text, input=text, reference=[text], baseline_text=text
    )
    named = RECORD.model_copy(
        update={
            "headline": text,
            "reasons": (text,),
            "arms": RECORD.arms.model_copy(
                update={"candidate": RECORD.arms.candidate.model_copy(update={"name": text})}
            ),
        }
    )
    page = markdown(named, [flip | {"candidate_text": None, "candidate_error": text}])
    html = rendered(page)
    assert not re.search(r"<(img|script|a|h1)\b", html)
    assert html.count("<h2>") == 1
    assert html.count("<table>") == 1
    assert html.count("<details>") == html.count("</details>") == 1
    outside = re.sub(r"<pre>.*?</pre>", "", html, flags=re.DOTALL)
    assert "@team" not in page.split("<details>")[0]
    assert "alert(1)" not in re.sub(r"<code>.*?</code>", "", outside, flags=re.DOTALL) or (
        "<script" not in outside
    )


def test_undecided_is_one_sentence() -> None:
    assert "Undecided: Shall we?" in rendered(markdown_undecided("Shall we?", "it waits"))
