"""Many people at one queue at once, on the database that the tests run on."""

import pytest
from django.db.models import F

from evalhub.accounts.models import User
from reviews.errors import AlreadyAnnotatedError, ExampleLostError
from reviews.examples.annotating import undo
from reviews.examples.taking import Nothing, take_disputed, take_example
from reviews.models import Annotation, Example
from tests.cast import Team
from tests.reviews.assignments.test_races import at_once, crowd
from tests.reviews.examples.queue_steps import a_queue, at_hand, say
from tests.reviews.examples.test_queue import expire

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("people", [1, 2])
def test_many_at_once_never_take_a_seat_too_many(team: Team, people: int) -> None:
    queue = a_queue(team, examples=6, people=people)

    def work(user: User) -> int:
        answers = 0
        while isinstance(turn := take_example(queue=queue, user=user), Annotation):
            say(turn, "accept")
            answers += 1
        return answers

    users = crowd(team, 8)
    answers = at_once([lambda user=user: work(user) for user in users])
    # who was told to wait comes again once the others are done
    answers += [work(user) for user in users]
    assert sum(answers) == Annotation.objects.standing().count() == 6 * people
    assert {each.state for each in queue.examples.all()} == {"accepted"}
    assert not queue.examples.exclude(taken=F("seats")).exists()


def test_two_people_at_once_never_get_the_only_example_both(team: Team) -> None:
    queue = a_queue(team, examples=1)
    turns = at_once(
        [lambda user=user: take_example(queue=queue, user=user) for user in (team.rui, team.ruth)]
    )
    assert sorted(isinstance(turn, Annotation) for turn in turns) == [False, True]
    assert Nothing("wait") in turns


def test_two_tabs_of_one_person_get_one_example(team: Team) -> None:
    queue = a_queue(team, examples=5)
    turns = at_once([lambda: at_hand(queue, team.rui).pk] * 6)
    assert len(set(turns)) == 1
    assert queue.examples.filter(taken=1).count() == 1


def test_two_answers_to_one_turn_keep_the_first(team: Team) -> None:
    turn = at_hand(a_queue(team), team.rui)

    def answer(text: str) -> str:
        try:
            return say(turn, "edit", text).answer
        except AlreadyAnnotatedError:
            return "refused"

    said = at_once([lambda: answer("One."), lambda: answer("Other.")])
    assert sorted(said) in (["One.", "refused"], ["Other.", "refused"])
    assert Example.objects.get(pk=turn.example_id).final_answer in said


def test_two_who_decide_at_once_never_get_the_same_disagreement(team: Team) -> None:
    queue = a_queue(team, examples=1, people=2)
    say(at_hand(queue, team.rui), "accept")
    say(at_hand(queue, team.ruth), "edit", "Other.")
    turns = at_once(
        [lambda user=user: take_disputed(queue=queue, user=user) for user in (team.eva, team.olga)]
    )
    assert sorted(isinstance(turn, Annotation) for turn in turns) == [False, True]


def test_a_late_answer_and_whoever_takes_over_never_both_count(team: Team) -> None:
    queue = a_queue(team, examples=1)
    late = at_hand(queue, team.rui)
    expire(late)

    def answer_late() -> str:
        try:
            return say(late, "accept").state
        except ExampleLostError:
            return "lost"

    outcomes = at_once([answer_late, lambda: str(take_example(queue=queue, user=team.ruth))])
    example = queue.examples.get()
    assert example.taken == 1
    assert (outcomes[0] == "answered") == (example.state == "accepted")


def test_two_who_take_back_at_once_free_what_they_have_at_hand_once(team: Team) -> None:
    queue = a_queue(team, examples=4)
    users = team.rui, team.ruth
    for user in users:
        say(at_hand(queue, user), "accept")
    for user in users:
        at_hand(queue, user)
    at_once([lambda user=user: undo(queue=queue, user=user) for user in users])
    assert sum(example.taken for example in queue.examples.all()) == 2
    assert not queue.examples.exclude(state="waiting").exists()
