"""What follows from the answers: a table of rules, each with a sentence and a source."""

from collections.abc import Callable
from typing import NamedTuple

from evalhub.features.strategy.answers import Case
from evalhub.features.strategy.thresholds import (
    FULL_EXAMPLES,
    FULL_GB,
    LORA_GB,
    QLORA_GB,
)
from evalhub.training.sizes import THRESHOLDS

OFTEN = ("monthly", "weekly", "daily")
SOON = ("weekly", "daily")


class AdviceRule(NamedTuple):
    """One row of the table.

    Attributes:
        when: in words, the answers that it holds for.
        says: what follows, in a sentence; `{…}` are fields of `figures_of`.
    """

    name: str
    when: str
    says: str
    source: str
    holds: Callable[[Case], bool]


def gigabytes(answers: Case) -> dict[str, float]:
    """Memory for training by method, in GB, without the batch; for each billion of parameters if
    the model's size isn't known."""
    gb_per_billion = {"full": FULL_GB, "lora": LORA_GB, "qlora": QLORA_GB}
    return {method: (answers.billions or 1.0) * gb for method, gb in gb_per_billion.items()}


def fits(answers: Case, method: str) -> bool | None:
    """Whether training fits into the memory; None if that isn't known."""
    if answers.billions is None or answers.memory is None:
        return None
    return gigabytes(answers)[method] <= answers.memory


def wants_knowledge(answers: Case) -> bool:
    return answers.about in ("knowledge", "both")


def wants_behaviour(answers: Case) -> bool:
    return answers.about in ("behaviour", "both")


def moves_too_fast(answers: Case) -> bool:
    """Whether the behaviour to be learned changes before a fine-tune of it can be evaluated."""
    return answers.about == "behaviour" and answers.changes in SOON


def missing_examples(answers: Case) -> int:
    """How many more examples of this kind are needed before a fine-tune is worth trying."""
    return max(0, THRESHOLDS[answers.lesson].fewest - answers.examples)


def worth_tuning(answers: Case) -> bool:
    """Whether a fine-tune suits the aim at all, whatever the number of examples."""
    return wants_behaviour(answers) and not moves_too_fast(answers)


def tunes(answers: Case) -> bool:
    return worth_tuning(answers) and not missing_examples(answers)


def _full(answers: Case) -> bool:
    many = answers.lesson == "domain" and answers.examples >= FULL_EXAMPLES
    return tunes(answers) and many and fits(answers, "full") is True


def _lora(answers: Case) -> bool:
    return tunes(answers) and not _full(answers) and fits(answers, "lora") is not False


def _qlora(answers: Case) -> bool:
    return tunes(answers) and fits(answers, "lora") is False


OVADIA = "Ovadia et al. 2024, “Fine-Tuning or Retrieval?”, EMNLP, arXiv 2312.05934"
GEKHMAN = "Gekhman et al. 2024, EMNLP, arXiv 2405.05904"
BIDERMAN = "Biderman et al. 2024, “LoRA Learns Less and Forgets Less”, TMLR, arXiv 2405.09673"
SCHULMAN = "Schulman et al. 2025, “LoRA Without Regret”, Thinking Machines"
DETTMERS = "Dettmers et al. 2023, “QLoRA”, NeurIPS, arXiv 2305.14314"
BROWN = "Brown et al. 2020, NeurIPS, arXiv 2005.14165"
HSIEH = "Hsieh et al. 2023, “Distilling Step-by-Step”, ACL Findings, arXiv 2305.02301"
OURS = "a rule of ours, and no measurement"

