"""Whether an LLM judge may stand in for people, as one document."""

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from evalhub.analysis.labels import ChoiceRow
from evalhub.declare.analysis import JudgeCheckDocument
from evalhub.declare.defaults import JUDGE_FLOOR
from evalhub.declare.verdicts import JudgeVerdict
from evalhub.io.rows import DataError
from evalhub.stats.judge import JudgeCheck, judge_check
from evalhub.stats.sides import Side

INVALID = {
    "too-few-human-labels": "Fewer than 50 items have labels of people and judge: too few to "
    "calibrate it on.",
    "not-a-random-sample": "Nothing says that people labelled a random sample of the judged "
    "items; if they did, give --random-sample.",
    "constant": "People chose the same for every item: nothing to calibrate on.",
}
NOTHING_LEFT = "People labelled every judged item: use their labels, the judge adds nothing."


def judge_check_document(
    human: Sequence[ChoiceRow],
    judge: Sequence[ChoiceRow],
    *,
    random_sample: bool,
    alpha: float,
    floor: float = JUDGE_FLOOR,
    weighted: bool = False,
    clustered: bool = False,
) -> JudgeCheckDocument:
    """A judge's judgments, one an item, against people's.

    Args:
        random_sample: whether people labelled a random sample of what the judge judged.
        alpha: one-sided level of every interval.
        floor: agreement beyond chance that its lower limit must reach.
        weighted: whether the last number of the judge's rows is the item's weight.
        clustered: whether items belong to the clusters of the judge's rows.
    """
    choices: dict[Hashable, list[str]] = {}
    for row in human:
        choices.setdefault(row.unit, []).append(row.choice)
    sides: dict[Hashable, Side] = {each.unit: each.side for each in judge if each.side}
    lengths: dict[Hashable, tuple[float, float]] = {
        judgment.unit: (judgment.numbers[0], judgment.numbers[1])
        for judgment in judge
        if len(judgment.numbers) > 1
    }
    check = judge_check(
        choices,
        {each.unit: each.choice for each in judge},
        random_sample=random_sample,
        candidate_sides=sides or None,
        lengths=lengths or None,
        clusters={each.unit: each.cluster for each in judge} if clustered else None,
        weights={each.unit: each.numbers[-1] for each in judge} if weighted else None,
        alpha=alpha,
    )
    verdict, why = judge_verdict(check, floor)
    return JudgeCheckDocument(
        verdict=verdict,
        why=why,
        floor=floor,
        state=check.state,
        shared=check.shared,
        judged=check.judged,
        labelled=len(choices),
        agreement_state=check.agreement.state,
        raw_agreement=check.agreement.raw_agreement,
        krippendorff_alpha=check.beyond_chance,
        gwet_ac1=check.agreement.gwet_ac1,
        cohen_kappa=check.cohen_kappa,
        people_win_score=check.people_win_score,
        judge_win_score=check.judge_win_score,
        position_bias=check.position,
        length_bias=check.length,
        people_longer=check.people_longer,
        cautions=tuple(_cautions(check)),
        win_score=check.powered,
    )


def _cautions(check: JudgeCheck) -> Iterator[str]:
    """What a reader should know of the judge that its verdict doesn't turn on."""
    length, people = check.length, check.people_longer
    if length is None or length.longer.share is None:
        return
    longer = length.longer
    if longer.lower <= 0.5 <= longer.upper:
        return
    beside = ""
    if people is not None and people.share is not None:
        beside = f", people in {people.share:.1%} of those that they labelled"
    yield (
        f"The judge chose the longer answer in {longer.share:.1%} "
        f"[{longer.lower:.1%}, {longer.upper:.1%}] of {longer.judgments:,} judgments of answers "
        f"of different length{beside}."
    )
    if length.controlled is None:
        yield (
            "Length alone, or the arm alone, decides its choices: what it would prefer at equal "
            "lengths can't be had."
        )


def judge_verdict(check: JudgeCheck, floor: float) -> tuple[JudgeVerdict, str]:
    """The verdict on a judge, and why: its agreement's limits against the floor."""
    if check.state in INVALID:
        return "invalid", INVALID[check.state]
    agreed = check.beyond_chance
    if agreed.value is None or agreed.lower is None or agreed.upper is None:
        return "invalid", INVALID["constant"]
    sentence = (
        f"Its agreement with people beyond chance is {agreed.value:.2f} "
        f"[{agreed.lower:.2f}, {agreed.upper:.2f}]"
    )
    left = f" {NOTHING_LEFT}" if check.state == "nothing-only-judged" else ""
    if agreed.lower >= floor:
        return "usable", f"{sentence}, not below the floor of {floor:g}.{left}"
    if agreed.upper < floor:
        against = " It contradicts people." if agreed.upper < 0 else ""
        return "not-usable", f"{sentence}, below the floor of {floor:g}.{against}"
    return (
        "not-told",
        f"{sentence}: {check.shared:,} labels of both don't tell on which side of the floor of "
        f"{floor:g} it lies. More labels of people would.{left}",
    )


def check_judged_once(judgments: Sequence[ChoiceRow], file: Path, unit: str) -> None:
    """Raises DataError for a second judgment of one item: a judge has one row an item."""
    lines: dict[str, int] = {}
    for judgment in judgments:
        line = lines.setdefault(judgment.unit, judgment.line)
        if line != judgment.line:
            raise DataError(
                f"{judgment.unit!r} was judged on line {line} already; a judge has one row an item "
                "(`evalhub preference --side` looks at swapped repeats)",
                file=str(file),
                line=judgment.line,
                field=unit,
            )
