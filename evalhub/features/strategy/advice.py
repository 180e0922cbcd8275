"""The advice that follows from the answers: what to try, in which order, and why."""

from typing import Literal

from evalhub.declare.declaration import Declaration
from evalhub.features.strategy.answers import Case
from evalhub.features.strategy.rules import (
    RULES,
    gigabytes,
    missing_examples,
    tunes,
    wants_behaviour,
    wants_knowledge,
    worth_tuning,
)
from evalhub.training.sizes import THRESHOLDS

Verdict = Literal["don't-fine-tune", "not-yet", "fine-tune-last"]
Step = Literal["base", "prompted", "few-shot", "retrieval", "tuned"]
Method = Literal["none", "lora", "qlora", "full"]
METHODS: dict[str, Method] = {
    "a full fine-tune": "full",
    "LoRA": "lora",
    "LoRA, the size unknown": "lora",
    "QLoRA": "qlora",
}
"""By the rule that calls for it."""
NAMES: dict[Method, str] = {"none": "none", "lora": "LoRA", "qlora": "QLoRA", "full": "full"}
WORDS: dict[Step, str] = {
    "base": "the model as it is",
    "prompted": "a system prompt",
    "few-shot": "examples in the prompt",
    "retrieval": "documents that are found and shown",
    "tuned": "the fine-tune",
}


class Reasoned(Declaration):
    """A sentence of the advice, with its rule and its source."""

    rule: str
    said: str
    source: str


class StrategyAdvice(Declaration):
    """The steps to try, simplest first, and whether a fine-tune is one of them.

    Attributes:
        needed: examples that are missing; of "not-yet" more than 0, else 0.
    """

    answer: Verdict
    headline: str
    steps: tuple[Step, ...]
    method: Method
    needed: int
    reasons: tuple[Reasoned, ...]

    @property
    def steps_in_words(self) -> list[str]:
        """The steps as text; the fine-tune with its method."""
        method = f" ({NAMES[self.method]})"
        return [f"{WORDS[each]}{method if each == 'tuned' else ''}" for each in self.steps]


def advise(answers: Case) -> StrategyAdvice:
    """Applies the table of rules to these answers."""
    matching = [rule for rule in RULES if rule.holds(answers)]
    figures = figures_of(answers)
    missing = missing_examples(answers) if worth_tuning(answers) else 0
    return StrategyAdvice(
        answer=_answer(answers),
        headline=_headline(answers, missing),
        steps=steps_of(answers),
        method=next((METHODS[rule.name] for rule in matching if rule.name in METHODS), "none"),
        needed=missing,
        reasons=tuple(
            Reasoned(rule=rule.name, said=rule.says.format(**figures), source=rule.source)
            for rule in matching
        ),
    )


def steps_of(answers: Case) -> tuple[Step, ...]:
    """The simpler steps first, the fine-tune last, if it is one of them."""
    steps: list[Step] = ["base", "prompted"]
    if wants_behaviour(answers) or answers.examples:
        steps.append("few-shot")
    if wants_knowledge(answers):
        steps.append("retrieval")
    if tunes(answers):
        steps.append("tuned")
    return tuple(steps)


def figures_of(answers: Case) -> dict[str, str]:
    """The figures that the rules' sentences name."""
    threshold = THRESHOLDS[answers.lesson]
    often = {"never": "hardly ever", "yearly": "every year", "monthly": "every month"}
    return {
        "changes": often.get(answers.changes, f"every {_unit(answers.changes)}"),
        "examples": f"{answers.examples:,}",
        "fewest": f"{threshold.fewest:,}",
        "enough": f"{threshold.enough:,}",
        "needed": f"{missing_examples(answers):,}",
        "lesson": answers.lesson,
        "reason": {"cost": "cost", "latency": "waiting time"}.get(answers.reason, answers.reason),
        "memory": "" if answers.memory is None else f"{answers.memory:g}",
        **{f"{name}_gb": f"{gb:.3g}" for name, gb in gigabytes(answers).items()},
    }


def _unit(changes: str) -> str:
    return {"weekly": "week", "daily": "day"}.get(changes, changes)


def _answer(answers: Case) -> Verdict:
    if not worth_tuning(answers):
        return "don't-fine-tune"
    return "fine-tune-last" if tunes(answers) else "not-yet"


def _headline(answers: Case, missing: int) -> str:
    simpler = [WORDS[step] for step in steps_of(answers) if step not in ("base", "tuned")]
    before = ", then ".join(simpler)
    if not worth_tuning(answers):
        return f"Don't fine-tune: try {before}."
    if missing:
        more = "example" if missing == 1 else "examples"
        return f"Not yet: {missing:,} more {more} of a {answers.lesson}. Until then try {before}."
    return f"Fine-tune last: try {before}; the fine-tune has to beat the best of these."
