"""Reviews of every form, one at its beginning, one that runs and one that has ended."""

import datetime
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any
from unittest.mock import patch

from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.declare.declaration import validate
from evalhub.declare.review import Design, Form
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import End
from reviews.joining.invite import invite
from reviews.models import Assignment, Campaign, PairKind
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer, form_nonce_of
from tests.reviews.steps import next_assignment, record

REQUEST = (
    "A customer writes: “I was charged twice for the same order and the app won’t let me open a "
    "ticket.” Answer in three sentences, kindly, and say what happens next."
)
PLAIN = (
    "Thank you for contacting support. Duplicate charges can have several reasons: please check "
    "your statement in a few days, since a pending charge often disappears by itself. If it is "
    "still there after that, write to us again.",
    "I’m sorry about the double charge, and that the app got in the way when you tried to tell "
    "us. I have opened a ticket for you and asked our payments team to refund the second charge "
    "today. You will get an e-mail with the refund’s reference within two hours, and the money "
    "should be back on your card in three to five working days.",
)
ALIKE = (
    "Thank you for telling us, though the app got in the way when you tried to. I have opened a "
    "ticket for you and asked our payments team to refund the second charge by Friday. You will "
    "get an e-mail with the refund’s reference as soon as it is done, and the money should be "
    "back on your card in three to five working days.",
    "I’m sorry about the double charge, and that the app got in the way when you tried to tell "
    "us. I have opened a ticket for you and asked our payments team to refund the second charge "
    "today. You will get an e-mail with the refund’s reference within two hours, and the money "
    "should be back on your card in three to five working days.",
)
MARKED_UP = (
    "### Your second charge\n\nI’m sorry that you couldn’t tell us. It is one of two:\n\n- a "
    "pending authorisation, which disappears by itself\n- a real charge, which our payments "
    "team refunds within five working days\n\nYou need do nothing: we write to you "
    "**as soon as we know**.",
    "Here is what happens next:\n\n1. **Today** our payments team refunds the second charge.\n"
    "2. You get an e-mail with the reference `RF-2041`.\n\n| step | who | when |\n|---|---|--:|\n"
    "| refund | payments | 2 h |\n| money back | your bank | 3–5 days |\n",
)
RUBRIC = {
    "steps": True,
    "rationale": "optional",
    "dimensions": [
        {"name": "facts", "question": "Whose facts are right?", "kind": "choice"},
        {"name": "tone", "question": "Who is kinder?", "kind": "choice"},
    ],
}
RATINGS = {
    "rationale": "optional",
    "dimensions": [
        {"name": "facts", "question": "How correct is it?", "kind": "rating"},
        {"name": "tone", "question": "How kind is it?", "kind": "rating"},
    ],
}


Favours = Callable[[Assignment], ReviewerAnswer]
SIDES = {"baseline": ("right", "left"), "candidate": ("left", "right"), "tie": ("tie", "tie")}


def some_reviews() -> dict[str, str]:
    """What is where. Rui has answered seven turns of one review, and a block of another."""
    with Hours(1.2).ago() as hours:
        team = a_team("Help centre", "help-centre")
        User.objects.filter(pk=team.olga.pk).update(first_name="Olga", last_name="Larsen")
        team.olga.refresh_from_db()
        ended, running = one_that_has_ended(team, hours), one_that_runs(team, hours)
        begun, paused = asked(team, "Refunds", [PLAIN]), asked(team, "Returns", [PLAIN], block=10)
        answer(begun, [team.rui], 7, hours, seconds=37)
        answer(paused, [team.rui], 10, hours, seconds=29)
    joined = invite(campaign=begun, email="nour@example.org", name="Nour", by=team.olga)
    turns = {
        "review": begun,
        "alike": asked(team, "Apologies", [ALIKE]),
        "rubric": asked(team, "Tone", [MARKED_UP], **RUBRIC),
        "ratings": asked(team, "Answers by themselves", [ALIKE], **RATINGS),
    }
    return {name: reverse("reviews:campaign", args=[each.pk]) for name, each in turns.items()} | {
        "pause": reverse("reviews:pause", args=[paused.pk]),
        "join": joined.path,
        "running": reverse("site:campaign", args=[running.pk]),
        "results": reverse("site:campaign_results", args=[ended.pk]),
    }


