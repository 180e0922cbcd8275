"""Slices are corrected for how many were looked at."""

import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.decision.verify import verify
from evalhub.declare.declaration import DeclarationError
from evalhub.ledger.decide import decide_study
from evalhub.report.decision_page import decision_page
from evalhub.report.slices import slices_of
from evalhub.stats.multiplicity import holm
from tests.cast import Team
from tests.site.cases import a_measured_study


@pytest.fixture
def record(team: Team) -> DecisionRecord:
    study = a_measured_study(team, items=40, tags=4)
    decide_study(study=study)
    return study.decisions.get(arm="triage-lora").document


def test_the_sentence_says_how_many_and_what_chance_alone_would_show(
    record: DecisionRecord,
) -> None:
    found = slices_of(record)
    assert found.sentence.startswith(
        "8 slices were looked at. Each interval is by itself, at 95%: were nothing different "
        "anywhere, about 0.4 of 8 would leave out 0 by chance; "
    )
    assert "After Holm’s correction for all 8, at 5%:" in found.sentence


def test_each_slice_has_its_p_value_after_holms_correction(record: DecisionRecord) -> None:
    rows = [row for _, of in decision_page(record).breakdown for row in of]
    due = holm([row.values.p_value for row in rows if row.values.p_value is not None])
    assert [row.adjusted for row in rows] == pytest.approx(list(due))
    assert any(row.adjusted > row.values.p_value for row in rows if row.adjusted is not None)


def test_what_stands_out_is_named(record: DecisionRecord) -> None:
    rows = [each.model_copy(update={"p_value": 0.5}) for each in record.breakdown]
    rows[2] = rows[2].model_copy(update={"p_value": 0.006})
    found = slices_of(record.model_copy(update={"breakdown": tuple(rows)}))
    assert found.sentence.endswith(f" 5%: {rows[2].tag} ({rows[2].test_set}).")
    rows[2] = rows[2].model_copy(update={"p_value": 0.007})
    found = slices_of(record.model_copy(update={"breakdown": tuple(rows)}))
    assert found.sentence.endswith(" 5%: none."), "8 · .007 is above .05"


def test_a_record_whose_slices_have_no_p_values_is_refused(record: DecisionRecord) -> None:
    document = record.as_json()
    assert verify(document).differences == []
    del document["breakdown"][0]["p_value"]
    with pytest.raises(DeclarationError) as raised:
        verify(document)
    assert raised.value.field == "breakdown[0].p_value"
