"""A queue of examples: who gets which, what answers come to, what is taken back."""

import dataclasses
import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evalhub.accounts.models import Action, LogEntry, Membership, Role
from evalhub.accounts.permissions import NotAllowedError
from reviews.errors import (
    AlreadyAnnotatedError,
    DraftError,
    ExampleLostError,
    ExampleQueueError,
    NoExampleToUndoError,
    NotBlindError,
    QueueClosedError,
    UnfitExampleAnswerError,
    UnknownExampleError,
)
from reviews.examples.annotating import skip, undo
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import (
    AddedExamples,
    add_examples,
    close_queue,
    create_queue,
    pause_queue,
    resume_queue,
)
from reviews.examples.taking import LEASE, Nothing, take_disputed, take_example
from reviews.models import Annotation, Example, ExampleSource, ExampleState
from tests.cast import Team
from tests.reviews.examples.queue_steps import a_queue, at_hand, disputed, drafts, say

pytestmark = pytest.mark.django_db

FILE = {"source": ExampleSource.FILE}


def expire(turn: Annotation) -> None:
    """Let the lease of a turn end."""
    past = timezone.now() - datetime.timedelta(seconds=1)
    Annotation.objects.filter(pk=turn.pk).update(lease_until=past)


def test_one_persons_action_holds(team: Team) -> None:
    queue = a_queue(team, examples=3)
    kept = at_hand(queue, team.rui)
    say(kept, "accept")
    edited = at_hand(queue, team.rui)
    say(edited, "edit", "Within 30 days.")
    rejected = at_hand(queue, team.rui)
    say(rejected, "reject", reason="parcels can't be returned")
    assert take_example(queue=queue, user=team.rui) == Nothing("done")
    for turn in (kept, edited, rejected):
        turn.example.refresh_from_db()
    assert (kept.example.state, kept.example.final_answer) == ("accepted", kept.example.proposal)
    assert (edited.example.state, edited.example.final_answer) == ("accepted", "Within 30 days.")
    assert (rejected.example.state, rejected.example.final_answer) == ("rejected", "")
    assert set(queue.examples.accepted()) == {kept.example, edited.example}
    assert kept.example.decided is not None


def test_the_same_person_gets_the_same_example_until_it_is_answered(team: Team) -> None:
    queue = a_queue(team)
    first = at_hand(queue, team.rui)
    assert at_hand(queue, team.rui) == first
    assert Annotation.objects.count() == 1
    say(first, "accept")
    assert at_hand(queue, team.rui).example != first.example


def test_with_one_annotator_an_example_is_at_one_persons_hand_alone(team: Team) -> None:
    queue = a_queue(team, examples=2)
    theirs = at_hand(queue, team.rui), at_hand(queue, team.ruth)
    assert theirs[0].example != theirs[1].example
    say(theirs[0], "accept")
    assert take_example(queue=queue, user=team.rui) == Nothing("wait")
    say(theirs[1], "accept")
    assert take_example(queue=queue, user=team.rui) == Nothing("done")


@pytest.mark.parametrize(
    ("first", "second", "state", "final"),
    [
        (("accept", None), ("accept", None), "accepted", "Send parcel 0 back within 14 days."),
        (("edit", "In 30 days. \n"), ("edit", "In 30 days."), "accepted", "In 30 days."),
        (("accept", None), ("edit", "In 30 days."), "disputed", ""),
        (("edit", "In 30 days."), ("edit", "in 30 days."), "disputed", ""),
        (("accept", None), ("reject", None), "disputed", ""),
        (("reject", None), ("reject", None), "rejected", ""),
    ],
)
def test_two_agree_where_they_leave_the_same_text(
    team: Team, first: tuple, second: tuple, state: str, final: str
) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), *first, reason="wrong" if first[0] == "reject" else "")
    example = queue.examples.get()
    assert (example.state, example.final_answer, example.decided) == ("in-progress", "", None)
    say(at_hand(queue, team.ruth), *second, reason="no" if second[0] == "reject" else "")
    example.refresh_from_db()
    assert (example.state, example.final_answer) == (state, final)


