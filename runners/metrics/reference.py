"""Generate docs/reference/metrics.md, the page of all metrics, from their declarations.

`python -m runners.metrics.reference > docs/reference/metrics.md` writes it again.
"""

import sys
from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from runners.metrics import METRICS
from runners.metrics.score import MetricDeclaration

HEAD = """\
# Metrics

A metric gives each answer to an item a number. An answer that can't be scored is *unscored*: it has a reason, no number, and no
part in any mean. Of several references the best counts (the smallest where lower is better). A metric that needs a reference
leaves an item without one unscored. [How metrics decide](metric-rules.md) has each one's rule. "Own rule": no other tool has the
same one, and tests hold it to values worked out by hand.

BLEU and chrF are sacrebleu's, divided by 100. BLEU is of one answer (exponential smoothing, effective order); its mean is not
the corpus BLEU of papers, which is `corpus_bleu`, [a score of all answers together](scores.md#scores-of-all-answers-together).

Made from the declarations by `python -m runners.metrics.reference > docs/reference/metrics.md`.
"""  # noqa: E501


def as_markdown() -> str:
    """The whole page."""
    notice = ["## What each takes no notice of", "", *_notice()]
    return "\n".join([HEAD, *_metrics(), "", *notice, "", "## Options", "", *_options(), ""])


def _metrics() -> Iterator[str]:
    yield (
        "| metric | what it measures | range | better | needs | reference implementation | "
        "when not to use it |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, metric in METRICS.items():
        cells = [
            metric.measures,
            _range(metric),
            "higher" if metric.higher_is_better else "lower",
            _needs(metric) or "nothing",
            metric.reference_implementation,
            metric.not_for,
        ]
        yield f"| `{name}` | {' | '.join(cells)} |"


def _range(metric: type[MetricDeclaration]) -> str:
    return metric.unit or ("0 or 1" if metric.binary else "0 to 1")


def _needs(metric: type[MetricDeclaration]) -> str:
    """What an item or an answer must bring, and whether a judge is asked."""
    reference = f"a reference or `{metric.instead}`" if metric.instead else "a reference"
    needs = {
        reference: metric.needs_reference,
        "choices and their log-probabilities": metric.reads_choices,
        "the question": metric.reads_question,
        "a judge": metric.needs_model,
        "the passages given to the model": metric.reads_passages,
        metric.also_needs: bool(metric.also_needs),
    }
    return ", ".join(need for need, needed in needs.items() if needed)


def _notice() -> Iterator[str]:
    yield "| metric | it takes no notice of |"
    yield "| --- | --- |"
    for name, metric in METRICS.items():
        if metric.normalisation != "none":
            yield f"| `{name}` | {metric.normalisation} |"


def _options() -> Iterator[str]:
    yield "| option of | option | default | what it does |"
    yield "| --- | --- | --- | --- |"
    for metric, kind in METRICS.items():
        for name, option in kind.model_fields.items():
            if name not in ("name", "extract"):
                label = option.alias or name
                yield f"| `{metric}` | `{label}` | `{_default(option)}` | {_meaning(option)} |"


def _meaning(option: FieldInfo) -> str:
    """What an option does, with the values that it may have where they are few."""
    meaning = option.description or ""
    few = get_origin(option.annotation) is Literal
    return f"{meaning}: {', '.join(map(str, get_args(option.annotation)))}" if few else meaning


def _default(option: FieldInfo) -> str:
    """A default as a YAML file has it."""
    match option.default:
        case None:
            return "null"
        case bool(value):
            return str(value).lower()
        case ():
            return "[]"
        case tuple() as values:
            return str(list(values))
        case _ if option.default is PydanticUndefined:
            return "needed"
        case float(number):
            return f"{number:g}"
        case _:
            return str(option.default)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
