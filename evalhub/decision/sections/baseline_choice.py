"""The best arm that isn't fine-tuned, chosen on some items and met on the others. Pure.

To pick the best of several arms and then judge against it on the same items would favour it: its
score there is partly luck. So a development split of the primaries' items chooses, and is not
judged on. An item's side of the split is a hash of the seed and its cluster (or its key), so items
that belong together stay together, and adding items moves none that were there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from evalhub.decision.criteria.primary import Primary
from evalhub.decision.criterion import Criterion
from evalhub.decision.inconsistent import FOLLOWS, Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text, figure, with_sign
from evalhub.declare.decision import Alternative, Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.policy import Primaries
from evalhub.declare.study import Development
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

PROMPTS = ("prompted", "few-shot")
"""Kinds of arms that a prompt alone makes."""
Answer = Literal["fine-tune", "don't-fine-tune", "not-shown"]


class DevelopmentSplit(Declaration):
    """How many of a primary's items chose the baseline, and how many were judged on."""

    test_set: str
    metric: str
    development: int
    judged: int


class ChoiceArm(Declaration):
    """An arm that could have been chosen, with its mean on each of the section's test sets."""

    name: str
    kind: str
    scores: tuple[float, ...]


class ChoiceSection(Section):
    """How the best arm that isn't fine-tuned was chosen, and whether the fine-tune beats it.

    Where the evidence is invalid it has no scores and no answer.
    """

    title: ClassVar[str] = "Fair baseline"
    method: ClassVar[str] = "best-untuned"
    order: ClassVar[int] = 110

    chosen: str
    share: float
    seed: int
    test_sets: tuple[DevelopmentSplit, ...]
    arms: tuple[ChoiceArm, ...]
    answer: Answer | None = None

    def derive_status(self, arms: Arms) -> Status:
        match self.answer:
            case "fine-tune":
                return Status.PASS
            case "don't-fine-tune":
                return Status.FAIL
        return Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        arm, baseline = arms.candidate.name, arms.baseline.name
        answers = {
            "fine-tune": f"{arm} does more than {baseline}, the best arm that isn't fine-tuned.",
            "don't-fine-tune": (
                f"{baseline} does as well: don't fine-tune. {arm} is shown not to gain on it what "
                "the study was planned to find."
            ),
            "not-shown": (
                f"It isn't shown that {arm} does more than {baseline}, the best arm that isn't "
                f"fine-tuned, nor that {baseline} does as well."
            ),
        }
        if self.answer is not None:
            yield answers[self.answer]
            scores = ", ".join(
                f"{arm.name} {' / '.join(f'{score:,.3g}' for score in arm.scores)}"
                for arm in self.arms
            )
            yield f"{self.chosen} is the best arm that isn’t fine-tuned: {scores}."
        else:
            names = ", ".join(each.name for each in self.arms)
            yield f"{self.chosen} was chosen as the best arm that isn’t fine-tuned, of {names}."
        sizes = "; ".join(
            f"{count_text(row.development, 'item')} of {row.test_set} chose, {row.judged:,} "
            f"{'was' if row.judged == 1 else 'were'} judged"
            for row in self.test_sets
        )
        yield f"{sizes}."

    def without_results(self) -> Self:
        """Which arm was chosen among which, without their scores and without an answer."""
        arms = tuple(arm.model_copy(update={"scores": ()}) for arm in self.arms)
        return self.model_copy(update={"answer": None, "arms": arms})

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """The answer is the one that the criteria give."""
        choice, planned_gain = record.baseline_choice, record.policy.get("planned_gain")
        if choice is None or choice.answer is None or not isinstance(planned_gain, float):
            return
        due = answer(record.criteria, planned_gain=planned_gain, primaries=record.rule.primaries)
        if choice.answer != due:
            yield Discrepancy(f"{at}baseline_choice.answer", choice.answer, due, FOLLOWS)


def standardise(scores: Mapping[str, Sequence[NDArray[np.float64]]]) -> dict[str, float]:
    """Each arm's mean over the primaries of its mean score, in standard deviations.

    Args:
        scores: by arm, for each primary the items' scores, shape (n,), turned so that more is
            better; the same items for every arm. With one primary the order is that of the means.
    """
    arms = list(scores)
    totals = dict.fromkeys(arms, 0.0)
    primaries = len(scores[arms[0]])
    for i in range(primaries):
        spread = float(np.concatenate([scores[arm][i] for arm in arms]).std())
        for arm in arms:
            totals[arm] += float(scores[arm][i].mean()) / (spread or 1.0) / primaries
    return totals


