"""What a decision's record says of production's requests next to its test sets."""

from evalhub.decision.sections.inputs import InputsRow, InputsSection
from evalhub.ledger.study_evidence import StudyEvidence


def inputs_section(evidence: StudyEvidence) -> InputsSection | None:
    """The section; None where no week of production was counted. No query."""
    test_sets = {
        each.test_set_version: each.name
        for each in reversed(evidence.test_sets)
        if not each.form and hasattr(each.test_set_version, "production_shares")
    }
    rows = [
        InputsRow.beside(name, version.production_shares.shares)
        for version, name in reversed(test_sets.items())
    ]
    return InputsSection(test_sets=tuple(rows)) if rows else None
