"""Judge evidence from files at the level that a ledger leaves, if one knows the items."""

from collections.abc import Callable, Sequence

from evalhub.decision.charge import Charge
from evalhub.decision.document import DecisionRecord
from evalhub.decision.evidence import Evidence
from evalhub.decision.judge import judge
from evalhub.decision.policy import Policy
from evalhub.ledger.file_claims import FileClaim, FileLedger

type GatherAt = Callable[[Charge, bool], Evidence]
"""The evidence at what a ledger leaves, and whether it counts all of it."""


def judge_files(
    policy: Policy,
    gather: GatherAt,
    claims: Callable[[], Sequence[FileClaim]],
    ledger: FileLedger | None,
    *,
    files: Sequence[str],
) -> DecisionRecord:
    """The decision record on evidence from files.

    Args:
        claims: makes what the ledger may know; the number that they take is kept.
        ledger: None: there is none, and the level is the policy's.
        files: names of the files, for the ledger.

    Raises:
        evalhub.stats.errors.StatisticsError: what no criterion can be measured on.
    """

    def record_at(charge: Charge | None, registered: bool) -> DecisionRecord:
        return judge(gather(charge or Charge(policy.alpha), registered), policy)

    if ledger is None:
        return record_at(None, False)
    return ledger.read(
        claims(),
        record_at,
        counts=policy.ledger,
        alpha=policy.alpha,
        primaries=policy.primaries,
        files=files,
    )
