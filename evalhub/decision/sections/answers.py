"""Who gave the answers and how they ended, counted by arm, and what follows from that. Pure.

A model that changes behind its address isn't one arm; an arm that says nothing wasn't measured; and
answers that are cut or withheld in one arm alone are compared with whole ones. A difference is told
by the exact sign test over items (over clusters, where there are some): of those with more such
answers in one arm than in the other as many are of either arm where the arms are alike (Conover
1999, Practical Nonparametric Statistics, 3.4; with one answer an item it is McNemar's exact test).
All differences together are named at ALPHA, each at an equal share of it (Bonferroni).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import POLICY_ASKS, Discrepancy
from evalhub.decision.policy import Rule
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Count, Probability, Size
from evalhub.declare.answers_rule import ModelChangeUse, UnansweredShare
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration, default_of
from evalhub.declare.policy import FailureUse
from evalhub.declare.verdicts import Status
from evalhub.io.items import UNSEEN
from evalhub.stats.sign_test import two_sided_sign_test

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

ALPHA = 0.05
MODEL_CHANGES: ModelChangeUse = default_of(Rule, "model_changes")
MOST_NAMES = 20
"""Of models, fingerprints or finish reasons that are counted each for itself."""
OTHERS = "(others)"
SHOWN = 5
"""Names that a sentence lists."""


class ArmAnswers(Declaration):
    """What one arm gave to the items of a test set, counted. Names beyond the first 20 of a kind
    are counted together, as "(others)".

    Attributes:
        failed: answers in whose place there is an error.
        empty: answers in which nothing can be seen and that call no tool, where an answer is due.
        finish_reasons: by the server's word; those of which nobody said it are in none.
        models, fingerprints: by the name that the server gave to what answered.
    """

    answers: Count
    failed: Count
    empty: Count
    finish_reasons: dict[str, Count] = {}
    models: dict[str, Count] = {}
    fingerprints: dict[str, Count] = {}


class AnswersRow(Declaration):
    """Both arms' answers to one test set."""

    test_set: str
    items: Size
    baseline: ArmAnswers
    candidate: ArmAnswers


class AnswerDifference(Declaration):
    """How often answers came to one end in either arm, and whether the arms differ in that.

    Attributes:
        end: "cut" at the most tokens, "withheld" by a filter, "failed", "empty", or another word of
            the server's.
        baseline, candidate: answers.
        more_baseline, more_candidate: items, or clusters of them, with more such answers in this
            arm than in the other.
        p_value: two-sided, by the exact sign test over these items or clusters.
    """

    test_set: str
    end: str
    baseline: Count
    candidate: Count
    more_baseline: Count
    more_candidate: Count
    p_value: Probability


class AnswersSection(Section):
    """Who answered and how the answers ended, by arm: models and systems as their servers name
    them, finish reasons, failures, empty answers.

    Attributes:
        alpha: level of the differences that are named, all of them together (Bonferroni).
    """

    title: ClassVar[str] = "Who answered, and how answers ended"
    method: ClassVar[str] = "answers"
    order: ClassVar[int] = 40

    model_changes: ModelChangeUse
    most_unanswered: UnansweredShare
    failures: FailureUse
    alpha: float = Field(gt=0, lt=1)
    test_sets: tuple[AnswersRow, ...]
    differences: tuple[AnswerDifference, ...]

    def derive_status(self, arms: Arms) -> Status:
        if answer_flaws(self, arms):
            return Status.FAIL
        return Status.OPEN if answer_cautions(self, arms) else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        """What is counted, then what follows from it."""
        yield from _count_sentences(self, arms)
        for sentence in (*answer_flaws(self, arms), *answer_cautions(self, arms)):
            yield f"{sentence}."
        for name, systems in _pool(self, arms, "fingerprints"):
            if len(systems) > 1:
                yield (
                    f"{name} was answered by {len(systems)} systems: {_list_counts(systems)}. "
                    "They are counted, and no flaw: services on the web change their systems as "
                    "they like."
                )

    def without_results(self) -> Self:
        """All of it: how answers ended is no result."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Counts are possible, flaws make the evidence invalid, and the rule is the policy's."""
        section = record.answers
        if section is None:
            return
        for i, row in enumerate(section.differences):
            due = two_sided_sign_test(row.more_baseline, row.more_candidate)
            if abs(row.p_value - due) > 1e-9:
                path = f"{at}answers.differences[{i}].p_value"
                yield Discrepancy(path, row.p_value, due, "it is what the items give")
        for i, answered in enumerate(section.test_sets):
            for arm, side in (("baseline", answered.baseline), ("candidate", answered.candidate)):
                for name in ("finish_reasons", "models", "fingerprints"):
                    total = sum(getattr(side, name).values())
                    if total > side.answers:
                        path = f"{at}answers.test_sets[{i}].{arm}.{name}"
                        yield Discrepancy(path, total, side.answers, "there are no more answers")
        for flaw in answer_flaws(section, record.arms):
            if flaw not in record.invalid:
                rule = "what the record says of its answers makes the evidence invalid"
                yield Discrepancy(f"{at}invalid", None, flaw, rule)
        for name in ("model_changes", "most_unanswered", "failures"):
            demanded, written = (
                record.policy.get(name, default_of(Rule, name)),
                getattr(section, name),
            )
            if demanded != written:
                yield Discrepancy(f"{at}answers.{name}", written, demanded, POLICY_ASKS)


