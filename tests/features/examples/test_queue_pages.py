"""The owner's pages of queues: created, filled, watched, closed; an example's life."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from reviews.examples.annotating import undo
from reviews.models import ExampleQueue
from tests.cast import Team
from tests.reviews.examples.queue_steps import a_queue, at_hand, disputed, say

pytestmark = pytest.mark.django_db


def page_of(team: Team, address: str) -> str:
    response = team.signed_in(team.eva).get(address, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def a_file(*rows: object) -> SimpleUploadedFile:
    text = "".join(f"{json.dumps(row)}\n" for row in rows)
    return SimpleUploadedFile("more.jsonl", text.encode())


def test_a_queue_is_created_and_filled_on_the_web(team: Team) -> None:
    client = team.signed_in(team.eva)
    form = {
        "project": "support-desk",
        "name": "Refunds",
        "purpose": "training",
        "annotators_per_example": "2",
        "labels": "refund\ndelivery\n",
        "gold_share": "10",
    }
    assert client.get("/examples/new/").status_code == 200
    response = client.post("/examples/new/", form)
    queue = ExampleQueue.objects.get()
    assert response["Location"] == f"/examples/queues/{queue.pk}/"
    assert (queue.labels, queue.gold_share, queue.by) == (["refund", "delivery"], 0.1, team.eva)
    rows = [{"input": "Where is it?", "proposal": "delivery"}, {"input": "Where  is it?"}]
    response = client.post(
        f"/examples/queues/{queue.pk}/add/", {"file": a_file(*rows)}, follow=True
    )
    assert "1 example added, 1 duplicate left out." in response.content.decode()
    assert "Refunds" in page_of(team, "/examples/")


def test_a_form_or_a_file_that_is_wrong_says_where(team: Team) -> None:
    queue = a_queue(team)
    client = team.signed_in(team.eva)
    form = {"project": "support-desk", "name": "canary-queue", "purpose": "training"}
    form |= {"annotators_per_example": "1", "gold_share": "0", "labels": ""}
    response = client.post("/examples/new/", form)
    assert response.status_code == 400
    assert "the project has a queue" in response.content.decode()
    response = client.post(
        f"/examples/queues/{queue.pk}/add/", {"file": a_file({"input": "Fine?"}, {"input": ""})}
    )
    assert response.status_code == 400
    assert "more.jsonl, line 2, field &#x27;input&#x27;" in response.content.decode()
    assert queue.examples.count() == 3
    assert client.post(f"/examples/queues/{queue.pk}/add/", {}).status_code == 400


def test_a_queue_is_paused_resumed_and_closed(team: Team) -> None:
    queue = a_queue(team)
    client = team.signed_in(team.eva)
    for verb, state in (("pause", "paused"), ("resume", "open"), ("close", "closed")):
        client.post(f"/examples/queues/{queue.pk}/change/", {"verb": verb})
        queue.refresh_from_db()
        assert queue.state == state
    for verb, status in (("resume", 409), ("burn", 400)):
        response = client.post(f"/examples/queues/{queue.pk}/change/", {"verb": verb})
        assert response.status_code == status


def test_the_queues_page_shows_progress_agreement_pace_and_disagreements(team: Team) -> None:
    queue = a_queue(team, examples=4, people=2)
    for first, second in ((None, None), (None, None), (None, "In 30 days."), (None, None)):
        for user, text in ((team.rui, first), (team.ruth, second)):
            say(at_hand(queue, user), "edit" if text else "accept", text)
    text = words_of(page_of(team, f"/examples/queues/{queue.pk}/"))
    assert "3 of 4" in text
    assert "Decide 1 disagreement" in text
    assert "both the same on 75% [19%, 99%] of 4 examples" in text
    assert "rui and ruth" in text
    only = words_of(page_of(team, f"/examples/queues/{queue.pk}/?state=disputed"))
    assert only.count("How do I return parcel") == 1


def test_an_examples_life_is_on_one_page(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), "reject", reason="too vague")
    again = undo(queue=queue, user=team.rui)
    say(again, "edit", "Send parcel 0 back within 30 days.")
    example = queue.examples.get()
    before = words_of(page_of(team, f"/examples/{example.pk}/"))
    assert "2 answers are kept, and shown when the example is decided" in before
    assert "30 days" not in before, "the second annotator may be reading this page"
    say(at_hand(queue, team.ruth), "accept")
    say(disputed(queue, team.olga), "edit", "Send parcel 0 back within 30 days.")
    html = page_of(team, f"/examples/{example.pk}/")
    text = words_of(html)
    assert "Proposed by canary-heron v3" in text
    assert "CC-BY-4.0" in text
    assert "rui rejected it" in text
    assert "taken back afterwards" in text
    assert "olga edited it, as the third person" in text
    assert "<mark>14</mark>" in html
    assert "<mark>30</mark>" in html
    assert "Accepted" in text


def test_other_projects_queues_are_not_there(team: Team) -> None:
    queue = a_queue(team)
    sam = team.signed_in(team.sam)
    for address in (f"/examples/queues/{queue.pk}/", f"/examples/{queue.examples.first().pk}/"):
        assert sam.get(address).status_code in (403, 404)


def test_a_list_of_many_examples_takes_as_many_queries_as_one_of_few(
    team: Team, django_assert_max_num_queries
) -> None:
    queue = a_queue(team, examples=60)
    client = team.signed_in(team.eva)
    client.get(f"/examples/queues/{queue.pk}/")
    with django_assert_max_num_queries(20):
        client.get(f"/examples/queues/{queue.pk}/")
