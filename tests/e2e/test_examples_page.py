"""People at a queue of examples in a real browser: by keyboard, on a phone, two at one example."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.models import Annotation, Example, ExampleQueue, ExampleSource
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

QUESTION = "The app charged me twice for order {n} and I can’t open a ticket. What happens next?"
PROPOSAL = (
    "I’m sorry about that. Our payments team will refund the second charge within two hours. You "
    "don’t have to do anything: the money comes back the way it was paid."
)


def a_desk_queue(
    team: Team, *, examples: int, people: int = 1, labels: tuple[str, ...] = ()
) -> ExampleQueue:
    queue = create_queue(
        project=team.project,
        by=team.olga,
        name="Refunds, first hundred",
        instructions="Accept what a colleague could send as it is. Refunds take three days.",
        annotators_per_example=people,
        labels=labels,
        seed=3,
    )
    drafts = [
        ExampleDraft(
            input=[
                {"role": "system", "content": "You answer for the payments desk."},
                {"role": "user", "content": QUESTION.format(n=n)},
            ],
            source=ExampleSource.MODEL,
            proposal=labels[0] if labels else PROPOSAL,
            model="canary-heron v3",
            licence="CC-BY-4.0",
        )
        for n in range(examples)
    ]
    add_examples(queue=queue, drafts=drafts, by=team.olga)
    return queue


def test_a_person_accepts_edits_rejects_skips_and_takes_back_by_keyboard(
    team: Team, opens: Opens, axe: Callable[[Page], None]
) -> None:
    queue = a_desk_queue(team, examples=4)
    page = opens(team.rui, "/reviews/")
    page.get_by_role("link", name="Begin").click()
    expect(page.get_by_text("0 answered")).to_be_visible()
    axe(page)
    page.keyboard.press("a")
    expect(page.get_by_text("1 answered")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type(PROPOSAL.replace("two hours", "three days"))
    expect(page.locator("#difference del")).to_have_text(["two hours"])
    expect(page.locator("#difference ins")).to_have_text(["three days"])
    expect(page.get_by_role("button", name="Save your edit")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("2 answered")).to_be_visible()
    page.keyboard.press("r")
    axe(page)
    page.keyboard.type("nobody asks this")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 answered")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("2 answered")).to_be_visible()
    page.keyboard.press("s")
    page.keyboard.type("not mine")
    with page.expect_navigation():  # the count stays: only another request tells that it is there
        page.keyboard.press("Enter")
    expect(page.get_by_text("2 answered").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Done. Thank you!")).to_be_visible()
    said = Annotation.objects.order_by("pk").values_list("action", "state")
    assert sorted(said) == sorted(
        [
            ("accept", "answered"),
            ("edit", "answered"),
            ("reject", "undone"),
            ("", "skipped"),
            ("accept", "answered"),
        ]
    )
    assert all(each.visible_seconds is not None for each in Annotation.objects.standing())
    assert queue.examples.accepted().count() == 3


def test_two_people_who_open_it_at_once_never_get_the_same_example(
    team: Team, opens: Opens
) -> None:
    queue = a_desk_queue(team, examples=1)
    address = f"/reviews/queues/{queue.pk}/"
    pages = [opens(user, "/reviews/") for user in (team.rui, team.ruth)]
    for page in pages:  # both are under way before either is answered
        page.evaluate(f"setTimeout(() => location.assign('{address}'), 300)")
    for page in pages:
        page.wait_for_url(f"**{address}")
    offered = [page.get_by_role("button", name="Accept as it stands").count() for page in pages]
    assert sorted(offered) == [0, 1]
    holder = pages[offered.index(1)]
    other = pages[offered.index(0)]
    expect(other.get_by_role("heading", name="Nothing for you just now")).to_be_visible()
    holder.keyboard.press("a")
    expect(holder.get_by_role("heading", name="Done. Thank you!")).to_be_visible()
    other.get_by_role("link", name="Look again").click()
    expect(other.get_by_role("heading", name="Done. Thank you!")).to_be_visible()
    assert Example.objects.get().taken == 1
    assert Annotation.objects.standing().count() == 1


@pytest.mark.parametrize("labels", [(), ("refund", "delivery", "account")])
def test_it_fits_a_phone_in_the_dark(
    team: Team, opens: Opens, axe: Callable[[Page], None], labels: tuple[str, ...]
) -> None:
    queue = a_desk_queue(team, examples=2, labels=labels)
    page = opens(team.rui, f"/reviews/queues/{queue.pk}/", dark=True, phone=True)
    assert not overflows(page)
    axe(page)
    if labels:
        page.get_by_label("delivery").check()
        page.get_by_role("button", name="Save the label").click()
    else:
        page.locator("#text").fill("Within three days.")
        page.get_by_role("button", name="Save your edit").click()
    expect(page.get_by_text("1 answered")).to_be_visible()
    expected = "delivery" if labels else "Within three days."
    assert Annotation.objects.standing().get().answer == expected


def test_labels_are_chosen_by_digits(team: Team, opens: Opens) -> None:
    queue = a_desk_queue(team, examples=1, labels=("refund", "delivery"))
    page = opens(team.rui, f"/reviews/queues/{queue.pk}/")
    page.keyboard.press("2")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Done. Thank you!")).to_be_visible()
    assert queue.examples.get().final_answer == "delivery"


def test_the_owners_pages_fit_and_are_accessible(
    team: Team, opens: Opens, axe: Callable[[Page], None]
) -> None:
    queue = a_desk_queue(team, examples=30, people=2)
    for user in (team.rui, team.ruth):
        page = opens(user, f"/reviews/queues/{queue.pk}/")
        for number in range(6):
            if number == 2 and user == team.ruth:
                page.locator("#text").fill(PROPOSAL.replace("two hours", "three days"))
                page.keyboard.press("Control+Enter")
            else:
                page.keyboard.press("a")
            expect(page.get_by_text(f"{number + 1} answered")).to_be_visible()
    decide = opens(team.eva, f"/reviews/queues/{queue.pk}/disagreements/")
    axe(decide)
    taken = decide.get_by_role("article").filter(has_text="edited it")
    taken.get_by_role("button", name="Take this one").click()
    expect(decide.get_by_role("heading", name="No disagreement is left for you")).to_be_visible()
    edited = Annotation.objects.get(action="edit", purpose="main")
    assert edited.example.final_answer == edited.answer
    for dark, phone in ((False, False), (True, True)):
        page = opens(team.eva, "/examples/", dark=dark, phone=phone)
        for address in (
            "/examples/",
            "/examples/new/",
            f"/examples/queues/{queue.pk}/",
            f"/examples/{edited.example_id}/",
        ):
            page.goto(urljoin(page.url, address))
            assert not overflows(page), address
            axe(page)
