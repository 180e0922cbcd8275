"""The pages of live experiments, as a browser has them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.features.experiments.models import Experiment
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.width import overflows
from tests.features.experiments.experiments_of import CHAMPION, a_pair, an_experiment
from tests.features.experiments.followed import a_followed_experiment
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

HOW = [(False, False), (True, False), (False, True)]


def address(experiment: Experiment) -> str:
    return reverse("site:experiment", args=[experiment.pk])


def new(team: Team) -> str:
    return reverse("site:new_experiment", args=[team.project.slug])


def some_traffic(team: Team) -> None:
    """A request of each of 60 users a day for a week; most are resolved, some fail."""
    requests, signals = [], []
    for day in range(1, 8):
        for user in range(60):
            key, time = f"{day}-{user}", noon(day) + timedelta(seconds=user)
            error = "Timeout" if (user + day) % 20 == 0 else ""
            requests.append(
                a_request(
                    key, time=time, user=f"u{user}-{day % 3}", model=CHAMPION, error_type=error
                )
            )
            solved = float((user * 7 + day) % 3 > 0)
            signals.append(a_signal(f"s{key}", request=key, time=time, name="solved", value=solved))
    taken(team.project, requests, signals)


@pytest.mark.parametrize("ends", [False, True])
def test_axe_finds_nothing_and_all_fits_where_one_is_followed(
    opens: Opens, axe: Callable[[Page], None], team: Team, ends: bool
) -> None:
    experiment = a_followed_experiment(team, harm=0.03 * ends, ends=ends)
    listed = reverse("site:experiments", args=[team.project.slug])
    version = reverse("site:version", args=[experiment.challenger_id])
    chart = "resolved: difference from the champion"
    for dark, phone in HOW:
        page = opens(team.eva, address(experiment), dark=dark, phone=phone)
        expect(page.get_by_role("img", name=chart)).to_be_visible()
        site = page.evaluate("location.origin")
        for path in (address(experiment), listed, version, "/"):
            page.goto(f"{site}{path}")
            axe(page)
            assert not overflows(page), path
        page.goto(f"{site}{address(experiment)}")
        for summary in page.locator("main summary").all():
            summary.click()
        axe(page)
        assert not overflows(page)


@pytest.mark.parametrize(("dark", "phone"), HOW)
def test_one_is_planned_started_and_stopped_by_keyboard(
    opens: Opens, axe: Callable[[Page], None], team: Team, dark: bool, phone: bool
) -> None:
    a_pair(team)
    some_traffic(team)
    page = opens(team.olga, new(team), dark=dark, phone=phone)
    axe(page)
    page.get_by_label("It must gain in").select_option("solved")
    needs = page.get_by_role("region", name="What it needs")
    expect(needs).to_contain_text("to find the gain of 0.01 in solved")
    page.get_by_label("Gain worth finding").fill("0.1")
    page.get_by_label("Gain worth finding").press("Tab")
    expect(needs).to_contain_text("to find the gain of 0.1 in solved")
    expect(needs).to_contain_text("a loss of")
    axe(page)
    assert not overflows(page)
    page.get_by_label("Name of the experiment").fill("Shorter answers")
    page.get_by_label("Challenger is served as").fill("support-lora")
    page.get_by_label("Why").fill("It is shorter.")
    page.get_by_role("button", name="Start the experiment").press("Enter")
    expect(page.get_by_text("lora v1 answers users from now on.")).to_be_visible()
    axe(page)
    assert not overflows(page)
    page.get_by_role("link", name="Stop it").press("Enter")
    page.locator("#stop-reason").fill("Tickets came in.")
    page.get_by_role("button", name="Stop the experiment").press("Enter")
    expect(
        page.get_by_text("Shorter answers is stopped: base v1 answers everybody.")
    ).to_be_visible()
    axe(page)


def test_the_longest_names_fit_a_phone(opens: Opens, team: Team) -> None:
    experiment = an_experiment(team, "Wolkenkratzer" * 9, reason="Donaudampfschiff" * 200)
    page = opens(team.olga, address(experiment), phone=True)
    assert not overflows(page)
    site = page.evaluate("location.origin")
    for path in ("/", new(team), reverse("site:experiments", args=[team.project.slug])):
        page.goto(f"{site}{path}")
        assert not overflows(page), path


def test_it_is_read_again_but_not_under_somebody_s_hands(opens: Opens, team: Team) -> None:
    experiment = an_experiment(team, share=0.05)
    page = opens(team.eva, address(experiment))
    page.clock.install()
    page.reload()
    share = page.locator("#live .alternatives").first
    expect(share).to_contain_text("5% of users, epoch 1")
    Experiment.objects.get().steps.update(coverage=0.2)
    page.locator("#live summary").first.click()
    page.clock.run_for(16_000)
    expect(share).to_contain_text("5% of users, epoch 1")
    page.locator("#live summary").first.click()
    page.get_by_role("heading", name="Change it").click()
    page.clock.run_for(16_000)
    expect(share).to_contain_text("10% of users, epoch 1")
