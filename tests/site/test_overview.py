"""The overview: one row a project that one owns, what was decided there, and what it took."""

import datetime

import pytest
from django.test import Client

from evalhub.accounts.models import Role, User
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Spending, Study
from evalhub.site.overview.verdicts import months_until, verdicts_chart
from reviews.models import Judgment
from tests.cast import Team, a_team
from tests.ledger.test_decide import POLICY, REVIEW, Desk, asked, decided
from tests.reviews.judged import judge_all
from tests.site.cases import a_measured_study, many_like
from tests.site.test_query_counts import queries

OVERVIEW = "/overview/"
UTC = datetime.UTC


@pytest.fixture
def others(team: Team) -> Team:
    """Another project of Olga's, in which nothing was done."""
    return a_team("Others", "others")


def test_a_project_stands_there_with_its_verdicts_runs_and_spending(
    olga: Client, team: Team, others: Team
) -> None:
    study = a_measured_study(team, items=8)
    (verdict,) = {each.verdict for each in decide_study(study=study) if each.arm == "triage-lora"}
    a_measured_study(team, items=8, slug="second")
    run = Run.objects.latest("pk")
    Spending.objects.create(
        run=run, version=run.version, prompt_tokens=1000, completion_tokens=234, money=1.5
    )
    Run.objects.filter(pk=run.pk).update(state="failed")
    shown = olga.get(OVERVIEW).text
    listed = f"/studies/?project=support-desk&amp;verdict={verdict}"
    assert f'<a class="badge {verdict}" href="{listed}"' in shown
    assert 'aria-label="1 without a verdict in Support desk"' in shown
    assert 'href="/runs/?project=support-desk&amp;state=failed"' in shown
    assert "1,234 tokens, 1.5 spent, 0.0 hours of reviewers" in shown
    assert '<td class="number inline" data-label="Spent">1.5</td>' in shown
    assert '<span class="dim">no study</span>' in shown  # the other project


def test_hours_and_agreement_come_from_what_reviewers_did(
    olga: Client, team: Team, others: Team
) -> None:
    desk = Desk(team)
    desk.answered()
    study = desk.study(review=REVIEW | {"reviewers_per_item": 2}, policy=POLICY)
    campaign = asked(study, reviewers_per_item=2)
    judge_all(campaign, {"rui": lambda _: "candidate"}, seconds=90.0)
    hours = f'data-label="Reviewers’ hours">{Judgment.objects.count() * 90 / 3600:.1f}</td>'
    decided(study)
    shown = olga.get(OVERVIEW).text
    assert hours in shown
    assert shown.count('data-label="Agreement">–</td>') == 2  # nothing is said while it goes on
    judge_all(campaign, {"ruth": lambda _: "candidate"}, seconds=90.0)
    decided(study)
    assert 'data-label="Agreement">100%</td>' in olga.get(OVERVIEW).text


def test_it_is_for_owners_and_shows_what_they_own(team: Team, others: Team) -> None:
    eva, root = team.signed_in(team.eva), Client()
    root.force_login(User.objects.create_superuser("root"))
    assert eva.get(OVERVIEW).status_code == 403
    team.project.memberships.filter(user=team.eva).update(role=Role.OWNER)
    shown = eva.get(OVERVIEW).text
    assert "/studies/?project=support-desk" in shown
    assert "/studies/?project=others" not in shown
    assert "/studies/?project=others" in root.get(OVERVIEW).text
    assert "Every project, since" in root.get(OVERVIEW).text


def test_it_is_linked_where_there_are_several(olga: Client, team: Team) -> None:
    link = f'<a href="{OVERVIEW}">Overview</a>'
    assert link not in olga.get("/studies/").text
    a_team("Others", "others")
    assert link in olga.get("/studies/").text


def at(year: int, month: int, day: int) -> datetime.datetime:
    return datetime.datetime(year, month, day, tzinfo=UTC)


def test_verdicts_are_stacked_by_month_and_one_arm_counts_once_in_each() -> None:
    months = months_until(datetime.date(2026, 1, 15), 3)
    assert [each.long for each in months] == ["November 2025", "December 2025", "January 2026"]
    chart = verdicts_chart(
        months,
        [
            (at(2025, 10, 31), 1, "lora", "ship"),  # before them
            (at(2025, 12, 1), 1, "lora", "need-more-data"),
            (at(2025, 12, 9), 1, "lora", "hold"),  # in that one's place
            (at(2025, 12, 9), 2, "lora", "ship"),
            (at(2026, 1, 2), 1, "lora", "ship"),
        ],
    )
    assert chart is not None
    assert chart.desc == "2 ship, 1 hold"
    assert [each.tooltip for each in chart.bars] == [
        "December 2025: 1 verdict ship",
        "December 2025: 1 verdict hold",
        "January 2026: 1 verdict ship",
    ]
    ship, hold, _ = chart.bars
    assert (ship.y, ship.height, hold.y, hold.height) == ("50.00%", "50.00%", "0.00%", "50.00%")
    assert chart.table is not None
    assert chart.table.rows[1] == ["December 2025", "1", "1", "0", "0"]
    assert verdicts_chart(months, []) is None


def test_it_takes_as_many_queries_for_sixty_studies_as_for_two(
    olga: Client, team: Team, others: Team
) -> None:
    study = a_measured_study(team, items=4)
    decide_study(study=study)
    olga.get(OVERVIEW)
    few = queries(olga, OVERVIEW)
    many_like(study, 58)
    assert Study.objects.count() == 59
    assert Decision.objects.count() > 100
    assert queries(olga, OVERVIEW) == few
