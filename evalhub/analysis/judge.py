"""Whether an LLM judge may stand in for people, as one document."""

from collections.abc import Hashable, Sequence
from pathlib import Path

from evalhub.analysis.labels import ChoiceRow
from evalhub.files.rows import DataError
from evalhub.schemas.analysis import JudgeCheckDocument
from evalhub.stats.judge import judge_check
from evalhub.stats.sides import Side


def judge_check_document(
    human: Sequence[ChoiceRow],
    judge: Sequence[ChoiceRow],
    *,
    random_sample: bool,
    alpha: float,
) -> JudgeCheckDocument:
    """A judge's judgments, one an item, against people's.

    Args:
        random_sample: whether people labelled a random sample of what the judge judged.
        alpha: one-sided level of every interval.
    """
    said: dict[Hashable, list[str]] = {}
    for each in human:
        said.setdefault(each.unit, []).append(each.choice)
    sides: dict[Hashable, Side] = {each.unit: each.side for each in judge if each.side}
    lengths: dict[Hashable, tuple[float, float]] = {
        each.unit: (each.numbers[0], each.numbers[1]) for each in judge if each.numbers
    }
    check = judge_check(
        said,
        {each.unit: each.choice for each in judge},
        random_sample=random_sample,
        candidate_sides=sides or None,
        lengths=lengths or None,
        alpha=alpha,
    )
    return JudgeCheckDocument(
        state=check.state,
        shared=check.shared,
        judged=check.judged,
        labelled=len(said),
        agreement_state=check.agreement.state,
        raw_agreement=check.agreement.raw_agreement,
        krippendorff_alpha=check.agreement.krippendorff_alpha,
        gwet_ac1=check.agreement.gwet_ac1,
        cohen_kappa=check.cohen_kappa,
        people_win_score=check.people_win_score,
        judge_win_score=check.judge_win_score,
        position_bias=check.position,
        length_bias=check.length,
        win_score=check.powered,
    )


def check_judged_once(judgments: Sequence[ChoiceRow], file: Path, unit: str) -> None:
    """Raises DataError for a second judgment of one item: a judge has one row an item."""
    lines: dict[str, int] = {}
    for each in judgments:
        line = lines.setdefault(each.unit, each.line)
        if line != each.line:
            raise DataError(
                f"{each.unit!r} was judged on line {line} already; a judge has one row an item "
                "(`evalhub preference --side` looks at swapped repeats)",
                file=str(file),
                line=each.line,
                field=unit,
            )