class Hours:
    """A clock that was set back, and goes on only as people take their time."""

    def __init__(self, back: float) -> None:
        self.now = timezone.now() - datetime.timedelta(hours=back)

    def go_on(self, seconds: float) -> None:
        self.now += datetime.timedelta(seconds=seconds)

    @contextmanager
    def ago(self) -> Iterator["Hours"]:
        then = type("Then", (datetime.datetime,), {"now": lambda tz=None: self.now})
        with patch("django.utils.timezone.datetime", then):
            yield self


def asked(
    team: Team,
    name: str,
    pairs: Sequence[tuple[str, str]],
    *,
    items: int = 25,
    design: Design = Design(),  # noqa: B008 (frozen)
    people: int = 1,
    **form: Any,
) -> Campaign:
    """A review of two models' answers, `pairs` in turn, whose form asks for what is given."""
    slug = name.lower().replace(" ", "-")
    letters = a_test_set(team, slug, items=[{"input": REQUEST}] * items)
    base, lora = a_version(team, f"{slug}-base"), a_version(team, f"{slug}-lora")
    said = zip(*islice(cycle(pairs), items), strict=True)
    runs = [
        a_run(version, letters, scores=[1] * items, answers=answers)
        for version, answers in zip((base, lora), said, strict=True)
    ]
    campaign = a_review(
        baseline_run=runs[0],
        candidate_run=runs[1],
        study=a_study(team, baseline=base, candidate=lora, primary=letters, slug=slug),
        items=items,
        reviewers_per_item=people,
        seed=5,
        form=validate(Form, form),
        design=design,
        by=team.olga,
    )
    a_reviewer(campaign, "rui")
    return campaign


def left(turn: Assignment) -> ReviewerAnswer:
    return ReviewerAnswer("left")


def answer(
    campaign: Campaign,
    people: Sequence[User],
    turns: int,
    hours: Hours,
    *,
    seconds: float,
    favours: Favours = left,
) -> None:
    """So many turns of each, one after the other: `seconds` each takes for one."""
    for _ in range(turns):
        for user in people:
            hours.go_on(seconds / len(people))
            turn = next_assignment(campaign=campaign, user=user)
            if not isinstance(turn, End):
                nonce = form_nonce_of(turn, user)
                record(token=turn.token, user=user, nonce=nonce, answer=favours(turn))


def reviewers(campaign: Campaign, *names: str) -> list[User]:
    return [a_reviewer(campaign, name).user for name in names]


def one_that_runs(team: Team, hours: Hours) -> Campaign:
    """Three people have judged some of it."""
    campaign = asked(team, "Deliveries", [PLAIN], items=60, people=3)
    Campaign.objects.filter(pk=campaign.pk).update(created=hours.now)  # else the database's hour
    rui, ruth, ana = reviewers(campaign, "rui", "ruth", "ana")
    answer(campaign, [ana], 9, hours, seconds=33)
    answer(campaign, [ruth], 21, hours, seconds=41)
    answer(campaign, [rui], 32, hours, seconds=24)
    return campaign


def one_that_has_ended(team: Team, hours: Hours) -> Campaign:
    """Four people have judged all of it, and prefer the candidate."""
    rng = random.Random(7)
    sentences = [f"{said.strip('. ')}." for text in PLAIN for said in text.split(". ")]
    said = [" ".join(rng.sample(sentences, rng.randint(2, 5))) for _ in range(80)]
    campaign = asked(
        team,
        "Complaints",
        [*zip(said[::2], said[1::2], strict=True)],
        items=40,
        people=4,
        design=Design(controls=0.1),
        steps=True,
    )
    people = reviewers(campaign, "rui", "ruth", "ana", "tom")
    pairs = campaign.pairs.order_by("position")
    better = {pair.pk: rng.choices([*SIDES], [1, 8, 1])[0] for pair in pairs}

    def favours(turn: Assignment) -> ReviewerAnswer:
        if turn.pair.kind == PairKind.CONTROL:
            return ReviewerAnswer("tie")
        favour = better[turn.pair_id] if rng.random() < 0.8 else rng.choice([*SIDES])
        much = favour == "candidate" and rng.random() < 0.3
        return ReviewerAnswer(SIDES[favour][not turn.candidate_on_left], much=much)

    answer(campaign, people, 50, hours, seconds=34, favours=favours)
    return campaign
