"""A person stands by a decision, or overrides it."""

import pytest

from evalhub.cli.app import run
from evalhub.io.canonical import digest_of
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, SignOff
from evalhub.ledger.signoff import SignOffError, SupersededError, sign_off
from evalhub.registry.models import Score
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def decision(team: Team) -> Decision:
    """The tuned arm gains 50 of 200 and ships."""
    questions = a_test_set(team, "questions", items=200)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    a_run(base, questions, scores=[1.0] * 50 + [0.0] * 150)
    a_run(tuned, questions, scores=[1.0] * 100 + [0.0] * 100)
    policy = {"alpha": 0.025, "planned_gain": 0.05}
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, policy=policy)
    return decide_study(study=study)[0]


def superseded(decision: Decision) -> Decision:
    """What is decided when all that the tuned arm got right turns out wrong."""
    Score.objects.filter(output__run__version__model__slug="tuned").update(value=0)
    return decide_study(study=decision.study)[0]


def test_a_sign_off_is_a_record_of_its_own_that_names_the_decision_by_its_digest(
    team: Team, decision: Decision
) -> None:
    before = Decision.objects.values().get()
    signed = sign_off(decision=decision, by=team.eva, reason=" Read it all. ")
    assert (signed.action, signed.verdict, signed.reason) == ("signed-off", "ship", "Read it all.")
    record = signed.record
    assert record["schema"] == "evalhub.sign-off/2"
    assert (record["by"], record["reason"]) == (team.eva.pk, "Read it all.")
    assert record["created"] == signed.created.isoformat()
    assert record["decision"] == {
        "id": decision.pk,
        "digest": decision.digest,
        "verdict": "ship",
        "arm": "tuned",
        "project": "support-desk",
        "study": "shall-we-ship",
    }
    assert signed.digest == digest_of(record)
    assert Decision.objects.values().get() == before


def test_an_override_says_what_holds_instead(team: Team, decision: Decision) -> None:
    signed = sign_off(decision=decision, by=team.olga, verdict="hold", reason="Legal said no.")
    assert (signed.action, signed.verdict) == ("overridden", "hold")
    decision.refresh_from_db()
    assert decision.verdict == "ship"


def test_to_override_with_the_same_verdict_is_to_sign_off(team: Team, decision: Decision) -> None:
    signed = sign_off(decision=decision, by=team.olga, verdict="ship", reason="Yes.")
    assert signed.action == "signed-off"


def test_signing_the_same_again_is_the_sign_off_that_is_there(
    team: Team, decision: Decision
) -> None:
    first = sign_off(decision=decision, by=team.olga, reason="Yes.")
    assert sign_off(decision=decision, by=team.olga, reason="Yes.") == first
    sign_off(decision=decision, by=team.olga, verdict="hold", reason="On second thoughts.")
    sign_off(decision=decision, by=team.olga, reason="Yes.")
    verdicts = [each.verdict for each in decision.sign_offs.all()]
    assert verdicts == ["ship", "hold", "ship"]


def test_another_verdict_than_there_is_is_refused(team: Team, decision: Decision) -> None:
    with pytest.raises(SignOffError, match="'maybe' isn't a verdict: one of ship,"):
        sign_off(decision=decision, by=team.olga, reason="Yes.", verdict="maybe")


def test_new_evidence_leaves_the_sign_off_where_it_was(team: Team, decision: Decision) -> None:
    signed = sign_off(decision=decision, by=team.olga, reason="Yes.")
    newer = superseded(decision)
    assert newer != decision
    assert list(decision.sign_offs.all()) == [signed]
    assert not newer.sign_offs.exists()


def test_a_superseded_decision_is_not_signed_any_more(team: Team, decision: Decision) -> None:
    newer = superseded(decision)
    with pytest.raises(SupersededError, match=f"decision {newer.pk} .hold. is the one to sign"):
        sign_off(decision=decision, by=team.olga, reason="Yes.")


def test_the_command_signs_and_prints_the_digest(
    team: Team, decision: Decision, capsys: Capture
) -> None:
    signing = ["decision", "sign", str(decision.pk), "--by", "olga", "--reason", "Seen."]
    assert run([*signing, "--override", "hold"]) == 0
    signed = SignOff.objects.get()
    assert capsys.readouterr().out.splitlines() == [
        "overridden: tuned: ship → hold, by olga",
        "  Seen.",
        f"  SHA-256 {signed.digest}",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["0", "--by", "olga", "--reason", "x"], "there is no decision 0"),
        (["{id}", "--by", "nobody", "--reason", "x"], "there is no user 'nobody'"),
        (["{id}", "--by", "rui", "--reason", "x"], "rui is neither owner nor evaluator"),
        (["{id}", "--by", "olga", "--reason", ""], "give a reason"),
        (["{id}", "--by", "olga"], "Missing option '--reason'"),
    ],
)
def test_the_command_says_what_is_wrong(
    team: Team, decision: Decision, capsys: Capture, arguments: list[str], said: str
) -> None:
    asked = [each.format(id=decision.pk) for each in arguments]
    assert run(["decision", "sign", *asked]) == 64
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert SignOff.objects.count() == 0
