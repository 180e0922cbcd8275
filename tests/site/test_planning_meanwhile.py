"""While one project plans a review, another one's reviewers go on judging."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.features.erasure.redact import redact
from evalhub.features.table import REDACTORS
from evalhub.studies.web.pairs_upload import register_upload
from reviews.models import Campaign, Judgment
from reviews.planning.answers import MOST_ANSWERS, JoinedAnswers, _Kept
from reviews.texts import USUAL
from tests.cast import Team, a_team
from tests.reviews.conftest import a_campaign
from tests.reviews.pages.test_pages import form
from tests.site.test_campaign_pages import HTMX, filled

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_S = 10
"""For one judgment beside a large plan: a busy machine, and no wait for the plan's end."""


@pytest.fixture
def team() -> Team:
    return a_team()


@pytest.fixture
def others(team: Team) -> Campaign:
    return a_campaign(a_team("Others", "others"), items=200)


def judge(reviewer: Client, campaign: Campaign) -> None:
    shown = reviewer.get(reverse("reviews:campaign", args=[campaign.pk]), follow=True)
    action, fields = form(shown.text)
    assert reviewer.post(action, fields | {"choice": "left"}).status_code < 400


def plan_page(team: Team, folder: Path, items: int, size: int = 40) -> str:
    """The form that plans a review of so many uploaded pairs."""
    path = folder / "pairs.jsonl"
    with path.open("w") as file:
        for n in range(items):
            said = {"id": f"q{n}", "prompt": f"Say {n}", "left": f"{n} " + "l" * size}
            file.write(json.dumps(said | {"right": f"{n} " + "r" * size}) + "\n")
    found = register_upload(project=team.project, by=team.olga, name="Tone", path=path)
    runs = f"{found.baseline_run.pk}-{found.candidate_run.pk}"
    return reverse("site:new_campaign", query={"runs": runs, "name": "Tone"})