def test_a_third_person_decides_a_disagreement(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), "accept")
    say(at_hand(queue, team.ruth), "reject", reason="wrong")
    for annotator in (team.rui, team.ruth):
        assert take_disputed(queue=queue, user=annotator) == Nothing("done")
    turn = disputed(queue, team.eva)
    assert take_disputed(queue=queue, user=team.olga) == Nothing("wait")
    say(turn, "edit", "It depends.")
    example = queue.examples.get()
    assert (example.state, example.final_answer) == ("accepted", "It depends.")
    with pytest.raises(NoExampleToUndoError):
        undo(queue=queue, user=team.rui)


def test_who_sees_the_answers_is_neither_of_two_blind_annotators(team: Team) -> None:
    alone, blind = a_queue(team, name="alone"), a_queue(team, name="blind", people=2)
    assert at_hand(alone, team.eva)
    for user in (team.eva, team.olga):
        with pytest.raises(NotBlindError):
            take_example(queue=blind, user=user)
    for queue in (alone, blind):
        with pytest.raises(UnknownExampleError):
            take_example(queue=queue, user=team.sam)
        with pytest.raises(UnknownExampleError):
            take_disputed(queue=queue, user=team.sam)


def test_who_leaves_the_project_can_no_longer_answer(team: Team) -> None:
    turn = at_hand(a_queue(team), team.rui)
    Membership.objects.filter(user=team.rui).delete()
    with pytest.raises(UnknownExampleError):
        say(turn, "accept")
    with pytest.raises(UnknownExampleError):
        skip(token=turn.token, user=team.ruth)


def test_a_lease_that_ends_frees_its_seat(team: Team) -> None:
    queue = a_queue(team, examples=1)
    late = at_hand(queue, team.rui)
    expire(late)
    taken_over = at_hand(queue, team.ruth)
    assert taken_over.example == late.example
    with pytest.raises(ExampleLostError):
        say(late, "accept")
    say(taken_over, "accept")
    assert queue.examples.get().taken == 1


def test_a_late_answer_counts_while_its_seat_is_free(team: Team) -> None:
    queue = a_queue(team, examples=1)
    late = at_hand(queue, team.rui)
    expire(late)
    other = at_hand(queue, team.ruth)
    skip(token=other.token, user=team.ruth)
    say(late, "accept")
    assert queue.examples.get().state == ExampleState.ACCEPTED


def test_the_same_answer_again_changes_nothing_and_another_is_refused(team: Team) -> None:
    turn = at_hand(a_queue(team), team.rui)
    assert say(turn, "edit", "In 30 days.") == say(turn, "edit", "In 30 days.")
    with pytest.raises(AlreadyAnnotatedError):
        say(turn, "accept")


def test_what_is_skipped_goes_to_others(team: Team) -> None:
    queue = a_queue(team, examples=1)
    turn = at_hand(queue, team.rui)
    assert skip(token=turn.token, user=team.rui, reason="not my field").state == "skipped"
    assert skip(token=turn.token, user=team.rui).reason == "not my field"
    assert take_example(queue=queue, user=team.rui) == Nothing("done")
    assert at_hand(queue, team.ruth).example == turn.example
    with pytest.raises(AlreadyAnnotatedError):
        say(turn, "accept")


def test_an_answer_is_taken_back_and_stays_in_the_record(team: Team) -> None:
    queue = a_queue(team, examples=2)
    first = say(at_hand(queue, team.rui), "accept")
    second = at_hand(queue, team.rui)
    again = undo(queue=queue, user=team.rui)
    assert (again.example, again.revision) == (first.example, 1)
    assert at_hand(queue, team.rui) == again
    example = queue.examples.get(pk=first.example_id)
    assert (example.state, example.final_answer, example.decided) == ("waiting", "", None)
    assert at_hand(queue, team.ruth).example == second.example, "given back by the undo"
    say(again, "reject", reason="on second thoughts")
    history = example.annotations.order_by("revision").values_list("action", "state")
    assert list(history) == [("accept", "undone"), ("reject", "answered")]


def test_an_answer_can_be_taken_back_for_a_quarter_of_an_hour(team: Team) -> None:
    queue = a_queue(team)
    with pytest.raises(NoExampleToUndoError):
        undo(queue=queue, user=team.rui)
    turn = at_hand(queue, team.rui)
    turn.state, turn.action, turn.seconds = "answered", "accept", 5.0
    turn.answered = timezone.now() - LEASE / 2
    turn.save(update_fields=["state", "action", "seconds", "answered"])
    with pytest.raises(NoExampleToUndoError):
        undo(queue=queue, user=team.rui)


