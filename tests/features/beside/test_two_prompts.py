"""Two prompts beside each other: an item asked again, and what is kept of it."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.beside.asking import ItemGoneError, ask_item
from evalhub.features.beside.sides import PromptSide
from evalhub.ledger.models import PromptTrial
from evalhub.registry.development import read_freely
from evalhub.registry.models import Item, ModelVersion, TestSetVersion
from tests.cast import Team, a_run, a_team, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer, http_error, saying

ADDRESS = reverse("site:prompts_beside")
PROMPT = {"system": "Be brief.", "examples": [{"input": "hot", "output": "cold"}]}
HERE = {"type": "openai", "endpoint": "here", "model": "small"}


@pytest.fixture(autouse=True)
def _here(server: OpenAIServer, settings: Any) -> None:
    """An operator's endpoint; asked in one word the model is right."""
    settings.ENDPOINTS = json.dumps({"here": {"url": server.url, "private": True}})
    server.misbehave = lambda prompt, attempt: saying(
        "narrow" if "one word" in prompt else "It is narrow."
    )


def live(team: Team, **fields: Any) -> ModelVersion:
    return a_version(team, "support", backend=HERE, **{"prompt": PROMPT} | fields)


def opposites(team: Team, *, development: bool) -> TestSetVersion:
    rows = [
        {"input": f"The opposite of {word}?", "references": [answer]}
        for word, answer in (("wide", "narrow"), ("tall", "short"))
    ]
    version = a_test_set(team, "opposites", items=rows)
    if development:
        read_freely(version)
    return version


def first(version: TestSetVersion) -> Item:
    return version.items.order_by("position")[0]


def query(item: Item, version: ModelVersion) -> str:
    return f"{ADDRESS}?item={item.pk}&left={version.pk}&right={version.pk}"


def sent(**fields: str) -> dict[str, str]:
    """The form as the page has it, changed."""
    values = {
        f"{slot}_{name}": value
        for slot in ("left", "right")
        for name, value in {
            "system": "Be brief.",
            "template": "{input}",
            "example_1_input": "hot",
            "example_1_output": "cold",
        }.items()
    }
    return values | fields


def text_of(response: Any) -> str:
    return " ".join(response.text.split())


def test_from_a_failing_item_one_click_leads_to_its_prompt(eva: Client, team: Team) -> None:
    version, over = live(team), opposites(team, development=True)
    run = a_run(version, over, scores=[0, 1], answers=["It is narrow.", "short"])
    item = eva.get(reverse("site:run_item", args=[run.pk, "q0000"])).text
    assert f'href="{query(first(over), version).replace("&", "&amp;")}"' in item
    text = text_of(eva.get(query(first(over), version)))
    assert "It is narrow." in text
    assert "Be brief.</textarea>" in text
    assert ">hot</textarea>" in text


def test_a_development_item_is_asked_again_and_scored(
    eva: Client, team: Team, server: OpenAIServer
) -> None:
    version, over = live(team), opposites(team, development=True)
    a_run(version, over, scores=[0, 1], answers=["It is narrow.", "short"])
    edited = sent(ask="1", right_template="In one word: {input}")
    text = text_of(eva.post(query(first(over), version), edited))
    assert len(server.requests) == 1, "the answer of the run is shown again, not asked for"
    assert [each["content"] for each in server.requests[0]["messages"]] == [
        "Be brief.",
        "In one word: hot",
        "cold",
        "In one word: The opposite of wide?",
    ]
    right = text.partition('id="answer-right"')[2]
    assert "narrow" in right
    assert "✓</span> 1.00</span>" in right
    assert "✗</span> 0.00</span>" in text.partition('id="answer-right"')[0]
    assert not PromptTrial.objects.exists()


def test_a_judged_item_is_asked_without_a_score_and_that_is_kept(eva: Client, team: Team) -> None:
    version, over = live(team), opposites(team, development=False)
    a_run(version, over, scores=[0, 1])
    item = first(over)
    assert "the next decision on it says so" in eva.get(query(item, version)).text
    edited = sent(ask="1", right_template="In one word: {input}")
    text = text_of(eva.post(query(item, version), edited))
    assert "noted" in text
    assert "1.00" not in text
    trial = PromptTrial.objects.get()
    assert (trial.item, trial.by, trial.model) == (item, team.eva, "support v1")


def test_two_endpoints_are_compared_before_they_are_registered(
    eva: Client, team: Team, server: OpenAIServer
) -> None:
    over = opposites(team, development=True)
    address = f"{ADDRESS}?test_set={over.pk}&left=endpoint:here&right=endpoint:here"
    assert "1 of 2 in opposites v1" in text_of(eva.get(address))
    both = sent(ask="1", left_model="small", right_model="large")
    eva.post(address, both)
    assert [each["model"] for each in server.requests] == ["small", "large"]
    text = text_of(eva.post(address, sent(ask="1", left_model="small", right_model="")))
    assert "model:" in text
    assert len(server.requests) == 3


def test_examples_are_added_and_left_out_one_by_one(
    eva: Client, team: Team, server: OpenAIServer
) -> None:
    version, over = live(team), opposites(team, development=True)
    address = query(first(over), version)
    text = eva.post(address, sent(add="right")).text
    assert 'name="right_example_2_input"' in text
    assert 'name="left_example_2_input"' not in text
    text = eva.post(address, sent(drop="right_1")).text
    assert 'name="right_example_1_input"' not in text
    assert 'name="left_example_1_input"' in text
    assert server.requests == []


def test_a_prompt_that_cannot_be_used_says_why(eva: Client, team: Team) -> None:
    version, over = live(team), opposites(team, development=False)
    wrong = eva.post(query(first(over), version), sent(ask="1", right_template="no place"))
    assert wrong.status_code == 400
    assert "template: must hold {input}" in wrong.text
    recorded = a_version(team, "files")
    with pytest.raises(Exception, match="no chat endpoint answers for it"):
        ask_item(item=first(over), side=PromptSide.of_version("left", recorded), by=team.eva)
    assert PromptTrial.objects.count() == 1, "the left side was asked; what can't be isn't kept"


def test_a_server_in_error_is_shown_as_such(eva: Client, team: Team, server: OpenAIServer) -> None:
    version, over = live(team), opposites(team, development=True)
    server.misbehave = lambda prompt, attempt: http_error(500)
    text = text_of(eva.post(query(first(over), version), sent(ask="1")))
    assert "No answer: " in text


def test_a_redacted_item_is_not_asked(team: Team, server: OpenAIServer) -> None:
    item = first(opposites(team, development=True))
    item.redacted = item.version.created
    with pytest.raises(ItemGoneError, match="was taken out"):
        ask_item(item=item, side=PromptSide.of_version("left", live(team)), by=team.eva)
    assert server.requests == []


def test_who_does_not_evaluate_in_the_project_asks_nothing(
    team: Team, server: OpenAIServer
) -> None:
    item, side = (
        first(opposites(team, development=False)),
        PromptSide.of_version("left", live(team)),
    )
    for person in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            ask_item(item=item, side=side, by=person)
    assert server.requests == []
    assert not PromptTrial.objects.exists()


def test_another_teams_items_and_versions_are_not_there(eva: Client, team: Team) -> None:
    other = a_team("Other", "other")
    Membership.objects.filter(project=other.project).delete()
    theirs = first(a_test_set(other, "theirs"))
    assert eva.get(query(theirs, live(team))).status_code == 404
    version = live(other)
    assert f'value="{version.pk}"' not in eva.get(ADDRESS).text
    assert team.signed_in(team.rui).post(query(theirs, version), sent(ask="1")).status_code == 403