@dataclass(slots=True)
class AnswerTally:
    """One arm's answers to a test set, counted.

    Attributes:
        ends: by how answers ended ("cut", "withheld", "failed", "empty", another word), by item's
            key, how many; what ended by itself isn't there.
    """

    answers: int = 0
    finish_reasons: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    fingerprints: Counter[str] = field(default_factory=Counter)
    ends: dict[str, Counter[str]] = field(default_factory=dict)

    def count(
        self, answers: int, *, finish_reason: str = "", model: str = "", fingerprint: str = ""
    ) -> None:
        """Count so many answers, whatever their items, by what the server reported."""
        self.answers += answers
        for name, names in (
            (finish_reason, self.finish_reasons),
            (model, self.models),
            (fingerprint, self.fingerprints),
        ):
            if name:
                names[name] += answers

    def add_end(self, end: str, key: str) -> None:
        """Count an answer to an item that ended so; "" (by itself) isn't counted."""
        if end:
            self.ends.setdefault(end, Counter())[key] += 1

    def counts(self) -> ArmAnswers:
        return ArmAnswers(
            answers=self.answers,
            failed=self.ends.get("failed", Counter()).total(),
            empty=self.ends.get("empty", Counter()).total(),
            finish_reasons=_most_frequent(self.finish_reasons),
            models=_most_frequent(self.models),
            fingerprints=_most_frequent(self.fingerprints),
        )


@dataclass(frozen=True, slots=True)
class AnsweredTestSet:
    """Both arms' answers to a test set's items.

    Attributes:
        clusters: by item's key, the cluster that it belongs to, where it does.
        same: the two arms are one here, so that nothing can differ.
    """

    test_set: str
    items: int
    baseline: AnswerTally
    candidate: AnswerTally
    clusters: Mapping[str, str] = field(default_factory=dict)
    same: bool = False


def is_empty(text: str, tool_calls: object, references: Sequence[object] = ()) -> bool:
    """Whether an answer shows nothing and calls no tool although something was due."""
    blank = not text or UNSEEN.fullmatch(text) is not None
    due = not any(isinstance(each, str) and not each.strip() for each in references)
    return blank and not tool_calls and due


def answers_section(
    answered: Sequence[AnsweredTestSet],
    *,
    model_changes: ModelChangeUse,
    most_unanswered: float,
    failures: FailureUse,
) -> AnswersSection | None:
    """The record's `answers`; None where nothing is known about any answer."""
    with_answers = [each for each in answered if each.baseline.answers and each.candidate.answers]
    if not with_answers:
        return None
    return AnswersSection(
        model_changes=model_changes,
        most_unanswered=most_unanswered,
        failures=failures,
        alpha=ALPHA,
        test_sets=tuple(
            AnswersRow(
                test_set=test_set.test_set,
                items=test_set.items,
                baseline=test_set.baseline.counts(),
                candidate=test_set.candidate.counts(),
            )
            for test_set in with_answers
        ),
        differences=tuple(
            row for each in with_answers if not each.same for row in _differences(each)
        ),
    )


def _differences(answered: AnsweredTestSet) -> Iterator[AnswerDifference]:
    base, tuned = answered.baseline.ends, answered.candidate.ends
    for end in sorted(base.keys() | tuned.keys())[:MOST_NAMES]:
        more: Counter[str] = Counter()
        for sign, ends in ((-1, base), (1, tuned)):
            for key, count in ends.get(end, Counter()).items():
                cluster = answered.clusters.get(key)
                more[f"c {cluster}" if cluster else f"i {key}"] += sign * count
        of_base, of_tuned = (sum(sign * each > 0 for each in more.values()) for sign in (-1, 1))
        yield AnswerDifference(
            test_set=answered.test_set,
            end=end,
            baseline=base.get(end, Counter()).total(),
            candidate=tuned.get(end, Counter()).total(),
            more_baseline=of_base,
            more_candidate=of_tuned,
            p_value=two_sided_sign_test(of_base, of_tuned),
        )


def answer_flaws(section: AnswersSection | None, arms: Arms) -> list[str]:
    """Why the answers are no valid evidence, a sentence each."""
    if section is None:
        return []
    changes = _changes(section, arms) if section.model_changes == "invalid" else []
    return [*changes, *_silent(section, arms)]


