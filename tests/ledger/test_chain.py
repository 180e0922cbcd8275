"""The database keeps looks, decisions and sign-offs as they were written, and a chain tells where
somebody who dropped its triggers has changed them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.features.lifecycle.moves import StageError
from evalhub.features.lifecycle.promotion import PromotionError, promote
from evalhub.io.canonical import digest_of, storable
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.chain.kept import why_not_kept
from evalhub.ledger.chain.links import start
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, GuardLook, Ledger, LedgerLink, Look, SignOff
from evalhub.ledger.signoff import SignOffError, sign_off
from evalhub.registry.models import Run, Score, Study, TestSetVersion
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.tampering import administrator, rewritten

pytestmark = pytest.mark.django_db


def a_study_of(team: Team, slug: str, *, right: int) -> Study:
    """A tuned arm that gets `right` of 200 right, where the baseline has 50, beside one guard."""
    sets = {
        name: a_test_set(team, f"{slug}-{name}", items=200) for name in ("questions", "manners")
    }
    base, tuned = a_version(team, f"{slug}-base"), a_version(team, f"{slug}-tuned")
    for items in sets.values():
        a_run(base, items, scores=[1.0] * 50 + [0.0] * 150)
        a_run(tuned, items, scores=[1.0] * right + [0.0] * (200 - right))
    return a_study(
        team,
        slug=slug,
        baseline=base,
        candidate=tuned,
        primary=sets["questions"],
        guards=[sets["manners"]],
        policy={"alpha": 0.025, "planned_gain": 0.05},
    )


def set_of(study: Study) -> TestSetVersion:
    return study.test_sets.get(role="primary").test_set_version


@pytest.fixture
def held(team: Team) -> Decision:
    """A decision that holds: the tuned arm loses everything."""
    return decide_study(study=a_study_of(team, "first", right=0))[0]


def test_each_is_chained_as_it_is_written_and_the_chain_holds(team: Team, held: Decision) -> None:
    sign_off(decision=held, by=team.eva, reason="Read it.")
    kinds = list(LedgerLink.objects.values_list("place", "kind", "row"))
    looks = list(Look.objects.order_by("pk").values_list("pk", flat=True))
    assert kinds == [
        (1, "reading", looks[0]),
        (2, "reading", looks[1]),
        (3, "guard", GuardLook.objects.get().pk),
        (4, "decision", held.pk),
        (5, "sign-off", SignOff.objects.get().pk),
    ]
    ledger = Ledger.objects.get()
    assert (ledger.links, ledger.head) == (5, LedgerLink.objects.get(place=5).head)
    assert chain_faults() == []


def test_a_record_carries_the_ledger_with_its_own_looks(team: Team, held: Decision) -> None:
    third = LedgerLink.objects.get(place=3)
    home = Ledger.objects.get().name.hex
    assert held.record["ledger_head"] == {"home": home, "links": 3, "head": third.head}
    assert held.digest == digest_of(held.record)
    second = decide_study(study=a_study_of(team, "second", right=100))[0]
    assert second.record["ledger_head"]["links"] == 7


def test_numbers_of_a_record_come_back_as_its_digest_has_them(held: Decision) -> None:
    """jsonb has no -0.0, and spells a float from 1e16 without its exponent."""
    numbers = [-0.0, 0.0, -0.5, 5.0, 1e-300, 5e-324, 1e15, 1e16, -1.5e22, 1.7e308, 10**20]
    record = storable({"verdict": "hold", "numbers": numbers})
    made = Decision.objects.create(
        study=held.study, arm="tuned", record=record, digest=digest_of(record), code_version="1"
    )
    made.refresh_from_db()
    assert digest_of(made.record) == made.digest
    assert made.record["numbers"] == numbers


def test_invalid_evidence_takes_no_look_and_is_chained(team: Team) -> None:
    study = a_study_of(team, "first", right=100)
    run = Run.objects.get(version__model__slug="first-tuned", test_set_version=set_of(study))
    Score.objects.filter(output__run=run).update(value=None, reason="lost")
    decision = decide_study(study=study)[0]
    assert decision.verdict == "invalid"
    home = Ledger.objects.get().name.hex
    assert decision.record["ledger_head"] == {"home": home, "links": 0, "head": start(home)}
    assert (Look.objects.count(), chain_faults()) == (0, [])


def test_deciding_again_on_the_same_is_the_same_however_far_the_ledger_has_come(
    team: Team, held: Decision
) -> None:
    decide_study(study=a_study_of(team, "second", right=100))
    assert decide_study(study=held.study)[0] == held
    assert Decision.objects.count() == 2


@pytest.mark.parametrize("table", ["look", "guardlook", "decision", "signoff", "ledgerlink"])
def test_the_database_refuses_to_change_or_delete_a_row(
    team: Team, held: Decision, table: str
) -> None:
    sign_off(decision=held, by=team.eva, reason="Read it.")
    column = {"ledgerlink": "head", "signoff": "reason", "decision": "arm"}.get(table, "number")
    for statement in (
        f"UPDATE ledger_{table} SET {column} = '1'",
        f"DELETE FROM ledger_{table}",
        *([f"TRUNCATE ledger_{table} CASCADE"] if connection.vendor == "postgresql" else []),
    ):
        if connection.vendor == "postgresql":  # what the test has inserted is to be checked first
            connection.check_constraints()
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert chain_faults() == []


@pytest.mark.parametrize(
    "statement", ["DELETE FROM ledger_ledger", "UPDATE ledger_ledger SET name = 0"]
)
def test_the_ledger_itself_stays(held: Decision, statement: str) -> None:
    if connection.vendor == "postgresql":
        statement = statement.replace("= 0", "= gen_random_uuid()")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["decision", "signoff"])
def test_a_verdict_is_no_column_of_its_own(team: Team, held: Decision, table: str) -> None:
    """Even who has dropped the triggers can't write it: it is what the record says."""
    sign_off(decision=held, by=team.eva, reason="Read it.")
    with pytest.raises(Exception, match="verdict"), administrator() as sql:
        sql(f"UPDATE ledger_{table} SET verdict = 'ship'")


