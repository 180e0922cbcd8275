"""A study's judges: registered as versions, and what they still have to be asked, at what cost."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalhub.accounts.models import Project
from evalhub.decision.criteria.judge import Pairwise
from evalhub.decision.policy import StudySettings
from evalhub.declare.plan import PlannedJudging
from evalhub.declare.prices import UsedPrice
from evalhub.judges.pairs import TwoAnswers, prompt_of
from evalhub.judges.run import judge_version
from evalhub.registry.models import Item, Metric, ModelVersion, Output, Run, Score, Study, StudyRun
from evalhub.registry.models.studies import ArmRole
from evalhub.registry.models.versions import Kind
from evalhub.registry.versions import register_metric, register_version
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.run.requests import CHARACTERS_A_TOKEN, longest_passages
from runners.judged_metrics import judge_of
from runners.metrics import Answer, MetricDeclaration, metric_declaration
from runners.metrics.judged import JudgedMetric
from runners.spending import used_price

ITEMS_AT_A_TIME = 500

type Prices = Mapping[str, UsedPrice | None]
"""Of judges, by the digests of their versions."""


@dataclass(slots=True)
class _JudgeQuestions:
    """Questions to a judge, and the characters that are sent for them."""

    requests: int = 0
    characters: int = 0

    def add(self, prompt: str, times: int = 1) -> None:
        self.requests += times
        self.characters += times * len(prompt)


def register_judges(spec: StudySpec, project: Project) -> dict[str, ModelVersion]:
    """The judging versions, by their names in the file."""
    return {
        name: register_version(
            project=project,
            slug=name,
            kind=Kind.BASE,
            backend=judge.backend.live_backend,
            sampling=judge.sampling,
            notes=judge.notes,
        )
        for name, judge in spec.judges.items()
    }


def metric_row(metric: MetricDeclaration, judges: Mapping[str, ModelVersion]) -> Metric:
    """The row of a metric; one with a judge names the judge's version, and not its name in the
    file."""
    options = metric.options
    if metric.needs_model:
        options["by"] = judges[metric.model].digest
    return register_metric(name=metric.name, options=options)


def settings_with_judge(spec: StudySpec, judges: Mapping[str, ModelVersion]) -> StudySettings:
    """The study's settings, which name the judge of pairs by its version's digest."""
    pairwise = spec.policy.pairwise
    if pairwise is None:
        return spec.policy
    by_digest = pairwise.model_copy(update={"by": judges[pairwise.by].digest})
    return spec.policy.model_copy(update={"pairwise": by_digest})


def judge_prices(spec: StudySpec, project: Project) -> Prices:
    """Today's prices of a study's judges."""
    versions = register_judges(spec, project)
    return {
        versions[name].digest: used_price(judge.backend.live_backend, judge.price)
        for name, judge in spec.judges.items()
    }


def plan_judging(study: Study, prices: Prices) -> list[PlannedJudging]:
    """The open requests to the study's judges: single answers by test set and arm, and pairs of
    answers.

    An answer that isn't there yet is taken for as long as its arm's max_tokens allow, and for one
    that differs from the other arm's.
    """
    planned = list(_points(study, prices))
    if study.policy.pairwise is not None:
        planned.append(_pairs(study, study.policy.pairwise, prices))
    return planned


def _points(study: Study, prices: Prices) -> Iterator[PlannedJudging]:
    links = StudyRun.objects.filter(arm__study=study).select_related(
        "arm", "test_set__metric", "run__version__model__project", "run__test_set_version"
    )
    return plan_scoring(
        (
            (link.arm.name, link.test_set.name, link.run, link.test_set.metric)
            for link in links.order_by("test_set__position", "arm__position", "repeat")
        ),
        prices,
    )


def plan_scoring(
    scored: Iterable[tuple[str, str, Run, Metric]], prices: Prices
) -> Iterator[PlannedJudging]:
    """The open requests to judges about single answers.

    Args:
        scored: arm, test set, run, and a metric that scores it; of other metrics nobody is asked.
    """
    seen: set[tuple[int, int]] = set()
    for arm, test_set, run, metric in scored:
        declared = metric_declaration(metric.name, **metric.options)
        if not isinstance(declared, JudgedMetric) or (run.pk, metric.pk) in seen:
            continue
        seen.add((run.pk, metric.pk))
        judge = judge_of(declared, run.version.model.project)
        assert judge is not None, "the metric needs one"
        questions = _about_answers(run, metric, declared)
        yield _plan(judge, questions, prices, arm=arm, test_set=test_set)


def _about_answers(run: Run, metric: Metric, declared: JudgedMetric) -> _JudgeQuestions:
    questions = _JudgeQuestions()
    longest = longest_passages(run.version) if declared.reads_passages else None
    longest_text = _longest(run) or ("x" if declared.reads_passages else "")
    scored = set(
        Score.objects.filter(output__run=run, metric=metric).values_list("output_id", flat=True)
    )
    for items in _items(run):
        outputs: dict[int, list[Output]] = {}
        for output in Output.objects.filter(run=run, item__in=items):
            outputs.setdefault(output.item_id, []).append(output)
        for item in items:
            item_outputs = outputs.get(item.pk, [])
            answered = [
                (output.text, output.passages)
                for output in item_outputs
                if output.text is not None and output.pk not in scored
            ]
            # failed answers are asked for again
            left = run.samples - sum(each.text is not None for each in item_outputs)
            for text, passages in [*answered, *[(longest_text, longest)] * left]:
                answer = Answer(text, input=item.input, context=item.context, passages=passages)
                try:
                    questions.add(declared.question(answer, item.references))
                except ValueError:  # nothing to ask about it
                    continue
    return questions


def _pairs(study: Study, question: Pairwise, prices: Prices) -> PlannedJudging:
    # imports numpy, which storing answers alone doesn't need
    from evalhub.ledger.baseline_choice import baseline_of
    from evalhub.ledger.study_evidence import NotReadyError
    from evalhub.studies.run.judged_pairs import newest_judge_run

    try:
        baseline = baseline_of(study)
    except NotReadyError:  # the named baseline, until the best one is known
        baseline = study.arms.get(role=ArmRole.BASELINE)
    links = StudyRun.objects.filter(arm__study=study, test_set__name=question.test_set, repeat=0)
    links = links.select_related("run__version", "run__test_set_version")
    runs = [
        links.get(arm=baseline).run,
        links.get(arm__role=ArmRole.CANDIDATE).run,
    ]
    judge_run = newest_judge_run(study)
    votes_by_item: dict[int, int] = {}
    for key in judge_run.votes.values_list("item_id", flat=True) if judge_run else ():
        votes_by_item[key] = votes_by_item.get(key, 0) + 1
    questions = _JudgeQuestions()
    for items in _items(runs[0]):
        texts = [_texts(run, items) for run in runs]
        for item in items:
            before, after = (of.get(item.pk) for of in texts)
            if before is not None and after is not None and before.strip() == after.strip():
                continue
            pair = TwoAnswers(
                item,
                _longest(runs[0]) if before is None else before,
                _longest(runs[1]) if after is None else after,
            )
            questions.add(
                prompt_of(question.question, pair, True), 2 - votes_by_item.get(item.pk, 0)
            )
    judge = judge_version(study.project, question.by)
    return _plan(judge, questions, prices, arm=None, test_set=question.test_set)


def _items(run: Run) -> Iterator[Sequence[Item]]:
    version = run.test_set_version
    for start in range(0, version.item_count, ITEMS_AT_A_TIME):
        yield list(version.items.between(start, start + ITEMS_AT_A_TIME).order_by("position"))


def _texts(run: Run, items: Sequence[Item]) -> dict[int, str]:
    rows = Output.objects.filter(run=run, sample=0, text__isnull=False, item__in=items).order_by()
    return {item: text for item, text in rows.values_list("item_id", "text") if text is not None}


def _longest(run: Run) -> str:
    """A text as long as the run's longest possible answer; "" if nothing limits it."""
    return "x" * (CHARACTERS_A_TOKEN * (run.version.sampling.max_tokens or 0))


def _plan(
    judge: ModelVersion,
    questions: _JudgeQuestions,
    prices: Prices,
    *,
    arm: str | None,
    test_set: str,
) -> PlannedJudging:
    prompt = -(-questions.characters // CHARACTERS_A_TOKEN)
    longest, price = judge.sampling.max_tokens, prices.get(judge.digest)
    completion = (
        0 if not questions.requests else None if longest is None else longest * questions.requests
    )
    money = None if questions.requests else 0.0
    if price is not None and completion is not None:
        money = price.price.cost(prompt=prompt, completion=completion)
    return PlannedJudging(
        judge=judge.model.slug,
        arm=arm,
        test_set=test_set,
        requests=questions.requests,
        prompt_tokens=prompt,
        completion_tokens=completion,
        money=money,
        price=price,
    )