def answer_cautions(section: AnswersSection | None, arms: Arms) -> list[str]:
    """Cautions on the answers, a sentence each."""
    if section is None:
        return []
    changes = _changes(section, arms) if section.model_changes == "report" else []
    return [*changes, *(_difference(each, section, arms) for each in _visible_differences(section))]


def _changes(section: AnswersSection, arms: Arms) -> list[str]:
    return [
        f"{name} was answered by {len(models)} models, as their server names them: "
        f"{_list_counts(models)}: what stands behind its address changed while it was asked, so "
        "that it isn't one arm"
        for name, models in _pool(section, arms, "models")
        if len(models) > 1
    ]


def _silent(section: AnswersSection, arms: Arms) -> Iterator[str]:
    """Flaws of arms with more empty answers than the policy allows."""
    for row in section.test_sets:
        for name, answers in zip(_names(arms), _both(row), strict=True):
            # where failures are invalid, or all failed, they are told by themselves
            told_apart = section.failures == "invalid" or answers.failed == answers.answers
            failed = 0 if told_apart else answers.failed
            if answers.empty + failed <= section.most_unanswered * answers.answers:
                continue
            what = [f"{answers.empty:,} are empty"] if answers.empty else []
            what += [f"{failed:,} failed"] if failed else []
            yield (
                f"{name} says nothing to most of {row.test_set}: of "
                f"{count_text(answers.answers, 'answer')} {' and '.join(what)}, more than "
                f"{section.most_unanswered:.0%}, so that it wasn't measured. Look at its weights, "
                "its chat template and max_tokens; or say `most_unanswered: 1` in the policy, if "
                "that is how it answers"
            )


def _visible_differences(section: AnswersSection) -> list[AnswerDifference]:
    """The differences that the record's sentences mention."""
    share = section.alpha / max(1, len(section.differences))
    return [each for each in section.differences if each.p_value <= share]


_ENDS = {
    "cut": "were cut off at the most tokens (max_tokens)",
    "withheld": "were withheld or cut by a filter of contents",
    "failed": "failed",
    "empty": "are empty",
}


def _difference(difference: AnswerDifference, section: AnswersSection, arms: Arms) -> str:
    row = next(each for each in section.test_sets if each.test_set == difference.test_set)
    base, tuned = _names(arms)
    end = _ENDS.get(difference.end, f"ended by {difference.end!r}")
    return (
        f"The arms’ answers to {difference.test_set} ended differently: {difference.candidate:,} "
        f"of {row.candidate.answers:,} of {tuned} and {difference.baseline:,} of "
        f"{row.baseline.answers:,} of {base} {end} (exact sign test, p = {difference.p_value:.2g})"
    )


def _count_sentences(section: AnswersSection, arms: Arms) -> Iterator[str]:
    """A sentence an arm, over all test sets; one for both where nothing is known of any answer."""
    sides = [[_both(row)[at] for row in section.test_sets] for at in (0, 1)]
    if not any(each.finish_reasons or each.models for side in sides for each in side):
        yield "The answers came without the reason why they ended and without their model's name."
    for (name, reasons), side in zip(_pool(section, arms, "finish_reasons"), sides, strict=True):
        answers, failed, empty = (
            sum(getattr(each, count) for each in side) for count in ("answers", "failed", "empty")
        )
        parts = [f"ended by {_list_counts(reasons)}"] if reasons else []
        parts += [f"{failed:,} failed"] if failed else []
        parts += [f"{empty:,} are empty"] if empty else []
        if parts:
            yield f"{name} gave {count_text(answers, 'answer')}: {'; '.join(parts)}."


def _names(arms: Arms) -> tuple[str, str]:
    return arms.baseline.name, arms.candidate.name


def _both(row: AnswersRow) -> tuple[ArmAnswers, ArmAnswers]:
    return row.baseline, row.candidate


def _pool(
    section: AnswersSection, arms: Arms, field: str
) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Each arm's name, and over all test sets the counts of one field that servers report."""
    for side, name in enumerate(_names(arms)):
        counts: Counter[str] = Counter()
        for row in section.test_sets:
            counts.update(getattr(_both(row)[side], field))
        yield name, counts


def _list_counts(counts: Mapping[str, int]) -> str:
    """Names with their counts as text, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    parts = [f"{name} ({count:,})" for name, count in ordered[:SHOWN]]
    more = len(ordered) - len(parts)
    return ", ".join([*parts, *([f"and {more:,} more"] if more else [])])


def _most_frequent(names: Counter[str]) -> dict[str, int]:
    bounded = dict(sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMES])
    rest = names.total() - sum(bounded.values())
    return bounded | ({OTHERS: rest} if rest else {})
