"""The pages of whoever answers examples: by forms alone, blind, and with their refusals."""

import re

import pytest
from django.test import Client

from reviews.models import Annotation, Example
from tests.cast import Team
from tests.reviews.examples.queue_steps import a_queue, at_hand, disputed, say

pytestmark = pytest.mark.django_db

SECRETS = ("canary-heron", "CC-BY-4.0", "olga", "ruth")
"""What proposed an answer, and other people."""


def page_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address, follow=True)
    assert response.status_code == status
    return response.content.decode()


def answer_address(html: str) -> str:
    match = re.search(r'action="(/reviews/examples/[^"]+/answer/)"', html)
    assert match is not None
    return match[1]


def test_an_example_is_accepted_edited_and_rejected_by_forms_alone(team: Team) -> None:
    queue = a_queue(team, examples=3, instructions="Be exact.")
    client = team.signed_in(team.rui)
    assert f"/reviews/queues/{queue.pk}/" in page_of(client, "/reviews/")
    html = page_of(client, f"/reviews/queues/{queue.pk}/")
    assert "Be exact." in html
    for form in (
        {"action": "accept", "answer": at_hand(queue, team.rui).example.proposal},
        {"action": "accept", "answer": "Within 30 days."},
        {"action": "reject", "reason": "wrong"},
    ):
        html = page_of(client, f"/reviews/queues/{queue.pk}/")
        response = client.post(answer_address(html), form | {"visible": "7.5"})
        assert response.status_code == 302
    actions = Annotation.objects.order_by("pk").values_list("action", "visible_seconds")
    assert list(actions) == [("accept", 7.5), ("edit", 7.5), ("reject", 7.5)]
    assert "Done. Thank you!" in page_of(client, f"/reviews/queues/{queue.pk}/")


def test_what_cannot_be_saved_comes_back_with_what_was_typed(team: Team) -> None:
    queue = a_queue(team)
    client = team.signed_in(team.rui)
    address = answer_address(page_of(client, f"/reviews/queues/{queue.pk}/"))
    response = client.post(address, {"action": "reject", "reason": " ", "answer": "Half a"})
    assert response.status_code == 400
    html = response.content.decode()
    assert "say in a few words why you reject it" in html
    assert "Half a</textarea>" in html
    assert not Annotation.objects.standing().exists()


def test_skip_and_undo_are_forms_too(team: Team) -> None:
    queue = a_queue(team, examples=2)
    client = team.signed_in(team.rui)
    first = at_hand(queue, team.rui)
    client.post(f"/reviews/examples/{first.token}/skip/", {"reason": "It upsets me"})
    second = at_hand(queue, team.rui)
    assert second.example != first.example
    client.post(f"/reviews/examples/{second.token}/answer/", {"action": "edit", "answer": "Mine."})
    response = client.post(f"/reviews/queues/{queue.pk}/undo/", follow=True)
    assert "Mine.</textarea>" in response.content.decode(), "what was said comes back"
    first.refresh_from_db()
    assert (first.state, first.reason) == ("skipped", "It upsets me")


def test_no_page_tells_who_proposed_an_answer_or_what_another_person_did(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.ruth), "edit", "A canary's edit.", reason="since it was wrong")
    client = team.signed_in(team.rui)
    pages = [page_of(client, "/reviews/"), page_of(client, f"/reviews/queues/{queue.pk}/")]
    pages.append(page_of(client, f"/reviews/queues/{queue.pk}/disagreements/"))
    for html in pages:
        for secret in (*SECRETS, "canary's edit", "since it was wrong"):
            assert secret not in html
    say(at_hand(queue, team.rui), "accept")
    for address in (f"/reviews/queues/{queue.pk}/", "/reviews/"):
        assert "canary's edit" not in page_of(client, address)


def test_a_reviewer_reaches_no_page_of_owners(team: Team) -> None:
    queue = a_queue(team)
    client = team.signed_in(team.rui)
    for address in (
        "/examples/",
        "/examples/new/",
        f"/examples/queues/{queue.pk}/",
        f"/examples/{queue.examples.first().pk}/",
    ):
        assert client.get(address).status_code == 403


def test_who_decides_a_disagreement_sees_both_answers_without_names(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), "edit", "Within 30 days.")
    say(at_hand(queue, team.ruth), "reject", reason="no such parcel")
    client = team.signed_in(team.eva)
    html = page_of(client, f"/reviews/queues/{queue.pk}/disagreements/")
    assert "no such parcel" in html
    for secret in ("canary-heron", "rui", "ruth"):
        assert secret not in html
    assert "Reject it, too" in html
    assert '<input type="hidden" name="answer" value="Within 30 days.">' in html
    client.post(answer_address(html), {"action": "edit", "answer": "Within 30 days."})
    assert Example.objects.get().final_answer == "Within 30 days."


def test_refusals_say_why(team: Team) -> None:
    queue = a_queue(team, people=2)
    turn = at_hand(queue, team.rui)
    assert "Two people answer each example" in page_of(
        team.signed_in(team.eva), f"/reviews/queues/{queue.pk}/", 403
    )
    html = page_of(team.signed_in(team.sam), f"/reviews/queues/{queue.pk}/", 404)
    assert "canary-queue" not in html
    ruth = team.signed_in(team.ruth)
    response = ruth.post(f"/reviews/examples/{turn.token}/answer/", {"action": "accept"})
    assert response.status_code == 404
    assert page_of(ruth, "/reviews/queues/987654/", 404)
    say(turn, "accept")
    rui = team.signed_in(team.rui)
    form = {"action": "reject", "reason": "no"}
    assert rui.post(f"/reviews/examples/{turn.token}/answer/", form).status_code == 409


def test_the_home_says_what_is_seen_of_an_example(team: Team) -> None:
    a_queue(team)
    home = page_of(team.signed_in(team.rui), "/reviews/")
    assert "never what proposed it" in home
    assert "two answers to the same request" not in home


@pytest.mark.parametrize("count", [1, 8])
def test_the_home_reads_all_queues_at_once(
    team: Team, count: int, django_assert_max_num_queries
) -> None:
    for n in range(count):
        a_queue(team, name=f"queue {n}")
    client = team.signed_in(team.rui)
    with django_assert_max_num_queries(12):
        client.get("/reviews/")


def test_an_example_page_takes_few_queries(team: Team, django_assert_max_num_queries) -> None:
    queue = a_queue(team, examples=30)
    for _ in range(9):
        say(at_hand(queue, team.rui), "accept")
    client = team.signed_in(team.rui)
    client.get(f"/reviews/queues/{queue.pk}/")
    with django_assert_max_num_queries(20):
        client.get(f"/reviews/queues/{queue.pk}/")


def test_a_lease_over_disagreements_is_one_persons(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), "accept")
    say(at_hand(queue, team.ruth), "edit", "Other.")
    disputed(queue, team.eva)
    html = page_of(team.signed_in(team.olga), f"/reviews/queues/{queue.pk}/disagreements/")
    assert "Nothing for you just now" in html