def best(scores: Mapping[str, Sequence[NDArray[np.float64]]]) -> str:
    """The arm with the highest score on the development split; the first of equals."""
    totals = standardise(scores)
    return max(totals, key=lambda arm: totals[arm])


def answer(criteria: Sequence[Criterion], *, planned_gain: float, primaries: Primaries) -> Answer:
    """Is the fine-tune worth it, by the primaries against the best arm that isn't fine-tuned?

    "fine-tune": the gain that is asked is shown, on every primary or, with "any-of", on one.
    "don't-fine-tune": it is shown that the gain stays below min_gain + planned gain, what the
    study was planned to find worth having, on some primary or, with "any-of", on every one.
    Else "not-shown": neither, and more items would tell.
    """
    gains = [each for each in criteria if each.role == Primary.role]
    holding = [each.holds for each in gains]
    too_little = [
        not criterion.holds
        and criterion.upper < (criterion.min_gain or 0.0) + _gain_planned(criterion, planned_gain)
        for criterion in gains
    ]
    enough, hopeless = (all, any) if primaries == "all-of" else (any, all)
    if gains and enough(holding):
        return "fine-tune"
    return "don't-fine-tune" if hopeless(too_little) else "not-shown"


def equally_good_sentences(
    arms: Arms, alternatives: Sequence[Alternative], choice: ChoiceSection | None
) -> list[str]:
    """Untuned arms that do as well as the fine-tuned candidate, a sentence each.

    The baseline, where it was chosen as the best of them and the answer is "don't-fine-tune"; each
    other that does so on every test set that must gain and fails nothing itself.
    """
    tuned, baseline = arms.candidate.name, arms.baseline.name
    sentences = []
    if choice is not None and choice.answer == "don't-fine-tune":
        sentences.append(f"{baseline} does as well as {tuned}")
    for name in dict.fromkeys(each.arm for each in alternatives):
        rows = [each for each in alternatives if each.arm == name]
        if all(each.as_good for each in rows):
            does = "does more than" if all(each.upper < 0 for each in rows) else "does as well as"
            where = " and ".join(each.test_set for each in rows)
            sentences.append(f"{name} {does} {tuned} on {where}")
    return sentences


def alternative_sentence(row: Alternative, tuned: str) -> str:
    """The row in words: would a prompt do?"""
    gap = f"{with_sign(row.difference)} [{with_sign(row.lower)}, {with_sign(row.upper)}]"
    rival = "a prompt" if row.kind in PROMPTS else row.arm
    if row.lower > 0:
        result = f"{tuned} is better by {gap}"
    elif row.upper < 0:
        result = f"better than {tuned} ({gap}): {rival} does more than the fine-tune"
    elif row.as_good:
        result = f"as good as {tuned} ({gap}), which gains less than {row.planned_gain:g} on it"
    else:
        result = f"not told apart from {tuned} ({gap}): {rival} may do as well"
    if row.fails:
        result += f"; but {row.arm} fails {', '.join(row.fails)}"
    question = "Would a prompt do?" if row.kind in PROMPTS else f"Would {row.arm} do?"
    return f"{question} {row.arm} reaches {figure(row.value)} on {row.test_set}: {result}."


def _gain_planned(criterion: Criterion, otherwise: float) -> float:
    return otherwise if criterion.planned_gain is None else criterion.planned_gain


def choice_section(
    development: Development,
    chosen: str,
    scores: Mapping[str, Sequence[NDArray[np.float64]]],
    kinds: Mapping[str, str],
    sizes: Sequence[DevelopmentSplit],
) -> ChoiceSection:
    """The record's `baseline_choice`, but for the answer, which the judged items give later.

    Args:
        scores: as for `standardise`, but as measured; entry i belongs to `sizes[i]`.
        sizes: a row for each primary.
    """
    return ChoiceSection(
        chosen=chosen,
        share=development.share,
        seed=development.seed,
        test_sets=tuple(sizes),
        arms=tuple(
            ChoiceArm(
                name=name, kind=kinds[name], scores=tuple(float(each.mean()) for each in by_set)
            )
            for name, by_set in scores.items()
        ),
    )
