"""A proposal to train again in words: the same on its page, in the terminal and by REST."""

from collections.abc import Iterator, Sequence

from evalhub.decision.wording import join, money_span, significant, size
from evalhub.declare.cost_sheet import Ends
from evalhub.declare.retraining import AlarmBeside, RetrainEvidence, SliceLoss
from evalhub.features.monitoring.models import RetrainProposal


def proposal_sentences(proposal: RetrainProposal, repair: Sequence[AlarmBeside]) -> Iterator[str]:
    """What was lost, what else is amiss, and what it means a month beside training again."""
    evidence = proposal.evidence
    yield _loss(proposal)
    if repair:
        yield (
            f"The endpoint itself changed or fails ({_subjects(repair)}): repair it first. "
            "Training again is no remedy for that."
        )
    if evidence.slices:
        yield f"Lost most: {join([_slice(row) for row in evidence.slices])}. These are no claims."
    else:
        yield "No slices are watched: nothing says where it is lost."
    if evidence.inputs:
        yield (
            f"What users ask had changed, too ({_subjects(evidence.inputs)}): sample there, and "
            "train on that."
        )
    yield from _costs(evidence)


def _loss(proposal: RetrainProposal) -> str:
    evidence = proposal.evidence
    since = f" since {evidence.since:%-d %b %Y}" if evidence.since else ""
    return (
        f"{proposal.version} is worse{since}: {evidence.metric} by {_with_interval(evidence.loss)} "
        "against its reference."
    )


def _costs(evidence: RetrainEvidence) -> Iterator[str]:
    training, monthly = evidence.training, evidence.monthly
    if monthly is None:
        yield "What it means a month isn't known: no requests of it came in, or it is no share."
    else:
        lost = monthly.answers
        yield (
            f"At {monthly.requests:,.0f} requests a month it means that {_count(lost)} more "
            "answers are lost a month."
        )
    is_known = training.amount is not None and (training.amount.high > 0 or not training.missing)
    if is_known and training.amount is not None:
        without = " or more" if training.missing else ""
        yield (
            f"To train once more costs {money_span(training.amount)} {training.currency}{without}, "
            f"by what the study {training.study} knows of its own."
        )
    if is_known and (worth := evidence.spared) is not None:
        yield (
            f"So it pays within a month if an answer that isn't lost is worth "
            f"{money_span(worth)} {training.currency}{' or more' if training.missing else ''}."
        )
    for reason in training.missing:
        how_much = "isn't all known" if is_known else "isn't known"
        yield f"What training again costs {how_much}: {reason}."


def _slice(row: SliceLoss) -> str:
    return f"{row.kind} {row.value or 'none'} {_with_interval(row.loss)}"


def _with_interval(loss: Ends) -> str:
    ends = " to ".join(_signed(end) for end in (loss.low, loss.high))
    return f"{_signed(loss.value)} ({ends})"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else ''}{size(value)}"


def _count(lost: Ends) -> str:
    return f"{_whole(lost.value)} ({_whole(lost.low)} to {_whole(lost.high)})"


def _whole(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 10 else significant(value, 2)
    return text.replace("-", "−")


def _subjects(rows: Sequence[AlarmBeside]) -> str:
    return join([row.subject for row in rows])
