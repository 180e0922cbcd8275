"""Formulas in an answer: MathML where they are unmistakably mathematics, else as they came."""

import re
import time

import pytest
from django.test import Client

from reviews.pages.markdown import to_html
from reviews.pages.mathematics import DEEPEST, LONGEST_FORMULA, as_mathml, reads_as_mathematics
from reviews.texts import display_text
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_pages import page

FRACTION = "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>"


def formulas(text: str) -> list[str]:
    """What a reader sees of each formula."""
    found = re.findall(r"<math.*?</math>", to_html(text), re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each) for each in found]


@pytest.mark.parametrize(
    "text",
    [
        r"So $\frac{a}{b}$ it is.",
        r"So \(\frac{a}{b}\) it is.",
        r"So $$\frac{a}{b}$$ it is.",
        "So\n\\[\n\\frac{a}{b}\n\\]\nit is.",
        "$$\n\\frac{a}{b}\n$$",
        r"- first: $\frac{a}{b}$",
        "> \\[\n> \\frac{a}{b}\n> \\]",
        "| a |\n|---|\n| $\\frac{a}{b}$ |",
    ],
)
def test_each_way_to_write_a_formula_is_laid_out(text: str) -> None:
    html = to_html(text)
    assert FRACTION in html
    assert "\\frac" not in html
    assert "$" not in html


def test_a_formula_on_lines_of_its_own_is_a_block_and_others_stand_in_the_line() -> None:
    assert '<math display="block">' in to_html("$$\nx^2\n$$")
    assert '<math display="inline">' in to_html("so $x^2$.")
    lines = "\\[\n\\begin{aligned}\na &= b \\\\\n&= c\n\\end{aligned}\n\\]"
    assert formulas(lines) == ["a=b=c"]
    assert formulas("\\[\na\n+ b\n- c\n\\]") == ["a+b-c".replace("-", "−")]


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10.",
        "From $5-$10, or 20$ a month.",
        "Between $5 and 10$.",
        "I paid $5, then 10$ more",
        "$100",
        "US$5 = £4, A$6 = £3",
        "echo $HOME and $PATH",
        "$HOME/bin:$PATH",
        "awk '{print $1, $2}'",
        "a $ sign $ alone",
        r"escaped \$x^2\$ stays",
        r"a regex \(foo\) and \[link\](x)",
        "$$ and $$",
        "$$",
        "`$x^2$`",
        "```\n$$x^2$$\n```",
        "    $x^2$",
        r"no end \( x^2",
        "over $x\ny$ lines",
        "over $x^2\n\nand y^2$ paragraphs",
    ],
)
def test_prices_variables_and_code_stay_as_they_were_written(text: str) -> None:
    assert "<math" not in to_html(text)


@pytest.mark.parametrize(
    ("formula", "reads"),
    [
        *[(each, True) for each in ("x", "2x+1", "f(x) = y", r"\alpha", "a_i", r"O(n \log n)")],
        (r"x \text{ where it is so}", True),
        *[(each, False) for each in ("5", "5 and ", "O(n log n)", "see below and above")],
        ("rates_of interest are_high", False),
    ],
)
def test_what_reads_as_mathematics(formula: str, reads: bool) -> None:
    assert reads_as_mathematics(formula) is reads


@pytest.mark.parametrize(
    "hostile",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{<mi href='x'>k</mi>}",
        r"\text{]]>}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{button}{x}",
        r"\phantom{hidden}x",
        r"\smash{x}",
        r"\rlap{x}y",
        r"\newcommand{\a}{\a\a}\a",
        r"\def\x{\x\x}\x",
        r"x % a comment, which LaTeX would hide",
        r"\cancel{x}",
        r"\text{&lt;}",
        r"\left( x",
        "x_",
        "}{",
        "\\frac{1}{" * (DEEPEST + 1) + "x" + "}" * (DEEPEST + 1),
        "x^2" + "+x" * LONGEST_FORMULA,
    ],
)
def test_what_would_act_hide_or_break_stays_as_it_was_written(hostile: str) -> None:
    assert as_mathml(hostile, block=False) is None
    html = to_html(f"So $x^2$ and \\({hostile}\\) there.")
    assert html.count("<math") == 1
    for acts in ("<script", "<img", "onerror=", "href=", "style=", "<mi href"):
        assert acts not in re.sub(r"&lt;[^&]*&gt;", "", html)


def test_colours_sizes_and_shifts_are_taken_off() -> None:
    for formula in (r"\color{white}{x}", r"\tiny x", r"\hspace{-90em}x", r"\mathcolor{red}{x}"):
        html = as_mathml(formula, block=False)
        assert html is None or not re.search(r"color|size|-90|style=", html), formula


def test_a_box_around_a_result_is_kept_and_lines_get_no_numbers() -> None:
    assert formulas(r"\(\boxed{42}\)") == ["42"]
    assert 'notation="box"' in to_html(r"\(\boxed{42}\)")
    assert formulas(r"\[\begin{align}a&=b\\c&=d\end{align}\]") == ["a=bc=d"]


@pytest.mark.parametrize(
    "text",
    [
        r"\(" * 2000,
        r"$\sqrt" * 600,
        "$x^{" * 900 + "}$" * 900,
        r"\[\text{" * 500 + r"\]",
        "$$\n" * 1500,
        "$\\frac{a}{b}$ " * 1300,
        r"\(\left" * 600 + r"\)",
    ],
    ids=["open", "roots", "powers", "texts", "blocks", "many", "left"],
)
def test_a_hostile_text_takes_no_more_than_a_second_of_the_processor(text: str) -> None:
    began = time.process_time()
    to_html(text)
    assert time.process_time() - began < 1


def test_after_so_many_formulas_the_rest_stays_as_it_was_written() -> None:
    html = to_html(" ".join(f"$\\frac{{a}}{{{n}}}$" for n in range(1000, 2000)))
    assert 500 < html.count("<math") < 1000
    assert "$\\frac{a}{1001}$" not in html
    assert "$\\frac{a}{1999}$" in html


def test_both_answers_and_the_request_are_laid_out_and_the_source_is_a_key_away(
    rui: Client, team: Team
) -> None:
    campaign = a_campaign(team, items=1, answers=([r"So $x^2$."], [r"So \(x^3\)."]))
    assert page(rui, campaign).count("<math") == 2
    raw = rui.get(f"/reviews/{campaign.pk}/?view=raw").text
    assert "<math" not in raw
    assert "So $x^2$." in raw
    diff = rui.get(f"/reviews/{campaign.pk}/?view=diff").text
    assert "<math" not in diff


def test_what_is_compared_and_audited_is_the_text_as_it_was_written() -> None:
    assert display_text(r"So $x^2$ and \(y\).") == r"So $x^2$ and \(y\)."
