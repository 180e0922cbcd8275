"""The study file that tries the simpler steps first, with a comment on each choice."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from evalhub.features.strategy.advice import WORDS, Step, StrategyAdvice
from evalhub.features.strategy.answers import CHOICES, Case
from evalhub.studies.file.gaps import UNFILLED

TEST_SET = "task"
USUAL = {"project": "my-team", "name": "Should we fine-tune?", "metric": "exact_match"}
"""What isn't said, and needn't be."""
MARGIN, PLANNED = 0.02, 0.03
"""Of a small model in a large one's place: what may be lost, and from where it is planned."""
RATIO = {"cost": 0.5, "latency": 0.8}
"""Of the baseline's: what the candidate may cost or take, where that was the reason."""


class Shown(NamedTuple):
    """An example for the prompt."""

    input: str
    output: str


class StudyParts(NamedTuple):
    """What is already known of the case; an empty field is the default, or left to be filled in.

    Attributes:
        by_endpoint: the models are asked by an operator's alias, and never by an address.
        told_in_training: the training rows have a system message.
    """

    project: str = ""
    name: str = ""
    url: str = ""
    endpoint: str = ""
    by_endpoint: bool = False
    model: str = ""
    tuned_model: str = ""
    key_env: str = ""
    items: str = ""
    metric: str = ""
    system: str = ""
    told_in_training: bool = False
    examples: Sequence[Shown] = ()
    documents: str = ""
    training: str = ""


def study_text(answers: Case, advice: StrategyAdvice, parts: StudyParts) -> str:
    """The study file as YAML, with the arms in the order of the advice."""
    return "\n".join(_lines(answers, advice, parts)) + "\n"


def _lines(answers: Case, advice: StrategyAdvice, parts: StudyParts) -> Iterator[str]:
    tuned = "tuned" in advice.steps
    saves = tuned and answers.reason in RATIO
    yield "# Made by `evalhub strategy init`. The simpler things first:"
    yield from _comment(advice.headline)
    yield from _comment(f"Asked: {_answers_text(answers)}.")
    for reason in advice.reasons:
        yield from _comment(f"- {reason.said} ({reason.source})")
    yield "schema: evalhub.study/1"
    yield f"project: {_quote(parts.project or USUAL['project'])}"
    yield f"name: {_quote(parts.name or USUAL['name'])}"
    if tuned:
        yield "# The fine-tune has to beat the best of the others, chosen on a part of the items."
        yield "baseline: best-untuned"
        yield "candidate: tuned"
    else:
        yield "baseline: base"
        yield f"candidate: {advice.steps[-1]}   # the last step; the others are judged beside it"
    yield ""
    yield "arms:"
    local = answers.privacy == "own-machines"
    for step in advice.steps:
        yield f"  {step}:   # {WORDS[step]}"
        if step == "base":
            yield from _base(parts, local=local)
        elif step == "tuned":
            yield from _arm_with_tuning(answers, advice, parts, local=local)
        else:
            yield from _arm_without_tuning(step, parts)
    yield from _test_set(parts, saves=saves)
    if tuned and not _replaces(answers):
        yield ""
        yield "# Eight small skills: what the base could do has to be there still."
        yield "suite: general"
    if saves:
        yield ""
        yield "policy:"
        yield "  budgets:"
        yield f"    # The reason was {answers.reason}: the candidate's mean over the baseline's."
        yield f"    {answers.reason}: {{max_ratio: {RATIO[answers.reason]}, test_set: {TEST_SET}}}"


def _replaces(answers: Case) -> bool:
    """Whether a smaller model is tuned to replace a large one on this task alone."""
    return answers.size == "large" and answers.reason in RATIO


def _answers_text(answers: Case) -> str:
    return "; ".join(f"{name}: {_answer(name, value)}" for name, value in answers)


