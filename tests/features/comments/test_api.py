"""Comments by REST and at the command line, by the same verbs."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.features.comments.models import Comment
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item
from reviews.models import Pair
from tests.api.conftest import Program
from tests.cast import Team
from tests.reviews.conftest import a_campaign
from tests.site.cases import a_measured_study

Programs = Callable[..., Program]


@pytest.fixture
def decision(team: Team) -> Decision:
    return decide_study(study=a_measured_study(team))[0]


def test_comments_are_written_listed_and_removed(program: Programs, decision: Decision) -> None:
    caller = program()
    item = Item.objects.filter(version__test_set__slug="triage-task")[0]
    body = {"text": "Why?", "decision": decision.pk, "criterion": 2}
    on_criterion = caller.post("/comments", body)
    assert on_criterion.status_code == 201, on_criterion.content
    on_item = caller.post(
        "/comments", {"text": "Odd.", "test_set": "triage-task", "item": item.key}
    )
    assert on_item.json()["item_digest"] == item.digest
    assert [each["by"] for each in caller.get("/comments").json()["results"]] == ["eva", "eva"]
    found = caller.get("/comments", decision=decision.pk).json()["results"]
    assert [(each["text"], each["criterion"]) for each in found] == [("Why?", 2)]
    found = caller.get("/comments", test_set="triage-task", item=item.key).json()["results"]
    assert [each["text"] for each in found] == ["Odd."]
    at = on_criterion.headers["Location"]
    assert caller.client.get(at).json()["text"] == "Why?"
    assert caller.client.delete(at).status_code == 204
    assert caller.client.get(at).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "Why?"},
        {"text": "", "decision": 1},
        {"text": "Why?", "decision": 1, "item": "q0000", "test_set": "triage-task"},
        {"text": "Why?", "item": "q0000"},
        {"text": "Why?", "item": "q0000", "test_set": "triage-task", "criterion": 1},
        {"text": "Why?", "item": "none", "test_set": "triage-task"},
        {"text": "Why?", "decision": 999_999},
    ],
)
def test_a_comment_is_about_one_thing_that_is_there(
    program: Programs, decision: Decision, body: dict[str, Any]
) -> None:
    assert program().post("/comments", body).status_code == 400
    assert not Comment.objects.exists()


def test_a_program_waits_for_the_seal_too(team: Team, program: Programs) -> None:
    item = Pair.objects.filter(campaign=a_campaign(team, items=6))[0].item
    body = {"text": "Odd.", "test_set": item.version.test_set.slug, "item": item.key}
    refused = program().post("/comments", body)
    assert refused.status_code == 409
    assert "isn’t sealed yet" in refused.json()["detail"]


def test_commands_write_list_and_remove(
    team: Team, decision: Decision, shown: Callable[..., Any]
) -> None:
    of = ["--project", team.project.slug]
    made = shown("comment", "add", "Why?", "--decision", str(decision.pk), "--by", "eva", *of)
    assert (made["text"], made["by"], made["decision"]) == ("Why?", "eva", decision.pk)
    assert shown("comment", "list", *of) == [made]
    assert run(["comment", "remove", str(made["id"]), "--by", "sam", *of]) == 64
    assert shown("comment", "remove", str(made["id"]), "--by", "eva", *of) == made
    assert run(["comment", "remove", str(made["id"]), "--by", "eva", *of]) == 64
