"""Can examples be told from production's questions, and by which words? A two-sample test.

As many examples as questions are drawn, one of a user, who counts once however much they ask.
Users and contents are units: whoever asked the same, in almost the same words, is one, so that no
copy is in what the classifier learns from and in what is ranked.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.declare.data_report import DataFinding, Measure, ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.represented import (
    LEVEL_OF_CHECK,
    Units,
    asked_rows,
    sources_of,
    unchecked,
    unchecked_reason,
    user_of,
    users_of,
)
from evalhub.features.data.rows.content_groups import Groups, join_contents
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.stats.errors import StatisticsError
from evalhub.stats.two_sample_classifier import TextComparison, UserTexts, compare_texts

NAME = "told-from-production"
MOST_TEXTS = 2_000
"""Of each side."""
WORDS = 20
PERMUTATIONS = 1_999
"""p is then 0.0005 at least, which is below the check's level."""
CLEARLY = 0.7
"""AUC from which on, surely, examples look otherwise than what is asked."""


@dataclass(frozen=True, slots=True)
class _DrawnText:
    text: str
    user: str


def compare_words(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """The AUC of the examples against production's questions, and the words that tell them."""
    asked = asked_rows(rows)
    if reason := unchecked_reason(asked, settings):
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    reference = settings.reference or ()
    rng = np.random.default_rng(settings.options.seed)
    sides = users_of(reference), sources_of(asked)
    # drawing more of one side would leave it more of what is seldom asked
    number = min(MOST_TEXTS, *(side.count for side in sides))
    theirs = [
        _DrawnText(reference[place].text, reference[place].user)
        for place in _draw(sides[0], number, rng)
    ]
    own = [
        _DrawnText(asked[place].prompt, user_of(asked[place]))
        for place in _draw(sides[1], number, rng)
    ]
    try:
        result = compare_texts(
            *_units(theirs, own), seed=settings.options.seed, permutations=PERMUTATIONS, words=WORDS
        )
    except StatisticsError as error:
        reason = f"by different contents, copies as one, {error}"
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    return CheckResult(
        findings=[_finding(result)] if result.p_value <= LEVEL_OF_CHECK else [],
        measures=[_measure(result)],
        tables=[_table(result)] if result.words else [],
    )


def _draw(units: Units, number: int, rng: np.random.Generator) -> list[int]:
    """Places of texts of different units, one at random of each."""
    chosen = set(rng.permutation(units.count)[:number].tolist())
    first: dict[int, int] = {}
    for place in rng.permutation(len(units.of)).tolist():
        unit = int(units.of[place])
        if unit in chosen:
            first.setdefault(unit, place)
    return sorted(first.values())


def _units(
    theirs: Sequence[_DrawnText], own: Sequence[_DrawnText]
) -> tuple[list[UserTexts], list[UserTexts]]:
    """Both sides by units: users and contents."""
    questions = [*theirs, *own]
    groups = Groups(len(questions))
    join_contents([question.text for question in questions], groups)
    first: dict[str, int] = {}
    for place, question in enumerate(questions):
        if question.user:
            groups.join(place, first.setdefault(question.user, place))
    numbers = groups.numbers()
    sides = []
    for places in (range(len(theirs)), range(len(theirs), len(questions))):
        texts: dict[Hashable, list[list[str]]] = {}
        for place in places:
            texts.setdefault(int(numbers[place]), []).append(words_of(questions[place].text))
        sides.append([UserTexts(unit, of_unit) for unit, of_unit in texts.items()])
    return sides[0], sides[1]


def _measure(result: TextComparison) -> Measure:
    units = "{:,} different questions of production and {:,} examples".format(*result.users)
    return Measure(
        check=NAME,
        topic="representativeness",
        name="production_auc",
        label="AUC of examples against production's questions",
        value=result.auc,
        lower=result.lower,
        upper=result.upper,
        note=(
            f"0.5: nothing tells them apart; 1: everything does. p = {result.p_value:.4f} that "
            f"they are alike; {units} were ranked, which the classifier didn't learn from."
        ),
    )


def _finding(result: TextComparison) -> DataFinding:
    more = [word.term for word in result.words if word.weight > 0][:5]
    less = [word.term for word in result.words if word.weight < 0][:5]
    parts = [f"words of examples: {', '.join(more)}"] if more else []
    parts += [f"of production: {', '.join(less)}"] if less else []
    return DataFinding(
        check=NAME,
        topic="representativeness",
        weight="important" if result.lower >= CLEARLY else "minor",
        title=f"examples can be told from production's questions: AUC {result.auc:.2f}",
        meaning=(
            "A classifier ranks an example above a question of production with this chance "
            f"({result.lower:.2f} to {result.upper:.2f}; 0.5 were none)"
            f"{'; ' if parts else ''}{'; '.join(parts)}. What is learnt from questions that nobody "
            "asks may not help with those that people do."
        ),
        advice=(
            "Look at the words: where they are those of a template or a source, rewrite or replace "
            "these rows; where they are topics, the clusters say which lack examples."
        ),
    )


def _table(result: TextComparison) -> ReportTable:
    return ReportTable(
        check=NAME,
        topic="representativeness",
        title="Words that tell examples from production's questions",
        columns=("word", "speaks for", "share of queries", "share of examples"),
        rows=tuple(
            (
                word.term,
                "examples" if word.weight > 0 else "production",
                round(word.reference, 4),
                round(word.recent, 4),
            )
            for word in result.words
        ),
        note="Shares of the ranked questions that have the word.",
    )


CHECK = DataCheck(name=NAME, topic="representativeness", on_sample=compare_words)