def in_a_thread(work: Callable[[], None]) -> Callable[[], None]:
    """Starts it on a connection of its own; what is returned waits for it, and raises its error."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # raised in the test's own thread below
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()

    def ended() -> None:
        thread.join()
        if errors:
            raise errors[0]

    return ended


class AtEachReading:
    """Does something in another thread, and waits for it, each time that a plan begins to read."""

    def __init__(self, work: Callable[[int], None], times: int) -> None:
        self.work, self.times, self.done, self.reads = work, times, 0, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        first_of_a_plan = '"registry_item"."tags"' in sql and '"registry_output"."text"' in sql
        self.reads += first_of_a_plan
        # Of every plan the baseline's answers are read, and then the candidate's.
        if first_of_a_plan and self.reads % 2 == 0 and self.done < self.times:
            self.done += 1
            in_a_thread(lambda: self.work(self.done))()
        return execute(sql, params, many, context)


def test_a_judgment_is_saved_while_the_answers_of_a_plan_are_read(
    team: Team, others: Campaign, tmp_path: Path
) -> None:
    """Neither a preview nor the opening holds the one writer that SQLite has."""
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20)
    reviewer = Client()
    reviewer.force_login(team.rui)
    shown_alike = {"pretty_json": "on"}  # of which the form has read no answers yet
    for sent, saved in ((shown_alike, 1), (shown_alike | {"open": "1"}, 2)):
        meanwhile = AtEachReading(lambda _: judge(reviewer, others), times=1)
        with connection.execute_wrapper(meanwhile):
            answer = olga.post(page, given | sent, headers=HTMX if saved == 1 else {})
        assert answer.status_code == (200 if saved == 1 else 302)
        assert meanwhile.done == 1
        assert Judgment.objects.count() == saved
    assert Campaign.objects.exclude(pk=others.pk).get().pairs.filter(kind="main").count() == 20


@pytest.fixture
def twenty_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviews.planning.answers.MANY", 20)
    monkeypatch.setattr("reviews.planning.answers._KEPT", _Kept())


@pytest.mark.usefixtures("twenty_are_many")
def test_a_big_preview_keeps_nobody_waiting_not_even_another_one(
    team: Team, others: Campaign, tmp_path: Path
) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20, seed=3, pretty_json="on")
    reviewer, eva = Client(), team.signed_in(team.eva)
    reviewer.force_login(team.rui)

    def three_more(_: int) -> None:
        judge(reviewer, others)
        told = eva.post(page, given, headers=HTMX)
        assert told.status_code == 200
        assert "Another plan is being worked out." in told.text
        assert 'hx-trigger="load delay:2s"' in told.text, "it asks again by itself"
        assert "judgments</p>" not in told.text
        whole = eva.post(page, given)
        assert whole.status_code == 200
        assert "Another plan is being worked out." in whole.text
        assert 'id="plan"' in whole.text

    meanwhile = AtEachReading(three_more, times=1)
    with connection.execute_wrapper(meanwhile):
        told = olga.post(page, given, headers=HTMX)
    assert meanwhile.done == 1
    assert "Another plan" not in told.text
    assert "judgments</p>" in told.text
    assert eva.post(page, given, headers=HTMX).text == told.text, "its turn came"


@pytest.mark.usefixtures("twenty_are_many")
def test_a_preview_that_fails_lets_the_next_one_in(team: Team, tmp_path: Path) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20)
    broken = AtEachReading(lambda _: 1 / 0, times=1)  # type: ignore[arg-type, return-value]
    shown_alike = given | {"pretty_json": "on"}
    with pytest.raises(ZeroDivisionError), connection.execute_wrapper(broken):
        olga.post(page, shown_alike, headers=HTMX)
    assert "Another plan" not in olga.post(page, shown_alike, headers=HTMX).text


def test_a_changed_field_reads_no_answer_again_unless_one_has_changed(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20)
    changed = [{"people": "5"}, {"items": "12"}, {"seed": "9"}, {"strata": "length"}]

    def previews() -> list[str]:
        return [olga.post(page, given | each, headers=HTMX).text for each in changed]

    reads = AtEachReading(lambda _: None, times=0)
    with connection.execute_wrapper(reads):
        kept = previews()
    assert reads.reads == 0
    redacting(team)(1)
    with connection.execute_wrapper(reads):
        after = previews()
    assert reads.reads == 2, "each arm's answers, once"
    assert after != kept
    monkeypatch.setattr("reviews.planning.answers.MOST_ANSWERS", 10)
    with connection.execute_wrapper(reads):
        assert previews() == after, "as it is when nothing is kept"
    assert reads.reads == 2 + 2 * len(changed)


@pytest.mark.usefixtures("twenty_are_many")
def test_answers_that_changed_while_they_were_read_are_not_kept(team: Team, tmp_path: Path) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20, pretty_json="on")
    meanwhile = AtEachReading(redacting(team), times=1)
    with connection.execute_wrapper(meanwhile):
        olga.post(page, given, headers=HTMX)
        shown = olga.post(page, given, headers=HTMX).text
    assert meanwhile.reads == 4
    assert "Of 19 items whose answers differ" in shown


def test_what_is_kept_of_answers_is_bounded() -> None:
    kept, one = _Kept(), cast(JoinedAnswers, object())
    keys = [((), (n,), "all", USUAL) for n in range(9)]
    for key in keys[:6]:
        kept.keep(key, one, 10)
    assert [n for n in range(9) if kept.get(keys[n])] == [2, 3, 4, 5]
    kept.keep(keys[6], one, MOST_ANSWERS - 10)
    assert [n for n in range(9) if kept.get(keys[n])] == [5, 6]


def redacting(team: Team) -> Callable[[int], None]:
    slug = team.project.test_sets.get().slug

    def work(number: int) -> None:
        redact(
            project=team.project,
            test_set=slug,
            item=f"q{number}",
            reason="asked",
            by=team.olga,
            redactors=REDACTORS,
        )

    return work


def test_a_plan_whose_answers_change_while_it_is_made_is_made_anew(
    team: Team, tmp_path: Path
) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20)
    meanwhile = AtEachReading(redacting(team), times=1)
    with connection.execute_wrapper(meanwhile):
        assert olga.post(page, given | {"open": "1"}).status_code == 302
    campaign = Campaign.objects.get()
    assert meanwhile.reads == 4, "each arm's answers, twice"
    assert len(campaign.plan["items"]) == 19
    assert "q1" not in campaign.plan["items"]
    olga.post(page, given | {"open": "1"})
    assert Campaign.objects.get() == campaign, "the plan of the answers as they are now"


def test_answers_that_keep_changing_are_not_planned_on(team: Team, tmp_path: Path) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=20)
    given = filled(olga.get(page), items=20)
    with connection.execute_wrapper(AtEachReading(redacting(team), times=3)):
        shown = olga.post(page, given | {"open": "1"})
    assert "the answers change while the plan is made" in shown.text
    assert not Campaign.objects.exists()


@pytest.mark.heavy
@pytest.mark.alone
def test_another_projects_reviewer_judges_while_ten_thousand_items_are_planned(
    team: Team, others: Campaign, tmp_path: Path
) -> None:
    olga, page = team.signed_in(team.olga), plan_page(team, tmp_path, items=10_000, size=500)
    given = filled(olga.get(page), items=10_000)
    reviewer = Client()
    reviewer.force_login(team.rui)
    judge(reviewer, others)

    def plan() -> None:
        assert olga.post(page, given, headers=HTMX).status_code == 200
        assert olga.post(page, given | {"open": "1"}).status_code == 302

    slowest, judged, over = 0.0, 1, threading.Event()

    def plan_to_its_end() -> None:
        try:
            plan()
        finally:
            over.set()

    ended = in_a_thread(plan_to_its_end)
    while not over.is_set() and judged < 150:
        start = time.monotonic()
        judge(reviewer, others)
        slowest, judged = max(slowest, time.monotonic() - start), judged + 1
    ended()
    assert judged > 2
    assert Judgment.objects.count() == judged
    assert slowest < LIMIT_S
    assert Campaign.objects.exclude(pk=others.pk).get().pairs.filter(kind="main").count() == 10_000
