"""The guide to the metrics says what the table says."""

from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from runners.metrics import METRICS, Answer, MetricDeclaration, scorer

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"


def rows(first_cell_of_the_header: str, page: str = "metrics") -> list[list[str]]:
    """The cells of the rows of the page's table with that header."""
    lines = (REFERENCE / f"{page}.md").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(first_cell_of_the_header))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def direction(metric: type[MetricDeclaration]) -> str:
    return "higher" if metric.higher_is_better else "lower"


def scale(metric: type[MetricDeclaration]) -> str:
    return metric.unit or ("0 or 1" if metric.binary else "0 to 1")


def reference(metric: type[MetricDeclaration]) -> str:
    if not metric.needs_reference:
        return "no"
    return f"yes, or `{metric.instead}`" if metric.instead else "yes"


def test_the_guide_lists_every_metric_as_the_table_has_it() -> None:
    assert rows("| metric |") == [
        [
            f"`{name}`",
            metric.title,
            scale(metric),
            direction(metric),
            reference(metric),
            metric.normalisation,
        ]
        for name, metric in METRICS.items()
    ]


def test_the_guide_lists_every_option_with_its_default() -> None:
    assert rows("| option of |", "metric-options") == [
        [f"`{metric}`", f"`{option.alias or name}`", f"`{shown(option.default)}`", meaning(option)]
        for metric, kind in METRICS.items()
        for name, option in kind.model_fields.items()
        if name not in ("name", "extract")
    ]


def test_the_guides_patterns_take_what_it_says() -> None:
    patterns = [cells[0].strip("` ") for cells in rows("| pattern |", "metric-rules")]
    patterns[1] = patterns[1] + "```"  # its own backticks went with those of Markdown
    outputs = [
        "Well.\nSo the answer is 42.\n",
        "Here:\n```json\n42\n```\nDone.",
        r"So $\boxed{42}$ it is.",
    ]
    for pattern, output in zip(patterns, outputs, strict=True):
        score = scorer("exact_match", extract=pattern)(Answer(output), ["42"])
        assert (score.value, score.extracted) == (1, True)


def meaning(option: FieldInfo) -> str:
    """What an option does, with the values that it may have where they are few."""
    told = option.description or ""
    few = get_origin(option.annotation) is Literal
    return f"{told}: {', '.join(map(str, get_args(option.annotation)))}" if few else told


def shown(default: object) -> str:
    """A default as it would stand in a YAML file."""
    match default:
        case None:
            return "null"
        case bool():
            return str(default).lower()
        case ():
            return "[]"
        case tuple():
            return str(list(default))
        case _ if default is PydanticUndefined:
            return "needed"
        case float():
            return f"{default:g}"
        case _:
            return str(default)
