"""`evalhub decide`: a policy applied to scores in files, no server."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.file_ledger import LedgerAt
from evalhub.frames.command.option_groups import with_option_groups
from evalhub.frames.command.options import AcceptPolicyChange, reason_of
from evalhub.frames.command.verbs import Printed, file_command

if TYPE_CHECKING:
    from evalhub.decision.preference_evidence import Judgments
    from evalhub.declare.evidence import JudgmentRows


@file_command
@with_option_groups
def decide(
    policy: Annotated[Path, typer.Argument(help="What must hold: YAML or JSON, evalhub.policy/1.")],
    evidence: Annotated[
        Path,
        typer.Option(
            help="Scores: a document evalhub.evidence/1 (YAML, JSON), or rows of the arms "
            "baseline and candidate (JSONL, CSV, Parquet; not .json)."
        ),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Also write the decision record: FILE.json")
    ] = None,
    accept_policy_change: AcceptPolicyChange = None,
    ledger_at: LedgerAt,
) -> Printed:
    """Judge a candidate by a policy, from files of scores alone."""
    from evalhub.decision.caveats import with_more_caveats
    from evalhub.decision.policy import read_policy
    from evalhub.decision.sections.policy_since import policy_caveats
    from evalhub.frames.command import printing
    from evalhub.frames.command.outputs import check_output, write_json
    from evalhub.studies.files.decide import decide_scores
    from evalhub.studies.files.evidence import read_scores, read_source

    reason = reason_of(accept_policy_change)
    ledger_at.check()
    declared_policy = read_policy(policy)
    source = read_source(evidence)
    judged = source.judgments
    rows = [*source.scores, *([source.path.parent / judged.file] if judged else [])]
    check_output(out, option="--out", inputs=[policy, evidence, *rows])
    scores = read_scores(source)
    record = decide_scores(
        declared_policy,
        scores,
        None if judged is None else _judgments(source.path.parent / judged.file, judged),
        judged=None if judged is None else judged.test_set,
        ledger=ledger_at.ledger(),
    )
    record = with_more_caveats(
        record, policy_caveats(None, alpha=declared_policy.alpha, accepted=reason)
    )
    if out is not None:
        write_json(out, record.as_json(), option="--out")
    show = partial(printing.print_record, record)
    return Printed(record, show=show, code=record.verdict.exit_code)


def _judgments(path: Path, source: "JudgmentRows") -> "Judgments":
    from evalhub.analysis.labels import read_judgments
    from evalhub.decision.preference_evidence import Judgments

    judgments, _ = read_judgments(
        path,
        unit=source.item,
        rater=source.reviewer,
        choice=source.choice,
        side=source.side,
    )
    return Judgments(
        choices=[each.choice for each in judgments],
        items=[each.unit for each in judgments],
        raters=[each.rater for each in judgments],
        planned=len(judgments) if source.planned is None else source.planned,
    )
