"""Labels that look wrong, in a sample: by confident learning or by neighbours that disagree. Pure.

With the extra `labels`: confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70:1373; the
library cleanlab) on probabilities of rows that the classifier didn't learn from. Without it: the
ten nearest texts by tf-idf speak for another label.

Both find what a simple reader of words finds odd. Each is a suspicion: people look, nothing is
dropped by itself.
"""

import importlib.util
import random
from collections.abc import Iterator, Sequence

from evalhub.decision.wording import count_text, percent
from evalhub.declare.data_report import DataFinding, Measure, Unchecked
from evalhub.extras import how_to_install
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.checks.confident_learning import confident_suspects
from evalhub.features.data.checks.label_list import place_text
from evalhub.features.data.checks.labelled_texts import FEWEST_ROWS, LabelledTexts, labelled_texts
from evalhub.features.data.checks.near_prompts import groups_of_copies, near_pairs
from evalhub.features.data.checks.suspects import LabelSuspects, neighbour_suspects
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import normal_form, words_of
from evalhub.stats.intervals import clopper_pearson
from evalhub.stats.tf_idf import tf_idf

NAME = "suspect-labels"
NEAR_NAME = "near-contradictions"
MOST_ROWS = 20_000
"""Rows at random, of the sample: the time of the neighbours grows with their square."""
_CLASSIFIER = "a logistic regression on tf-idf of words and pairs of words"


def find_suspects(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Rows of classification-like data whose labels look wrong."""
    if len(rows) > MOST_ROWS:
        chosen = random.Random(settings.options.seed).sample(range(len(rows)), MOST_ROWS)
        rows = [rows[index] for index in sorted(chosen)]
    findings: list[DataFinding] = []
    measures: list[Measure] = []
    unchecked: list[Unchecked] = []
    with_extra = settings.extras and _is_installed()
    any_place = False
    for texts in labelled_texts(rows):
        any_place = True
        method, suspects = _suspects(texts, settings.options.seed, with_extra=with_extra)
        measures.append(_accuracy(texts, suspects, method))
        if _tells_labels(suspects, texts.largest_share):
            if suspects.suspects:
                findings.append(_finding(texts, suspects, method))
        else:
            reason = (
                f"The words of the texts don't tell {place_text(texts.place)} apart "
                f"({percent(suspects.accuracy)} right, the most frequent label has "
                f"{percent(texts.largest_share)}): no suspicion can rest on them."
            )
            unchecked.append(_unchecked(reason))
    if not any_place:
        unchecked.append(
            _unchecked(f"No label stands in {FEWEST_ROWS} rows or more: read the random audit.")
        )
    elif settings.extras and not with_extra:
        unchecked.append(
            _unchecked(
                "Confident learning wasn't made, neighbours alone were asked: its libraries are "
                f"missing ({how_to_install('labels')})."
            )
        )
    return CheckResult(findings=findings, measures=measures, unchecked=unchecked)


def _is_installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("cleanlab", "sklearn"))


def _suspects(texts: LabelledTexts, seed: int, *, with_extra: bool) -> tuple[str, LabelSuspects]:
    """What the method is called in a sentence, and what it suspects."""
    prompts = [row.prompt for row in texts.rows]
    matrix = tf_idf([words_of(prompt) for prompt in prompts])
    if with_extra:
        groups = groups_of_copies([normal_form(prompt) for prompt in prompts])
        suspects = confident_suspects(matrix, texts.labels, groups, seed=seed)
        if suspects is not None:
            return f"confident learning with {_CLASSIFIER}", suspects
    return "the ten nearest texts by tf-idf", neighbour_suspects(matrix, texts.labels)


def _tells_labels(suspects: LabelSuspects, largest_share: float) -> bool:
    """Whether labels are foretold better than by always naming the most frequent one."""
    if not suspects.read:
        return False
    right = round(suspects.accuracy * suspects.read)
    return clopper_pearson(right, suspects.read)[0] > largest_share


def _accuracy(texts: LabelledTexts, suspects: LabelSuspects, method: str) -> Measure:
    right = round(suspects.accuracy * suspects.read)
    lower, upper = clopper_pearson(right, suspects.read) if suspects.read else (None, None)
    return Measure(
        check=NAME,
        topic="accuracy",
        name=f"labels foretold in {texts.place}",
        label=f"Labels that the words foretell, in {place_text(texts.place)}",
        value=suspects.accuracy if suspects.read else None,
        lower=lower,
        upper=upper,
        note=f"by {method}, of {suspects.read:,} rows; {percent(texts.largest_share)} have the "
        f"most frequent label; {texts.left_out:,} rows of rarer labels are left out",
    )


def _finding(texts: LabelledTexts, suspects: LabelSuspects, method: str) -> DataFinding:
    concerned = ConcernedRows()
    for suspect in suspects.suspects:
        row = texts.rows[suspect.row]
        concerned.add(
            row,
            f"{on_one_line(texts.labels[suspect.row])}, probably {on_one_line(suspect.probable)} "
            f"({percent(suspect.sureness)}): {on_one_line(row.prompt, 160)}",
        )
    return concerned.finding(
        check=NAME,
        topic="accuracy",
        weight="important",
        title=f"{count_text(concerned.count, 'label')} of {len(texts.rows):,} "
        f"{'looks' if concerned.count == 1 else 'look'} wrong, in {place_text(texts.place)}",
        meaning=f"By {method}, {percent(suspects.accuracy)} of the labels are as expected; these "
        "aren't. Some of them are right and only unusual.",
        advice="Let people look at each without seeing the label that it has; correct what is "
        "wrong. Don't drop these rows: hard examples are among them.",
        to_people=True,
    )


def _unchecked(reason: str) -> Unchecked:
    return Unchecked(check=NAME, topic="accuracy", reason=reason)


def find_near_contradictions(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Near-copies of a prompt that have different labels."""
    return CheckResult(findings=[*_near_contradictions(rows)])


def _near_contradictions(rows: Sequence[TrainingRow]) -> Iterator[DataFinding]:
    for texts in labelled_texts(rows):
        prompts = [normal_form(row.prompt) for row in texts.rows]
        concerned = ConcernedRows()
        seen: set[int] = set()
        for first, second, similarity in near_pairs(prompts):
            labels = texts.labels[first], texts.labels[second]
            if labels[0] == labels[1] or prompts[first] == prompts[second] or second in seen:
                continue
            seen.add(second)
            row, other = texts.rows[second], texts.rows[first]
            concerned.add(
                row,
                f"{on_one_line(labels[1])}, the other one {on_one_line(labels[0])} "
                f"({percent(similarity)} the same): {on_one_line(row.prompt, 160)}",
                beside=other.line,
            )
        if concerned.count:
            yield concerned.finding(
                check=NEAR_NAME,
                topic="consistency",
                weight="important",
                title=f"{count_text(concerned.count, 'near-copy', 'near-copies')} of another "
                f"prompt with another label, in {place_text(texts.place)}",
                meaning="Nearly the same question has two labels. A word such as “not” may be "
                "the reason; if none is, one of the labels is wrong.",
                advice="Let people look at both rows of each pair together.",
                to_people=True,
            )


CHECKS = (
    DataCheck(name=NAME, topic="accuracy", on_sample=find_suspects),
    DataCheck(name=NEAR_NAME, topic="consistency", on_sample=find_near_contradictions),
)