def test_the_database_refuses_to_change_an_answer_or_to_deal_a_seat_twice(team: Team) -> None:
    queue = a_queue(team)
    turn = say(at_hand(queue, team.rui), "accept")
    for refused in (
        "UPDATE reviews_annotation SET action = 'edit'",
        "UPDATE reviews_annotation SET seconds = 3.5",
        "UPDATE reviews_annotation SET annotator_id = 0",
        "DELETE FROM reviews_annotation",
        "UPDATE reviews_example SET taken = 2",
        "UPDATE reviews_example SET gold = true",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(refused)
    turn.refresh_from_db()
    assert turn.action == "accept"


def test_a_paused_queue_deals_nothing_and_a_closed_one_takes_nothing(team: Team) -> None:
    queue = a_queue(team)
    turn = at_hand(queue, team.rui)
    pause_queue(queue=queue, by=team.eva)
    assert take_example(queue=queue, user=team.ruth) == Nothing("paused")
    say(turn, "accept")
    resume_queue(queue=queue, by=team.eva)
    turn = at_hand(queue, team.rui)
    close_queue(queue=queue, by=team.eva)
    assert take_example(queue=queue, user=team.rui) == Nothing("closed")
    for refused in (
        lambda: say(turn, "accept"),
        lambda: undo(queue=queue, user=team.rui),
        lambda: add_examples(queue=queue, drafts=drafts(9), by=team.eva),
        lambda: resume_queue(queue=queue, by=team.eva),
    ):
        with pytest.raises(QueueClosedError):
            refused()
    noted = LogEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(noted) == [
        Action.QUEUE_CREATED,
        Action.EXAMPLES_ADDED,
        Action.QUEUE_PAUSED,
        Action.QUEUE_PAUSED,
        Action.QUEUE_CLOSED,
    ]


def test_only_who_evaluates_makes_and_fills_a_queue(team: Team) -> None:
    queue = a_queue(team)
    for refused in (
        lambda: create_queue(project=team.project, by=team.rui, name="mine"),
        lambda: add_examples(queue=queue, drafts=drafts(9), by=team.rui),
        lambda: close_queue(queue=queue, by=team.rui),
    ):
        with pytest.raises(NotAllowedError):
            refused()


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "canary-queue"}),
        ("purpose", {"purpose": "fun"}),
        ("annotators_per_example", {"annotators_per_example": 3}),
        ("labels", {"labels": ["yes"]}),
        ("labels", {"labels": ["yes", "yes"]}),
        ("gold_share", {"gold_share": 0.6}),
    ],
)
def test_a_queue_that_cannot_be_made_names_the_field(team: Team, field: str, fields: dict) -> None:
    a_queue(team)
    with pytest.raises(ExampleQueueError, match=f"^{field}: "):
        create_queue(project=team.project, by=team.olga, **({"name": "new"} | fields))


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("input", ExampleDraft(" ", **FILE)),
        ("input", ExampleDraft([{"role": "boss", "content": "x"}], **FILE)),
        ("input", ExampleDraft([{"role": "user", "content": 3}], **FILE)),
        ("proposal", ExampleDraft("q", proposal="maybe", **FILE)),
        ("proposal", ExampleDraft("q", gold=True, **FILE)),
        ("expected", ExampleDraft("q", expected="yes", **FILE)),
        ("user_hash", ExampleDraft("q", user_hash="olga@example.org", **FILE)),
        ("parent", ExampleDraft("q", parent=987654, **FILE)),
        ("item", ExampleDraft("q", item=987654, **FILE)),
    ],
)
def test_nothing_is_added_where_one_draft_is_wrong(
    team: Team, field: str, draft: ExampleDraft
) -> None:
    queue = a_queue(team, examples=0, labels=["yes", "no"])
    fine = ExampleDraft("Is it fine?", proposal="yes", **FILE)
    with pytest.raises(DraftError, match=f"^example 2, {field}: "):
        add_examples(queue=queue, drafts=[fine, draft], by=team.olga)
    assert not Example.objects.exists()