def forged(decision: Decision) -> None:
    """The record says ship, and has a SHA-256 to it."""
    record = decision.record | {"verdict": "ship"}
    rewritten(decision, record=record, digest=digest_of(record))


def without_sha256(decision: Decision) -> None:
    rewritten(decision, record=decision.record | {"verdict": "ship"})


def newer_gone(decision: Decision) -> None:
    """A newer decision on the arm was there, and isn't any more."""
    Score.objects.filter(output__run__version__model__slug="first-tuned").update(value=0.25)
    newer = decide_study(study=decision.study)[0]
    assert newer != decision
    with administrator() as sql:
        assert sql("DELETE FROM ledger_decision WHERE id = %s", newer.pk) == 1


def look_gone(decision: Decision) -> None:
    with administrator() as sql:
        sql("DELETE FROM ledger_guardlook")
        sql("DELETE FROM ledger_look")


def look_renumbered(decision: Decision) -> None:
    rewritten(Look.objects.earliest("pk"), number=7)


def guard_uncharged(decision: Decision) -> None:
    rewritten(GuardLook.objects.get(), number=9)


def end_cut_off(decision: Decision) -> None:
    """All from the second link on, and the ledger's own row set back: as if it had never been."""
    head = LedgerLink.objects.get(place=1).head
    with administrator() as sql:
        sql("DELETE FROM ledger_guardlook")
        sql("DELETE FROM ledger_look WHERE id = (SELECT max(id) FROM ledger_look)")
        sql("DELETE FROM ledger_ledgerlink WHERE place IN (2, 3)")
        sql("UPDATE ledger_ledgerlink SET place = 2 WHERE place = 4")
        sql("UPDATE ledger_ledger SET links = 1, head = %s", head)


def added_past_us(decision: Decision) -> None:
    """A decision that nobody made."""
    record = decision.record | {"verdict": "ship"}
    Decision.objects.create(
        study=decision.study,
        arm=decision.arm,
        record=record,
        digest=digest_of(record),
        code_version="1",
    )


TAMPERED: list[tuple[Callable[[Decision], None], str]] = [
    (forged, "Decision {pk} isn't as it was recorded"),
    (without_sha256, "Decision {pk} says other than what was recorded"),
    (newer_gone, "is gone"),
    (look_gone, "Look {look} is gone"),
    (look_renumbered, "Look {look} isn't as it was recorded"),
    (guard_uncharged, "Look of a guard {guard} isn't as it was recorded"),
    (end_cut_off, "Decision {pk} was recorded after links that are gone"),
    (added_past_us, "isn't in the chain: it was added past Evalhub"),
]


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("tamper", "sentence"), [pytest.param(*each, id=each[0].__name__) for each in TAMPERED]
)
def test_what_was_changed_past_the_triggers_is_named(
    held: Decision, tamper: Callable[[Decision], None], sentence: str
) -> None:
    names = {
        "pk": held.pk,
        "look": Look.objects.earliest("pk").pk,
        "guard": GuardLook.objects.get().pk,
    }
    assert chain_faults() == []
    tamper(held)
    assert sentence.format(**names) in " ".join(chain_faults())


@pytest.mark.heavy
@pytest.mark.parametrize("tamper", [forged, without_sha256, newer_gone, added_past_us])
def test_no_door_acts_on_a_decision_that_was_changed(
    team: Team, olga: Client, held: Decision, tamper: Callable[[Decision], None]
) -> None:
    assert why_not_kept(held) == ""
    tamper(held)
    newest = Decision.objects.filter(study=held.study).newest_first()[0]
    assert newest.verdict == ("hold" if tamper is newer_gone else "ship")
    for verb in (
        lambda: sign_off(decision=newest, by=team.olga, reason="Yes.", verdict="ship"),
        lambda: promote(decision=newest, by=team.olga, reason="Yes."),
    ):
        with pytest.raises((SignOffError, PromotionError, StageError), match="evalhub doctor"):
            verb()
    for page in (
        reverse("site:record", args=[newest.pk]),
        f"{reverse('site:study', args=[held.study_id])}?arm={held.arm}",
    ):
        assert "<strong>This isn’t what was decided.</strong>" in olga.get(page).text


def test_a_file_that_left_the_home_shows_that_its_ledger_was_changed_since(
    held: Decision, tmp_path: Path
) -> None:
    """Whoever writes the whole chain anew has no record that leads to it."""
    from evalhub.ledger.verification import rows_at_home

    def chain() -> str:
        return {row.what: row.state for row in rows_at_home(held.document)}["ledger's rows"]

    assert chain() == "matches"
    look_renumbered(held)
    assert chain() == "differs"


def test_a_record_without_its_ledger_s_head_is_not_verified(
    held: Decision, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {name: value for name, value in held.record.items() if name != "ledger_head"}
    file = tmp_path / "old.json"
    file.write_text(json.dumps(record))
    assert run(["decision", "verify", str(file)]) == 65
    assert "ledger_head is missing: every record has this field" in capsys.readouterr().err