RULES = (
    AdviceRule(
        "knowledge",
        "knowledge, or both",
        "Facts belong into documents that are found and shown: that does better than to train "
        "them in.",
        OVADIA,
        wants_knowledge,
    ),
    AdviceRule(
        "knowledge that changes",
        "knowledge, or both, that changes every month or sooner",
        "What changes {changes} is looked up: a document is replaced in a minute, and a fine-tune "
        "is trained and judged anew.",
        OURS,
        lambda answers: wants_knowledge(answers) and answers.changes in OFTEN,
    ),
    AdviceRule(
        "knowledge alone",
        "knowledge alone",
        "Don't fine-tune for facts alone: a model learns new ones slowly, and makes up more once "
        "it has.",
        GEKHMAN,
        lambda answers: answers.about == "knowledge",
    ),
    AdviceRule(
        "behaviour that changes",
        "behaviour that changes every week or sooner",
        "Don't fine-tune what changes {changes}: it would be old before it is judged. A prompt is "
        "changed in a minute.",
        OURS,
        moves_too_fast,
    ),
    AdviceRule(
        "few examples",
        "behaviour, or both, and fewer examples than the table's fewest",
        "{examples} of the {fewest} examples that are worth a try for a {lesson}: show the best of "
        "them in the prompt, and collect {needed} more.",
        f"few-shot: {BROWN}; the number: {THRESHOLDS['format'].source}",
        lambda answers: worth_tuning(answers) and missing_examples(answers) > 0,
    ),
    AdviceRule(
        "some examples",
        "a fine-tune, with fewer examples than the table's enough",
        "{examples} examples lie between the {fewest} that are worth a try for a {lesson} and the "
        "{enough} from which guides expect a gain: train on a half and on all, and see whether it "
        "still rises.",
        THRESHOLDS["format"].source,
        lambda answers: tunes(answers) and answers.examples < THRESHOLDS[answers.lesson].enough,
    ),
    AdviceRule(
        "a large model that costs or takes long",
        "a large model, cost or latency, and a fine-tune",
        "A small model that was tuned on a large one's good answers can take its place at a "
        "fraction of the {reason}: the question is whether it is as good, and not better.",
        HSIEH,
        lambda answers: (
            tunes(answers) and answers.size == "large" and answers.reason in ("cost", "latency")
        ),
    ),
    AdviceRule(
        "a small model that costs or takes long",
        "a small model, cost or latency",
        "A fine-tune of the same model saves only the prompt that it makes needless; at a provider "
        "it may cost half as much again or twice as much a token. Try a shorter prompt first.",
        "OpenAI's prices of 2025: ft:gpt-4.1-mini twice, ft:gpt-4o one and a half times the base's",
        lambda answers: answers.size == "small" and answers.reason in ("cost", "latency"),
    ),
    AdviceRule(
        "privacy",
        "texts that stay on machines of one's own",
        "Texts that must stay are answered, judged and trained on by models on machines of your "
        "own: put each arm's address there.",
        OURS,
        lambda answers: answers.privacy == "own-machines",
    ),
    AdviceRule(
        "a full fine-tune",
        f"a fine-tune for a domain, {FULL_EXAMPLES:,} examples or more, and room for it",
        "From so many examples a full fine-tune may learn what a LoRA doesn't, and {full_gb} GB of "
        "{memory} are enough for it. It also forgets more: keep the guards.",
        BIDERMAN,
        _full,
    ),
    AdviceRule(
        "LoRA",
        "any other fine-tune for which 16-bit weights fit the memory, or nobody says how much "
        "there is",
        "A LoRA on all layers learns about as much from a small or middling set, forgets less, and "
        "takes {lora_gb} GB, against {full_gb} GB of a full fine-tune.",
        f"{SCHULMAN}; that it forgets less: {BIDERMAN}",
        lambda answers: _lora(answers) and answers.billions is not None,
    ),
    AdviceRule(
        "LoRA, the size unknown",
        "any other fine-tune of a model whose size nobody says",
        "A LoRA on all layers learns about as much from a small or middling set, forgets less, and "
        "takes {lora_gb} GB for each billion of parameters, against {full_gb} GB of a full "
        "fine-tune: say how many the model has, and how much memory there is, to see what fits.",
        f"{SCHULMAN}; that it forgets less: {BIDERMAN}",
        lambda answers: _lora(answers) and answers.billions is None,
    ),
    AdviceRule(
        "QLoRA",
        "any other fine-tune for which they don't",
        "The weights in 16 bits would take {lora_gb} GB of {memory}: a QLoRA trains on weights of "
        "4 bits, in {qlora_gb} GB.",
        DETTMERS,
        _qlora,
    ),
    AdviceRule(
        "too large",
        "a fine-tune for which even QLoRA's weights don't fit the memory",
        "Even a QLoRA takes {qlora_gb} GB, and there are {memory}: tune a smaller model, or rent.",
        DETTMERS,
        lambda answers: _qlora(answers) and fits(answers, "qlora") is False,
    ),
)
"""In the order in which they are said."""