def test_an_input_is_in_a_queue_once_whatever_its_spelling(team: Team) -> None:
    queue = a_queue(team, examples=2)
    again = [
        ExampleDraft("How do I  return PARCEL 0?", **FILE),
        ExampleDraft([{"role": "user", "content": "How do I return parcel 1?"}], **FILE),
        ExampleDraft("How do I return parcel 1?", context="A context makes it new.", **FILE),
    ]
    assert add_examples(queue=queue, drafts=again, by=team.olga) == AddedExamples(1, 2)
    assert sorted(queue.examples.values_list("position", flat=True)) == [0, 1, 2]


def test_the_order_is_random_and_the_seeds(team: Team) -> None:
    one, same = a_queue(team, examples=20, name="one"), a_queue(team, examples=20, name="same")
    other = a_queue(team, examples=20, name="other", seed=8)
    orders = [
        list(queue.examples.order_by("position").values_list("proposal", flat=True))
        for queue in (one, same, other)
    ]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("labels", [["refund", "delivery"]])
def test_labels_are_the_only_answers(team: Team, labels: list[str]) -> None:
    queue = a_queue(team, examples=0, labels=labels)
    draft = ExampleDraft("Where is it?", proposal="refund", **FILE)
    add_examples(queue=queue, drafts=[draft], by=team.olga)
    turn = at_hand(queue, team.rui)
    with pytest.raises(UnfitExampleAnswerError, match="none of refund, delivery"):
        say(turn, "edit", "postage")
    say(turn, "edit", "delivery")
    assert queue.examples.get().final_answer == "delivery"


def test_where_nothing_is_proposed_people_write_it_from_nothing(team: Team) -> None:
    queue = a_queue(team, examples=0, purpose="references")
    add_examples(queue=queue, drafts=[ExampleDraft("Why?", **FILE)], by=team.olga)
    turn = at_hand(queue, team.rui)
    for empty in ("accept", "edit"):
        with pytest.raises(UnfitExampleAnswerError, match="it is empty"):
            say(turn, empty)
    with pytest.raises(UnfitExampleAnswerError, match="why you reject"):
        say(turn, "reject")
    assert say(turn, "accept", "Because.").action == "edit"


def test_an_accept_with_another_text_is_an_edit_and_an_edit_without_one_accepts(team: Team) -> None:
    queue = a_queue(team, examples=2)
    assert say(at_hand(queue, team.rui), "accept", "Another.").action == "edit"
    turn = at_hand(queue, team.rui)
    same = f"  {turn.example.proposal}\r\n"
    assert say(turn, "edit", same).action == "accept"


def test_gold_comes_in_between_and_goes_nowhere(team: Team) -> None:
    queue = a_queue(team, examples=40, gold_share=0.5)
    planted = dataclasses.replace(drafts(1)[0], input="Gold?", proposal="Wrong.", gold=True)
    add_examples(queue=queue, drafts=[planted], by=team.olga)
    seen = []
    while not isinstance(turn := take_example(queue=queue, user=team.rui), Nothing):
        seen.append(turn.purpose)
        say(turn, "accept")
    assert seen.count("gold") == 1
    assert seen.count("main") == 40
    gold = queue.examples.get(gold=True)
    assert (gold.state, gold.final_answer) == ("gold", "")
    assert gold not in queue.examples.accepted()


def test_a_gold_example_is_every_persons_once(team: Team) -> None:
    queue = a_queue(team, examples=30, gold_share=0.5)
    planted = dataclasses.replace(drafts(1)[0], input="Gold?", gold=True, expected="Right.")
    add_examples(queue=queue, drafts=[planted], by=team.olga)
    for user in (team.rui, team.ruth):
        for _ in range(12):
            say(at_hand(queue, user), "accept")
    gold = Annotation.objects.filter(purpose="gold")
    assert sorted(gold.values_list("annotator__username", flat=True)) == ["rui", "ruth"]


def test_a_queue_is_for_its_projects_people(team: Team) -> None:
    from reviews.models import ExampleQueue

    alone, blind = a_queue(team, name="alone"), a_queue(team, name="blind", people=2)
    lists = {
        user.username: set(ExampleQueue.objects.of_annotator(user))
        for user in (team.rui, team.eva, team.olga, team.sam)
    }
    assert lists == {"rui": {alone, blind}, "eva": {alone}, "olga": {alone}, "sam": set()}
    assert Membership.objects.get(user=team.rui).role == Role.REVIEWER
