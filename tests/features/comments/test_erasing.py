"""Erasing a person, and redacting an item, reach comments as they reach other texts."""

import json

import pytest

from evalhub.cli.app import run
from evalhub.features.comments.commenting import write_comment
from evalhub.features.comments.models import Comment, Subject
from evalhub.features.decision_links.models import DecisionLink
from evalhub.features.decision_links.sharing import share_decision
from evalhub.features.erasure.redact import redact_rows
from evalhub.features.saved_views.models import SavedView
from evalhub.features.saved_views.saving import save_view
from evalhub.features.table import REDACTORS
from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Item
from evalhub.registry.redaction import REDACTED
from tests.cast import Team
from tests.site.cases import a_measured_study

Capture = pytest.CaptureFixture[str]


def test_a_redacted_items_comments_lose_their_texts(team: Team) -> None:
    a_measured_study(team)
    item, other = Item.objects.filter(version__test_set__slug="triage-task")[:2]
    for each in (item, other):
        write_comment(subject=Subject(team.project, item=each), by=team.eva, text="It says Ann.")
    redact_rows(
        project=team.project,
        test_set="triage-task",
        item=item.key,
        reason="a name",
        by=team.olga,
        redactors=REDACTORS,
    )
    texts = dict(Comment.objects.values_list("item__key", "text"))
    assert texts == {item.key: REDACTED, other.key: "It says Ann."}


@pytest.mark.django_db(transaction=True)
def test_an_erased_person_leaves_no_comment_view_or_link_and_no_name_in_others(
    team: Team, capsys: Capture
) -> None:
    decision = decide_study(study=a_measured_study(team))[0]
    subject = Subject(team.project, decision=decision)
    write_comment(subject=subject, by=team.olga, text="Mine.")
    write_comment(subject=subject, by=team.eva, text="@Olga olga@example.org: evolgas, @olgas?")
    save_view(by=team.olga, path="/studies/", query="verdict=hold", name="Held")
    share_decision(decision=decision, by=team.olga)
    team.project.memberships.filter(user=team.eva).update(role="owner")
    capsys.readouterr()
    assert run(["user", "erase", "olga", "--yes", "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["taken"]
    assert counts["comments"] == counts["saved views"] == counts["links to decisions"] == 1
    assert counts["comments naming them"] == 1
    assert [each.text for each in Comment.objects.all()] == ["[erased] [erased]: evolgas, @olgas?"]
    assert not SavedView.objects.exists()
    assert not DecisionLink.objects.current().exists()
