"""Markdown as reviewers read it: nothing hidden, nothing fetched, nothing that acts."""

import re

import pytest

from reviews.pages.markdown import LONGEST, MOST_MARKS, to_html


def test_emphasis_lists_code_and_tables_are_laid_out() -> None:
    html = to_html(
        "Some **bold** `code`:\n\n1. one\n2. two\n\n```python\nprint(1)\n```\n\n"
        "| a | b |\n|---|--:|\n| 1 | 2 |"
    )
    for part in (
        "<strong>bold</strong>",
        "<code>code</code>",
        "<li>two</li>",
        '<pre data-lang="python"><code>print(1)\n</code></pre>',
        "<th>a</th>",
        '<td class="right">2</td>',
    ):
        assert part in html


def test_a_line_break_stays_one() -> None:
    assert to_html("Dear Rui,\nthank you.") == "<p>Dear Rui,<br>\nthank you.</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- said nowhere -->",
        "<style>body{display:none}</style>",
        "a <b onclick=x>b</b>",
        "[x](javascript:alert(1))",
    ],
)
def test_html_and_scripts_stay_text(text: str) -> None:
    html = to_html(text)
    assert re.sub(r"</?p>", "", html).strip() == text.replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize(
    "text",
    [
        "![a chart](http://elsewhere.test/chart.png)",
        "[a page](http://elsewhere.test/page)",
        "<http://elsewhere.test/auto>",
        "[![badge](http://elsewhere.test/b.png)](http://elsewhere.test/)",
        '[t](http://elsewhere.test/ "what it is")',
    ],
)
def test_nothing_is_fetched_or_followed_but_its_address_is_read(text: str) -> None:
    html = to_html(text)
    assert set(re.findall(r"<(\w+)", html)) == {"p", "span"}
    assert not re.search(r"(src|href|style)=", html)
    for address in re.findall(r"http://elsewhere\.test/[\w./]*", text):
        assert address in html


def test_an_image_reads_as_its_description_and_address() -> None:
    html = to_html("![a chart](http://elsewhere.test/c.png)")
    assert re.sub(r"<[^>]+>", "", html).strip() == "[image: a chart] (http://elsewhere.test/c.png)"


@pytest.mark.parametrize(
    "text",
    ["[note]: http://elsewhere.test/", r"\(see\) and \[link\] and \{z\}", "#", "", "---", "[]: "],
)
def test_what_markdown_would_swallow_is_still_there(text: str) -> None:
    assert re.sub(r"<[^>]+>", "", to_html(text)).strip() == text.strip()


def test_headings_go_on_from_the_page_s_and_skip_none() -> None:
    html = to_html("### deep\n\n# top\n\n###### deepest\n\n## next")
    assert re.findall(r"<h(\d)>", html) == ["3", "3", "4", "4"]


def test_code_keeps_its_entities_and_its_whole_label() -> None:
    html = to_html('```c++ title="a &amp; b"\n&lt;\n```')
    assert "&amp;lt;" in html
    assert 'data-lang="c++ title=&quot;a &amp; b&quot;"' in html


@pytest.mark.parametrize("text", ["[" * 20_000, "[a](" * 20_000, "*_" * 40_000, "![" * 40_000])
def test_no_text_takes_long(text: str) -> None:
    assert to_html(text)


def test_a_text_of_nothing_but_marks_is_kept_as_it_came() -> None:
    text = "![a](" * MOST_MARKS
    assert to_html(text) == f"<pre>{text}</pre>"


def test_a_text_whose_links_have_no_end_is_kept_as_it_came() -> None:
    text = "![a](" * 150 + "a" * 90_000
    assert to_html(text) == f"<pre>{text}</pre>"


def test_a_long_report_with_tables_and_links_is_laid_out() -> None:
    row = "| [a link](https://example.org/a) | **bold** and plain words, as many as that |\n"
    text = "| what | why |\n|---|---|\n" + row * 200 + "\nwords in a row\n" * 900
    assert to_html(text).startswith("<table>")


def test_a_very_long_text_is_kept_as_it_came() -> None:
    text = "**b** " * LONGEST
    assert to_html(text) == f"<pre>{text}</pre>"
