"""promptfoo: the JSON that `promptfoo eval -o results.json` writes. Its providers are the arms.

A test is known by its variables and assertions; its number is a configuration's alone. A file with
several prompts has a task for each. `pass` and `score` are promptfoo's own; a named assertion
(`metric:`) is a metric of that name.
"""

from pathlib import Path
from typing import Any

from evalhub.importers.fields import count_or_none, mapping, number_or_none, score, text, whole
from evalhub.importers.log import AskedItem, GivenAnswer, LoggedArm, Task, ToolMetric, chat, text_of
from evalhub.io.canonical import digest_of
from evalhub.io.json_document import JsonDocument
from evalhub.io.limits import Limits
from evalhub.io.rows import Row, wrong

TASK = "tests"
PASS, SCORE = "pass", "score"
ERROR = 2
"""`failureReason` of a test that got no answer; 1: an assertion failed."""


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """An arm a provider, in the file's order. Raises DataError."""
    document = JsonDocument(path, limits)
    arms: dict[str, LoggedArm] = {}
    rows = list(document.rows(("results", "results")))
    prompts = {_prompt(row) for row in rows}
    samples: dict[tuple[str, str, str], int] = {}
    for row in sorted(rows, key=lambda row: whole(row, "testIdx")):
        arm = arms.setdefault(_provider(row), LoggedArm(_provider(row), path))
        name = _prompt(row) if len(prompts) > 1 else TASK
        task = arm.tasks.setdefault(name, Task(name, path, headline=PASS))
        item = _item(row)
        task.ask(item)
        sample = samples.setdefault((arm.name, name, item.key), 0)
        samples[arm.name, name, item.key] += 1
        task.answers.append(_answer(row, item.key, sample))
    if not arms:
        raise document.error(("results", "results"), "holds no results")
    _check_whole(document, len(rows))
    figures = _figures(document)
    version = (document.data.get("metadata") or {}) if isinstance(document.data, dict) else {}
    for arm in arms.values():
        if isinstance(version, dict) and "promptfooVersion" in version:
            arm.settings["promptfoo"] = str(version["promptfooVersion"])
        for task in arm.tasks.values():
            _measure(task, figures.get((arm.name, task.name if len(prompts) > 1 else "")))
    # results stand as they came back; the providers as they were asked for
    order = [*dict.fromkeys(provider for provider, _ in figures), *arms]
    return sorted(arms.values(), key=lambda arm: order.index(arm.name))


def _check_whole(document: JsonDocument, rows: int) -> None:
    """That there are as many results as promptfoo counted."""
    stats = document.at(("results",)).get("stats")
    counts: list[Any] = [
        stats.get(name) if isinstance(stats, dict) else None
        for name in ("successes", "failures", "errors")
    ]
    if all(isinstance(count, int) for count in counts) and sum(counts) != rows:
        raise document.error(
            ("results", "results"), f"holds {rows} results of {sum(counts)}: is it cut off?"
        )


def _provider(row: Row) -> str:
    """The provider by its label, which tells apart two of one model, else by its id."""
    name = row.values.get("provider")
    if isinstance(name, str) and name:
        return name
    provider = mapping(row, "provider")
    label = provider.get("label")
    return label if isinstance(label, str) and label else text(row, "provider.id")


def _prompt(row: Row) -> str:
    label = mapping(row, "prompt").get("label")
    return label if isinstance(label, str) and label else text(row, "prompt.raw")


def _item(row: Row) -> AskedItem:
    test = mapping(row, "testCase") if "testCase" in row.values else {}
    variables = mapping(row, "vars")
    asserts = test.get("assert") or []
    sent = text(row, "prompt.raw")
    return AskedItem(
        key=digest_of({"vars": variables, "assert": asserts}),
        input=chat(sent),
        references=_references(asserts, variables),
        fields=variables,
        prompt=digest_of(sent),
        line=row.line,
    )


