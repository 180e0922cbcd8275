"""The report of `evalhub compare --report`: one HTML file."""

from pathlib import Path

from evalhub.decision.document import DecisionRecord
from evalhub.frames.command.outputs import whole
from evalhub.frames.command.setup import set_up_templates
from evalhub.studies.files.compare import FileComparison


def write_report(path: Path, record: DecisionRecord, compared: FileComparison) -> None:
    """Writes the report of these files, whole or not at all.

    Raises:
        evalhub.io.rows.DataError: it can't be written.
    """
    set_up_templates()
    from evalhub.report.joint_scores import joint_scores_view
    from evalhub.report.one_file import render_report

    joint = []
    if compared.metric is not None and (parts := compared.parts) is not None:
        arms = (record.arms.baseline.name, record.arms.candidate.name)
        name = record.evidence[0].test_set
        joint = [joint_scores_view(compared.metric, lambda: parts, test_set=name, arms=arms)]
    text = render_report(record, compared.items, joint=joint)
    with whole(path, option="--report") as file:
        file.write_text(text, encoding="utf-8")
