"""Which items changed between two arms, the worst first, as a pipeline is shown them."""

import pytest

from evalhub.decision.outcomes import Outcome
from evalhub.declare.verdicts import Verdict
from evalhub.ledger.changed_items import worst_flips
from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.site.cases import a_measured_study

pytestmark = pytest.mark.django_db


def test_lost_items_come_first_those_of_failing_criteria_before_all(team: Team) -> None:
    study = a_measured_study(team)
    record = decide_study(study=study)[0].document
    rows = worst_flips(study, record)
    outcomes = [row["outcome"] for row in rows]
    assert outcomes == sorted(outcomes)  # "lost" stands before "won"
    assert outcomes.count("won")
    status = {each.test_set: each.status for each in record.criteria}
    lost = [row["test_set"] for row in rows if row["outcome"] == "lost"]
    assert sorted(lost, key=lambda name: ["fail", "open", "pass"].index(status[name])) == lost


def test_no_more_than_asked_is_read(team: Team) -> None:
    study = a_measured_study(team)
    record = decide_study(study=study)[0].document
    assert len(worst_flips(study, record, {Outcome.WON: 2})) == 2


def test_of_invalid_evidence_nothing_is_shown(team: Team) -> None:
    study = a_measured_study(team)
    record = decide_study(study=study)[0].document
    assert worst_flips(study, record.model_copy(update={"verdict": Verdict.INVALID})) == []