def _references(asserts: Any, variables: dict[str, Any]) -> list[Any]:
    """What is right as far as assertions say it: the value that an answer has to equal."""
    if not isinstance(asserts, list):
        return []
    values = [
        assertion["value"]
        for assertion in asserts
        if isinstance(assertion, dict)
        and assertion.get("type") == "equals"
        and "value" in assertion
    ]
    # a template such as {{total}} stands for a variable
    variable_texts = {f"{{{{{name}}}}}": value for name, value in variables.items()}
    return [
        variable_texts.get(value, value) if isinstance(value, str) else value for value in values
    ]


def _answer(row: Row, key: str, sample: int) -> GivenAnswer:
    error = _error(row)
    graded: dict[str, float | None] = {
        PASS: score(row, "success", row.values.get("success")),
        SCORE: score(row, "score", row.values.get("score")),
    }
    named_scores = row.values.get("namedScores") or {}
    if not isinstance(named_scores, dict):
        raise wrong(row, "namedScores", "an object with fields was expected")
    graded |= {
        name: score(row, f"namedScores.{name}", named_score)
        for name, named_score in named_scores.items()
    }
    response: Any = row.values.get("response")
    if not error and not (isinstance(response, dict) and "output" in response):
        raise wrong(row, "response.output", "missing: a result without an error has an output")
    return GivenAnswer(
        key=key,
        sample=sample,
        output=None if error else text_of(response["output"]),
        scores=dict.fromkeys(graded) if error else graded,
        error=error,
        line=row.line,
        latency_ms=number_or_none(row, "latencyMs"),
        prompt_tokens=count_or_none(row, "response.tokenUsage.prompt"),
        completion_tokens=count_or_none(row, "response.tokenUsage.completion"),
    )


def _error(row: Row) -> str:
    """Why there is no answer, "" where there is one: a failed assertion has an `error` too."""
    response = row.values.get("response")
    error = row.values.get("error")
    if isinstance(response, dict) and response.get("error"):
        error = response["error"]
    elif row.values.get("failureReason") != ERROR:
        return ""
    return text_of(error) if error else "no answer"


def _figures(document: JsonDocument) -> dict[tuple[str, str], dict[str, Any]]:
    """promptfoo's totals, by provider and prompt; by provider and "" where it has one prompt."""
    totals: dict[tuple[str, str], dict[str, Any]] = {}
    results = document.at(("results",))
    heads = results.get("prompts") if isinstance(results, dict) else None
    for index, head in enumerate(heads if isinstance(heads, list) else []):
        if not isinstance(head, dict) or not isinstance(head.get("metrics"), dict):
            raise document.error(("results", "prompts", index), "has no metrics")
        provider, label = str(head.get("provider")), str(head.get("label"))
        totals[provider, label] = totals[provider, ""] = head["metrics"]
    return totals


def _measure(task: Task, totals: dict[str, Any] | None) -> None:
    names = dict.fromkeys(name for answer in task.answers for name in answer.scores)
    for name in names:
        bounds = (0.0, 1.0) if name == PASS else None
        task.metrics[name] = ToolMetric(name, bounds=bounds, figure=_figure(totals or {}, name))
    for answer in task.answers:  # a name that one test's assertions lack
        answer.scores.update({name: None for name in names if name not in answer.scores})


def _figure(totals: dict[str, Any], name: str) -> float | None:
    """The tool's mean of a metric: it keeps sums and counts."""
    counts: list[Any] = [totals.get(f"test{what}Count") for what in ("Pass", "Fail", "Error")]
    if not all(isinstance(count, int) for count in counts) or not sum(counts):
        return None
    if name == PASS:
        return float(counts[0] / sum(counts))
    if name == SCORE:
        return _share(totals.get("score"), sum(counts))
    sums, numbers = totals.get("namedScores"), totals.get("namedScoresCount")
    if not isinstance(sums, dict) or not isinstance(numbers, dict):
        return None
    return _share(sums.get(name), numbers.get(name))


def _share(total: Any, count: Any) -> float | None:
    if isinstance(total, int | float) and isinstance(count, int) and count > 0:
        return float(total / count)
    return None
