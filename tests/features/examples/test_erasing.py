"""Erasing a user, a request or an item reaches the examples that were made of them."""

import datetime

import pytest

from evalhub.features.erasure.erase import erase_user as erase_person
from evalhub.features.erasure.redact import redact_rows
from evalhub.features.table import ERASERS, PERSON_ERASERS, REDACTORS
from evalhub.features.traffic.erase import erase_user
from reviews.errors import ExampleLostError
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples
from reviews.models import Annotation, ExampleSource
from tests.cast import Team, a_test_set
from tests.reviews.examples.queue_steps import a_queue, at_hand, say

pytestmark = pytest.mark.django_db

PSEUDONYM = "0123456789abcdef0123456789abcdef"
QUESTION = "I am Ada Lovelace, where is my parcel?"
DAY = datetime.date(2026, 11, 3)


def an_example(team: Team, **fields: object):
    """A queue with one example of production's traffic."""
    queue = a_queue(team, examples=0)
    values = {"reference": {"day": DAY.isoformat(), "request": "r1"}, "user_hash": PSEUDONYM}
    draft = ExampleDraft(
        input=QUESTION,
        proposal="Dear Ada",
        source=ExampleSource.TRAFFIC,
        **(values | fields),  # type: ignore[arg-type]
    )
    add_examples(queue=queue, drafts=[draft], by=team.olga)
    return queue.examples.get()


def everything_of(example) -> str:
    example.refresh_from_db()
    answers = list(example.annotations.values("answer", "reason"))
    return f"{vars(example)} {answers}"


def test_erasing_a_user_takes_the_texts_out_of_examples_variations_and_answers(team: Team) -> None:
    example = an_example(team)
    say(at_hand(example.queue, team.rui), "edit", "Dear Ada, it is late.", "for Ada")
    child = ExampleDraft("Where is Ada's parcel?", ExampleSource.AUGMENTATION, parent=example.pk)
    add_examples(queue=example.queue, drafts=[child], by=team.olga)
    variation = example.variations.get()
    assert variation.user_hash == PSEUDONYM
    turn = at_hand(example.queue, team.ruth)
    counts = erase_user(project=team.project, by=None, user_hash=PSEUDONYM, erasers=ERASERS)
    assert counts["examples"] == 2
    for erased in (example, variation):
        assert "Ada" not in everything_of(erased)
        assert PSEUDONYM not in everything_of(erased)
        assert erased.state == "erased"
    assert Annotation.objects.standing().get().action == "edit", "who did what stays"
    with pytest.raises(ExampleLostError):
        say(turn, "edit", "Ada again")
    page = team.signed_in(team.eva).get(f"/examples/{example.pk}/")
    assert "Its texts were erased" in page.content.decode()


def test_a_variation_of_a_variation_is_reached_whoevers_it_says_it_is(team: Team) -> None:
    example = an_example(team)
    add = {"queue": example.queue, "by": team.olga}
    child = ExampleDraft("Her parcel?", ExampleSource.AUGMENTATION, parent=example.pk)
    add_examples(drafts=[child], **add)
    grandchild = ExampleDraft("A parcel?", ExampleSource.AUGMENTATION, parent=example.pk + 1)
    add_examples(drafts=[grandchild], **add)
    example.queue.examples.exclude(pk=example.pk).update(user_hash="")
    counts = erase_user(project=team.project, by=None, user_hash=PSEUDONYM, erasers=ERASERS)
    assert counts["examples"] == 3


def test_erasing_requests_reaches_examples_whose_user_is_not_known(team: Team) -> None:
    example = an_example(team, user_hash="")
    other = ExampleDraft(
        "Mine?", ExampleSource.TRAFFIC, reference={"day": "2026-11-03", "request": "r2"}
    )
    add_examples(queue=example.queue, drafts=[other], by=team.olga)
    counts = [dict(erase(team.project, DAY, ["r1"])) for erase in ERASERS.of_requests]
    assert {"examples": 1} in counts
    assert "Ada" not in everything_of(example)
    assert example.queue.examples.filter(state="waiting").count() == 1


def test_redacting_an_item_reaches_examples_that_ask_the_same(team: Team) -> None:
    a_test_set(team, "questions", items=[{"key": "q1", "input": QUESTION}])
    example = an_example(team, user_hash="", reference={})
    redact_rows(
        project=team.project,
        test_set="questions",
        item="q1",
        reason="private",
        by=team.olga,
        redactors=REDACTORS,
    )
    assert "Ada" not in everything_of(example)


def test_a_person_who_is_erased_stays_in_the_record_without_a_name(team: Team) -> None:
    queue = a_queue(team, examples=1)
    say(at_hand(queue, team.rui), "accept")
    erase_person(name="rui", erasers=PERSON_ERASERS)
    html = team.signed_in(team.eva).get(f"/examples/{queue.examples.get().pk}/").content.decode()
    assert "rui" not in html
    assert "erased-" in html
    assert queue.examples.get().state == "accepted"
