"""Does a home still have the rows that a decision's record rests on?

Everything is computed anew from the rows: a digest that the database keeps isn't taken for one.
"""

from collections.abc import Iterator
from dataclasses import replace

from evalhub.decision.code import code_digest
from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import RowCheck, Verification, verify
from evalhub.declare.decision import EvidenceRow
from evalhub.declare.verdicts import Verdict
from evalhub.io.identity import scores_digest
from evalhub.ledger.chain.follow import head_at
from evalhub.ledger.chain.homes import ids_of
from evalhub.ledger.claim_content import content_digest
from evalhub.ledger.models import Decision, GuardLook, Ledger, Look, Peek
from evalhub.ledger.scores import item_labels, run_scores
from evalhub.registry.contents import CHUNK, answers_as_they_are, items_as_they_are
from evalhub.registry.models import (
    Metric,
    Redaction,
    Run,
    RunMetric,
    Score,
)
from evalhub.registry.models.redactions import RedactionQuerySet


def verify_at_home(decision: Decision) -> Verification:
    """What becomes of a decision that this home keeps: its record judged anew, held against the
    SHA-256 that was kept with it, and its rows looked at. Reads all of them, and writes nothing."""
    verification = verify(decision.record, digest=decision.digest)
    return replace(verification, rows=rows_at_home(decision.document))


def rows_at_home(record: DecisionRecord) -> list[RowCheck]:
    """A check for the code, for each test set its items and both arms' answers and scores, whether
    the looks that the record says it has paid for stand in this home's ledger, and whether all that
    stood there when it was recorded still does."""
    candidate = record.arms.candidate.name
    checks = [RowCheck(candidate, "", "code", record.code.digest, code_digest())]
    for row in record.evidence:
        for what, recorded, current, redactions in _rows(record, row):
            # what redactions lead to is no difference: what was recorded once stood here
            redacted = current not in (None, recorded) and redactions.lead(recorded, current)
            checks.append(RowCheck(candidate, row.test_set, what, recorded, current, redacted))
    return [*checks, *_looks(record), *_chain(record)]


def _chain(record: DecisionRecord) -> Iterator[RowCheck]:
    """The head that the ledger's rows lead to; none for records from before there was a chain."""
    if (carried := record.ledger_head) is not None:
        head = head_at(carried.links) or "none"
        yield RowCheck(record.arms.candidate.name, "", "ledger's rows", carried.head, head)


def _looks(record: DecisionRecord) -> Iterator[RowCheck]:
    """Checks that the ledger has the looks that the record says it paid for."""
    if not record.registered or record.verdict is Verdict.INVALID or record.live_sums is not None:
        return  # a live experiment reads no test set, and pays for no look
    candidate = record.arms.candidate.name
    ledger = Ledger.objects.first()
    ledger_id = record.ledger.home if record.ledger else "none"
    own = ledger is not None and ledger_id in ids_of(ledger)  # also of before it was restored
    yield RowCheck(candidate, "", "ledger", ledger_id, ledger_id if own else str(ledger or "none"))
    evidence = {row.test_set: row for row in record.evidence}
    for row in record.ledger.test_sets if record.ledger else ():
        numbers = _numbers(evidence[row.test_set], row.claim) if row.test_set in evidence else set()
        if record.study is None and row.claim:  # read from files
            peeks = Peek.objects.filter(claim=row.claim)
            numbers |= set(peeks.values_list("number", flat=True))
        # whose candidate, or guard, was tried before may be judged as a later look than it took
        later = row.elsewhere or not row.counted
        paid = row.number in numbers or (later and any(each <= row.number for each in numbers))
        number = row.number if paid else max(numbers, default=None)
        seen = "no look" if number is None else f"look {number}"
        yield RowCheck(candidate, row.test_set, "look", f"look {row.number}", seen)


def _numbers(row: EvidenceRow, claim: str) -> set[int]:
    """Numbers of the looks at this row's items and answers, or at its claim; looks beside a primary
    included."""
    answers = Look.objects.filter(
        items_digest=row.digest,
        candidate_answers=row.candidate_answers,
        baseline_answers=row.baseline_answers,
    )
    looks = list(answers)
    if not looks and claim:
        looks = [look for look in Look.objects.filter(claim=claim) if _scores_alike(row, look)]
    beside = GuardLook.objects.filter(guard__in=looks).select_related("primary")
    own = {number for look in looks for number in (look.number, look.effective_number)}
    return own | {
        number for each in beside for number in (each.number, each.primary.effective_number)
    }


def _scores_alike(row: EvidenceRow, look: Look) -> bool:
    """Whether the answers that the row names stand here, and score on the same questions as those
    that were looked at, under whatever ids and tags."""
    runs = [_run(row, key) for key in (row.baseline_run, row.candidate_run)]
    digests = [run.answers_digest for run in runs if run is not None]
    metric = _metric(row, runs)
    if metric is None or digests != [row.baseline_answers, row.candidate_answers]:
        return False
    claim_digests = set()
    for pair in (runs, [look.baseline_run, look.candidate_run]):
        stored_runs = [run for run in pair if run is not None]
        items = item_labels(stored_runs[0].test_set_version)
        arms = [run_scores(run, metric, items).arm for run in stored_runs]
        claim_digests.add(content_digest(items, arms[0], arms[1], question={}))
    return len(claim_digests) == 1


def _rows(
    record: DecisionRecord, row: EvidenceRow
) -> Iterator[tuple[str, str, str | None, RedactionQuerySet]]:
    """(what, recorded, current or None, redactions that may explain a difference)."""
    base, tuned = record.arms.baseline.name, record.arms.candidate.name
    arms = (
        (base, row.baseline_run, row.baseline_answers, row.baseline_scores),
        (tuned, row.candidate_run, row.candidate_answers, row.candidate_scores),
    )
    runs = [_run(row, key) for _, key, _, _ in arms]
    version = next((run.test_set_version for run in runs if run is not None), None)
    none = Redaction.objects.none()
    of_items = Redaction.objects.of_version(version) if version else none
    yield "items", row.digest, None if version is None else items_as_they_are(version), of_items
    metric = _metric(row, runs)
    same = None if metric is None else metric.options == row.metric_options
    current = None if same is None else row.metric if same else "other options"
    yield "metric", row.metric, current, none
    for (name, _, answers, scores), run in zip(arms, runs, strict=True):
        of_run = Redaction.objects.of_run(run) if run else none
        yield (
            f"answers of {name}",
            answers,
            None if run is None else answers_as_they_are(run),
            of_run,
        )
        digest = None if run is None or metric is None else _scores(run, metric)
        yield f"scores of {name}", scores, digest, none


def _run(row: EvidenceRow, key: int | None) -> Run | None:
    """The run with this id, unless it is another home's with other answers."""
    if key is None:
        return None
    run = Run.objects.select_related("test_set_version__test_set").filter(pk=key).first()
    return run if run is not None and str(run.test_set_version) == row.version else None


def _metric(row: EvidenceRow, runs: list[Run | None]) -> Metric | None:
    """The runs' metric of this name, with the recorded options if there is one."""
    metrics = Metric.objects.filter(
        pk__in=RunMetric.objects.filter(run__in=[each for each in runs if each]).values("metric"),
        name=row.metric,
    )
    return next((each for each in metrics if each.options == row.metric_options), metrics.first())


def _scores(run: Run, metric: Metric) -> str:
    rows = Score.objects.filter(output__run=run, metric=metric).order_by()
    return scores_digest(
        rows.values_list("output__item__key", "output__sample", "value").iterator(chunk_size=CHUNK)
    )
