"""How the page lays a request and its answers out, over HTTP."""

from typing import Any

from django.test import Client

from reviews.models import Assignment, Campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_page_forms import send
from tests.reviews.pages.test_pages import form, page


def test_answers_can_be_looked_at_in_three_ways(rui: Client, team: Team) -> None:
    said = (["**Yes**, at noon."], ["**Yes**, at ten."])
    campaign = a_campaign(team, items=1, answers=said)
    assert "<strong>Yes</strong>, at " in page(rui, campaign)
    raw = rui.get(f"/reviews/{campaign.pk}/?view=raw").content.decode()
    assert "<pre>**Yes**, at noon.</pre>" in raw
    diff = rui.get(f"/reviews/{campaign.pk}/?view=diff").content.decode()
    assert "<pre>**Yes**, at <mark>noon</mark>.</pre>" in diff
    assert "Words that only one answer has: Left 1, Right 1" in diff


def test_another_way_to_look_is_one_s_own_only(rui: Client, campaign: Campaign, team: Team) -> None:
    token = form(page(rui, campaign))[0].split("/")[-2]
    part = rui.get(f"/reviews/sheet/{token}/?view=diff", headers={"hx-request": "true"})
    assert part.content.decode().startswith('<div id="sheet"')
    for person, status in (("ruth", 404), ("olga", 404), ("sam", 404)):
        theirs = team.signed_in(getattr(team, person)).get(f"/reviews/sheet/{token}/")
        assert theirs.status_code == status
    skip = f"/reviews/skip/{token}/"
    rui.post(skip, form(page(rui, campaign))[1] | {"reason": "It upsets me"})
    assert rui.get(f"/reviews/sheet/{token}/").status_code == 404


def test_the_way_to_look_lasts(rui: Client, campaign: Campaign) -> None:
    html = rui.get(f"/reviews/{campaign.pk}/?view=diff").content.decode()
    response = send(rui, html, {"choice": "left", "view": "diff"})
    assert response["Location"] == f"/reviews/{campaign.pk}/?view=diff"
    html = page(rui, campaign)
    after = send(rui, html, {"choice": "left", "view": "diff"}, hx_request="true")
    assert "What differs is marked." in after.content.decode()


def of_items(team: Team, *items: dict[str, Any]) -> Campaign:
    """A campaign of made-up items with these fields."""
    questions = a_test_set(team, items=items)
    one, two = a_version(team, "one"), a_version(team, "two")
    scores = [1] * len(items)
    return a_review(
        baseline_run=a_run(one, questions, scores=scores, answers=["This."] * len(items)),
        candidate_run=a_run(two, questions, scores=scores, answers=["That."] * len(items)),
        items=len(items),
        reviewers_per_item=1,
        seed=1,
        study=a_study(team, baseline=one, candidate=two, primary=questions),
    )


def test_a_conversation_shows_its_last_message_and_what_was_said_before(
    rui: Client, team: Team
) -> None:
    chat = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "How can I **help**?"},
        {"role": "user", "content": "Where is my order?"},
    ]
    html = page(rui, of_items(team, {"input": chat}))
    assert "Earlier in the conversation" in html
    assert "(3 messages, 7 words)" in html
    assert "<details open>" in html
    assert "How can I <strong>help</strong>?" in html
    assert html.index("Hello!") < html.index("Where is my order?")


def test_a_long_context_begins_folded_away(rui: Client, team: Team) -> None:
    item = {
        "input": "What does it say?",
        "context": "| a | b |\n|---|---|\n| 1 | 2 |\n\n" + "x " * 400,
    }
    html = page(rui, of_items(team, item))
    assert "<details>" in html
    assert "<td>1</td>" in html
    raw = rui.get(f"/reviews/{Campaign.objects.get().pk}/?view=raw").content.decode()
    assert "| a | b |" in raw


def messages(*said: tuple[str, str]) -> dict[str, Any]:
    return {"input": [{"role": role, "content": content} for role, content in said]}


def test_a_system_prompt_is_folded_once_it_was_seen(rui: Client, team: Team) -> None:
    first = messages(("system", "Be kind."), ("user", "One?"), ("assistant", "1"), ("user", "So?"))
    second = messages(("system", "Be kind."), ("user", "Two?"))
    campaign = of_items(team, first, second, messages(("system", "Be short."), ("user", "Three?")))
    seen: list[str] = []
    for _ in range(3):
        html = page(rui, campaign)
        prompt = "Be short." if "Three?" in html else "Be kind."
        folded = "System prompt, the same as before" in html
        assert folded == (seen[-1:] == [prompt])
        assert prompt in html
        assert ("Earlier in the conversation" in html) == (not folded or "One?" in html)
        seen.append(prompt)
        send(rui, html, {"choice": "left"})
    assert sorted(seen) == ["Be kind.", "Be kind.", "Be short."]


def test_a_system_prompt_whose_comparison_was_given_back_unseen_is_not_folded(
    rui: Client, team: Team
) -> None:
    kind = [messages(("system", "Be kind."), ("user", f"{n}?")) for n in range(2)]
    campaign = of_items(team, *kind)
    page(rui, campaign)
    rui.get(f"/reviews/{campaign.pk}/ahead/")
    first, second = Assignment.objects.order_by("turn")
    assert "the same as before" in rui.get(f"/reviews/sheet/{second.token}/").text
    first.state = "expired"
    first.save(update_fields=["state"])
    assert "the same as before" not in rui.get(f"/reviews/sheet/{second.token}/").text
