"""`evalhub user erase` on both databases: no row holds the name, and all evidence stands."""

import json
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.admin.models import CHANGE
from django.contrib.admin.models import LogEntry as AdminEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.accounts.members import invite_member
from evalhub.accounts.models import Membership, Role, User
from evalhub.cli.app import run
from evalhub.io.canonical import digest_of
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision, SignOff
from evalhub.ledger.signoff import sign_off
from reviews.chain.verify import verify
from reviews.models import Campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.judged import judge_all

pytestmark = pytest.mark.django_db

Capture = pytest.CaptureFixture[str]
NAME, ADDRESS = "zebulon", "z.quill@example.org"


@pytest.fixture
def decision(team: Team) -> Decision:
    """What was decided, and what Zebulon, an owner who has judged too, has left everywhere."""
    asked = a_test_set(team, items=30)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    first, second = a_run(base, asked, scores=[0] * 30), a_run(tuned, asked, scores=[1] * 30)
    policy = {"alpha": 0.025, "planned_gain": 0.05}
    study = a_study(team, baseline=base, candidate=tuned, primary=asked, policy=policy)
    judge_all(
        a_review(baseline_run=first, candidate_run=second, items=6, by=team.olga),
        {NAME: lambda position: "candidate", "quentin": lambda position: "tie"},
    )
    invite_member(project=team.project, whom=ADDRESS, role=Role.OWNER, by=team.olga)
    person = User.objects.get(username=NAME)
    person.first_name, person.last_name, person.email = "Zebulon", "Quill", ADDRESS
    person.set_password("not the right one")
    person.save()
    Membership.objects.filter(user=person).update(role=Role.OWNER)
    EmailAddress.objects.create(user=person, email=ADDRESS)
    AdminEntry.objects.create(
        user=team.olga,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=NAME,
        action_flag=CHANGE,
    )
    found = decide_study(study=study, by=person)[0]
    sign_off(decision=found, by=person, reason="Read it all.")
    sign_off(decision=found, by=person, reason="Legal said no.", verdict="hold")
    return found


def rows_with(*words: str) -> list[str]:
    """Tables of this database in which any of these words stands, in any column of any row."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            text = str(cursor.fetchall()).lower()
            found += [table for each in words if each.lower() in text]
    return found


def test_no_row_of_any_table_holds_the_name_and_all_evidence_stands(
    team: Team, decision: Decision, tmp_path: Path, capsys: Capture
) -> None:
    client = Client()
    form = {"login": NAME, "password": "wrong"}
    client.post(reverse("accounts:login"), form)
    assert "_auth_user_id" not in client.session
    client.post(reverse("accounts:login"), form | {"password": "not the right one"})
    assert "_auth_user_id" in client.session
    assert {"accounts_user", "django_admin_log"} <= set(rows_with(NAME, "quill"))
    records = list(SignOff.objects.order_by("pk").values())
    assert len(records) == 2

    assert run(["user", "erase", NAME, "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["named_in"] == []
    assert rows_with(NAME, "quill") == []

    assert list(SignOff.objects.order_by("pk").values()) == records
    for signed in SignOff.objects.all():
        assert signed.digest == digest_of(signed.record)
        assert str(signed.by) == told["user"]
    file = tmp_path / "verdict.json"
    file.write_text(json.dumps(Decision.objects.get().record))
    verifying = ["decision", "verify", str(file), "--home", str(settings.HOME), "--json"]
    assert run(verifying) == 0
    states = {each["state"] for each in json.loads(capsys.readouterr().out)["rows"]}
    assert states == {"matches"}
    assert [verify(each).faults for each in Campaign.objects.all()] == [[]]
    history = reverse("site:study", args=[decision.study_id]) + "?tab=history"
    page = team.signed_in(team.olga).get(history)
    assert f"Signed off by <strong>{told['user']}</strong>".lower() in page.content.decode().lower()


def test_who_is_erased_leaves_nobody_who_is_called_alike(team: Team, decision: Decision) -> None:
    """A name that begins with another's: only that one goes."""
    User.objects.create(username="zebulona", email="zebulona@example.org")
    assert run(["user", "erase", NAME, "--yes"]) == 0
    assert User.objects.filter(username="zebulona", is_active=True).exists()
    assert run(["user", "erase", NAME, "--yes"]) == 64
