"""A run's answers, one page at a time, with their questions and scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch

from evalhub.io.tools import call_text
from evalhub.registry.models import Output, Run, RunMetric, Score
from evalhub.report.flips import input_text, references_text
from evalhub.site.by_position import answers_by_position
from evalhub.site.items.reading import Excerpt, excerpt
from evalhub.site.queries import outputs_of

PAGE = 25
SHOWN = {"": "All answers", "errors": "Errors", "unscored": "Unscored"}


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    output: Output
    question: Excerpt
    reference: str
    text: Excerpt
    calls: Sequence[str]
    scores: Sequence[Score]


@dataclass(frozen=True, slots=True)
class AnswersPage:
    show: str
    choices: Sequence[tuple[str, str]]
    metrics: Sequence[RunMetric]
    page: "Page[Output]"
    answers: Sequence[ShownAnswer]

    @property
    def has_sealed_scores(self) -> bool:
        """Whether some of the run's scores are still sealed."""
        return any(each.opened is None for each in self.metrics)


def answers_page(run: Run, show: str, number: str) -> AnswersPage:
    """Page `number` of the run's answers: all, only errors, or only unscored ones."""
    show = show if show in SHOWN else ""
    readable = Score.objects.readable_by(run).order_by("metric_id").select_related("metric")
    outputs = outputs_of(run, show).prefetch_related("item", Prefetch("scores", readable))
    pages = Paginator(outputs, PAGE) if show else answers_by_position(run, outputs, PAGE)
    page = pages.get_page(number)
    return AnswersPage(
        show=show,
        choices=list(SHOWN.items()),
        metrics=list(run.metrics.select_related("metric")),
        page=page,
        answers=[
            ShownAnswer(
                output=output,
                question=excerpt(input_text(output.item.input)),
                reference=references_text(output.item.references),
                text=excerpt(output.text or ""),
                calls=[call_text(each) for each in output.tool_calls or ()],
                scores=list(output.scores.all()),
            )
            for output in page
        ],
    )