def _answer(name: str, value: Any) -> str:
    if name in CHOICES:
        return CHOICES[name][value].split(":")[0]
    return "unknown" if value is None else f"{value:g}"


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        98,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _base(parts: StudyParts, *, local: bool) -> Iterator[str]:
    model = _or(parts.model, "the name of the model that answers today")
    yield "    kind: base"
    yield "    backend: &base"
    yield f"      openai: {{{_address(parts, local=local)}, model: {model}}}"
    yield "    sampling: &same {temperature: 0, max_tokens: 300, seed: 7}"
    yield "    # price: {prompt: 0.1, completion: 0.4}   a million tokens, where no table knows it"


def _arm_without_tuning(step: Step, parts: StudyParts) -> Iterator[str]:
    hint = "what you would tell a careful new colleague to do"
    yield f"    kind: {step}"
    yield "    parent: base"
    yield f"    only: [{TEST_SET}]   # elsewhere it is the base, with nothing to lose"
    yield "    backend: *base"
    yield "    prompt:"
    if step == "prompted":
        yield f"      system: &told {_or(parts.system, hint)}"
    else:
        yield "      system: *told"
    if step == "few-shot":
        yield "      examples:   # answered as they should be; never items of the test set"
        examples = parts.examples or (
            Shown(f"{UNFILLED}a question of the training rows", f"{UNFILLED}its right answer"),
        )
        for example in examples:
            yield f"        - {{input: {_quote(example.input)}, output: {_quote(example.output)}}}"
    if step == "retrieval":
        documents = _or(parts.documents, "a file of rows {id, text}, as manual.jsonl")
        yield '      template: "{context}\\n\\n{input}"'
        yield f"      retriever: {{documents: {documents}, k: 3}}"
    yield "    sampling: *same"


def _arm_with_tuning(
    answers: Case, advice: StrategyAdvice, parts: StudyParts, *, local: bool
) -> Iterator[str]:
    model = _or(parts.tuned_model, "what the server calls the fine-tune")
    yield f"    kind: {advice.method}"
    if _replaces(answers):
        yield "    # no parent: a smaller model is tuned than the one that answers today"
    else:
        yield "    parent: base"
        yield f"    # only: [{TEST_SET}]   where it is switched on for the task alone; without"
        yield "    # this line it answers everything, as a merged adapter would"
    yield "    backend:"
    yield f"      openai: {{{_address(parts, local=local)}, model: {model}}}"
    if parts.told_in_training:
        yield "    prompt: {system: *told}   # as its training rows have it"
    else:
        yield "    # prompt: {system: *told}   where its training rows have it"
    yield "    sampling: *same"
    yield "    training:"
    yield f"      method: {advice.method}"
    if parts.training:
        yield f"      data: {_quote(parts.training)}   # test items are looked for in it"
    else:
        yield "      # data: training.jsonl   test items are looked for in it"


def _address(parts: StudyParts, *, local: bool) -> str:
    if parts.by_endpoint:
        return f"endpoint: {_or(parts.endpoint, 'an endpoint that an operator of this site made')}"
    where = "on a machine of your own" if local else "as http://127.0.0.1:8000/v1"
    key = f", key_env: {_quote(parts.key_env)}" if parts.key_env else ""
    return f"url: {_or(parts.url, f'the address of the models, {where}')}{key}"


def _test_set(parts: StudyParts, *, saves: bool) -> Iterator[str]:
    yield ""
    yield "test_sets:"
    yield f"  {TEST_SET}:"
    yield f"    file: {_or(parts.items, 'a file of rows {id, input, reference}, as items.jsonl')}"
    yield "    role: primary"
    if saves:
        yield f"    min_gain: {-MARGIN}     # as good: so much it may lose, for what it saves"
        yield f"    planned_gain: {PLANNED}"
    else:
        yield "    min_gain: 0         # it must gain, whatever little"
        yield "    planned_gain: 0.05  # the gain that is worth finding"
    yield f"    metric: {{name: {_quote(parts.metric or USUAL['metric'])}}}"


def _or(value: str, otherwise: str) -> str:
    return _quote(value or f"{UNFILLED}{otherwise}")


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
