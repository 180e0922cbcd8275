"""A decision names the reports of the files that its arms were trained on, and rests on none."""

import pytest

from evalhub.decision.verify import verify
from evalhub.ledger.data_signoff import sign_report
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, Look
from evalhub.registry.models import Study
from evalhub.report.markdown import markdown
from tests.cast import Team, a_run, a_study, a_test_set, a_version, decided
from tests.features.data.reports import FILE, a_kept_report

pytestmark = pytest.mark.django_db


def a_question(team: Team, *, file: str | None = FILE) -> Study:
    """A tuned arm that gains 50 of 200, trained on a file."""
    questions = a_test_set(team, "questions", items=200)
    base = a_version(team, "base")
    tuned = a_version(
        team, "tuned", kind="lora", parent=base, training={"dataset_sha256": file} if file else {}
    )
    a_run(base, questions, scores=[1.0] * 50 + [0.0] * 150)
    a_run(tuned, questions, scores=[1.0] * 100 + [0.0] * 100)
    return a_study(team, baseline=base, candidate=tuned, primary=questions)


def test_a_file_that_was_never_checked_is_named_as_such(team: Team) -> None:
    record = decided(a_question(team)).document
    section = record.training_data
    assert section is not None
    (row,) = section.trained
    assert (row.arm, row.sha256, row.report, row.signed) == ("tuned", FILE, None, None)
    assert "was never checked here (aaaaaaaaaaaa)" in section.sentences[0]
    assert section.status == "open"


def test_a_report_is_named_with_its_findings_and_who_signed_it(team: Team) -> None:
    report = a_kept_report(team, ("serious", "minor"))
    signed = sign_report(report=report, by=team.olga, verdict="accepted", reason="A test key.")
    decision = decided(a_question(team))
    section = decision.document.training_data
    assert section is not None
    (row,) = section.trained
    assert row.report is not None
    assert row.signed is not None
    assert (row.report.digest, row.report.serious, row.report.minor) == (report.digest, 1, 1)
    assert (row.signed.by, row.signed.digest) == (team.olga.pk, signed.digest)
    (sentence,) = section.sentences
    assert sentence.startswith("tuned was trained on train.jsonl, whose report (")
    assert f"has 1 serious finding, 1 minor; signed as accepted on {signed.created:%Y-%m-%d}" in (
        sentence
    )
    assert section.status == "pass"
    assert sentence in markdown(decision.document)


def test_a_rejected_file_fails_the_section_and_changes_no_verdict(team: Team) -> None:
    report = a_kept_report(team)
    sign_report(report=report, by=team.eva, verdict="rejected", reason="Too few.")
    decision = decided(a_question(team))
    assert decision.document.training_data is not None
    assert (decision.document.training_data.status, decision.verdict) == ("fail", "ship")


def test_where_nobody_says_the_file_the_record_has_no_such_section(team: Team) -> None:
    decision = decided(a_question(team, file=None))
    assert "training_data" not in decision.record


def test_deciding_again_names_what_was_checked_since_and_takes_no_look(team: Team) -> None:
    study = a_question(team)
    first = decided(study)
    looks = Look.objects.count()
    assert decided(study) == first
    a_kept_report(team)
    (second,) = decide_study(study=study)
    assert second != first
    assert second.document.training_data.trained[0].report is not None  # type: ignore[union-attr]
    assert (Look.objects.count(), Decision.objects.count()) == (looks, 2)
    assert second.content == first.content


def test_a_record_with_the_section_verifies_and_an_altered_one_does_not(team: Team) -> None:
    a_kept_report(team)
    decision = decided(a_question(team))
    assert verify(decision.record, digest=decision.digest).verified
    record = decision.record | {}
    (row,) = record["training_data"]["trained"]
    record["training_data"] = record["training_data"] | {"trained": [row | {"arm": "other"}]}
    assert not verify(record).verified
    without = {name: value for name, value in decision.record.items() if name != "training_data"}
    assert verify(without).verified
