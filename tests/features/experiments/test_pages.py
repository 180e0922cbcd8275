"""The pages of live experiments: planned, started, followed, changed and ended."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.features.experiments.assessing.assess import assess
from evalhub.features.experiments.models import Experiment, LiveReading, Step
from evalhub.features.experiments.ramping import set_share
from evalhub.features.experiments.rule import Variant
from evalhub.features.traffic.rows import RequestRow
from tests.cast import Team, a_team, a_version
from tests.features.experiments.decisions_of import a_live_decision
from tests.features.experiments.experiments_of import (
    CHAMPION,
    a_pair,
    a_plan,
    an_experiment,
)
from tests.features.experiments.followed import a_followed_experiment
from tests.features.experiments.plan_form import form_of
from tests.features.experiments.user_days import add_users
from tests.features.lifecycle.test_promotion import decided
from tests.features.traffic.rows_of import a_request, a_signal, noon, taken
from tests.features.traffic.test_pages import read
from tests.site.test_query_counts import queries

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]


def address(experiment: Experiment, act: str = "") -> str:
    name = "site:change_experiment" if act else "site:experiment"
    return reverse(name, args=[experiment.pk])


def page(client: Client, experiment: Experiment) -> str:
    """An experiment's page as it reads."""
    return read(client.get(address(experiment)).text)


def changed(client: Client, experiment: Experiment, **form: str) -> tuple[int, str]:
    """What comes of a form on its page, and how the next page reads."""
    response = client.post(address(experiment, "change"), form, follow=True)
    return response.status_code, read(response.text)


def new(team: Team) -> str:
    return reverse("site:new_experiment", args=[team.project.slug])


def some_traffic(team: Team) -> None:
    """Two requests of each of 40 users a day for four days; one in ten fails."""
    taken(team.project, list(_requests()), [a_signal("s1", request="1-3-0", name="resolved")])


def _requests() -> Iterator[RequestRow]:
    for day in range(1, 5):
        for user in range(40):
            for number in range(2):
                yield a_request(
                    f"{day}-{user}-{number}",
                    time=noon(day) + timedelta(seconds=user),
                    user=f"u{user if user % 2 else f'{user} of {day}'}",
                    model=CHAMPION,
                    error_type="Timeout" if (user + number) % 10 == 0 else "",
                )


def test_a_plan_is_previewed_by_the_project_s_own_users_and_stores_nothing(
    olga: Client, team: Team
) -> None:
    _, challenger = a_pair(team)
    some_traffic(team)
    before = read(olga.get(new(team)).text)
    assert "Errors 10% of 320 requests" in before
    assert "resolved more is better 1 signal with a value, in two weeks" in before
    assert "lora v1: no decision, an owner’s override" in before
    form = form_of(challenger, planned_users="", reason="", name="") | {"preview": "1"}
    shown = read(olga.post(new(team), form).text)
    assert "users, about" in shown
    assert "to find the gain of 0.02 in Errors (0.1 now) with 80% power" in shown
    assert "This field is required" not in shown, "of what the preview doesn't need"
    assert not Experiment.objects.exists()


def test_what_cannot_be_planned_is_said_at_its_field(olga: Client, team: Team) -> None:
    _, challenger = a_pair(team)
    for fields, message in (
        ({"planned_users": ""}, "say how many: the traffic tells nothing of errors"),
        ({"ramp": "50, 1"}, "the shares rise"),
        ({"ramp": "a few"}, "shares in per cent, such as 1, 5, 25, 50"),
        ({"ramp": "1, 80"}, "a share is above 0 and at most 0.5 (50%)"),
        ({"ramp": "nan"}, "shares in per cent, such as 1, 5, 25, 50"),
        ({"planned_gain": "-1"}, "must be"),
        ({"margin_1": "0.01"}, "from how many milliseconds on a request is slow"),
        ({"margin_0": "0.01", "primary": "refusals", "margin_2": "-1"}, "must be 0 or more"),
        ({"feedback_hours": "100000"}, "must be at most"),
        ({"primary": "beauty"}, "beauty is not one of the available choices"),
    ):
        for button in ("preview", "start"):
            response = olga.post(new(team), form_of(challenger, **fields) | {button: "1"})
            assert response.status_code == 400, fields
            assert message in read(response.text), fields
    assert not Experiment.objects.exists()


def test_a_flaw_of_a_preview_names_its_field(olga: Client, team: Team) -> None:
    _, challenger = a_pair(team)
    for fields, flaw in (
        ({"ramp": "50, 1"}, "Shares, step by step (%): the shares rise"),
        ({"margin_1": "0.01"}, "Slow is over (ms): from how many milliseconds on"),
    ):
        form = form_of(challenger, **fields) | {"preview": "1"}
        text = read(olga.post(new(team), form, headers={"HX-Request": "true"}).text)
        assert flaw in text.partition("What it needs")[2]


def test_a_comma_is_a_decimal_one_where_semicolons_part_the_shares(
    olga: Client, team: Team
) -> None:
    _, challenger = a_pair(team)
    form = form_of(challenger, ramp="2,5; 10; 50%") | {"start": "1"}
    olga.post(new(team), form)
    assert Experiment.objects.get().plan.ramp == (0.025, 0.1, 0.5)


def test_a_plan_is_previewed_before_its_names_are_filled_in(olga: Client, team: Team) -> None:
    a_pair(team)
    text = olga.get(new(team)).text
    assert '<button name="preview" value="1" formnovalidate>Preview</button>' in text


def test_an_owner_starts_one_and_its_page_says_where_it_stands(olga: Client, team: Team) -> None:
    champion, challenger = a_pair(team)
    form = form_of(challenger, margin_3="0.01") | {"start": "1"}
    response = olga.post(new(team), form, follow=True)
    experiment = Experiment.objects.get()
    assert response.redirect_chain == [(address(experiment), 302)]
    assert [guard.metric for guard in experiment.plan.guards] == ["refusals"]
    text = read(response.text)
    assert "lora v1 answers users from now on." in text
    assert f"{challenger} against {champion}" in text
    assert "by an owner’s word: no decision ships: It is shorter." in text
    assert "? Need more data challenger waits: errors can't be measured yet" in text
    assert "1% of users, epoch 1 · no traffic counted yet" in text
    assert "Next is 50%, when somebody says so: the plan doesn’t ramp by itself." in text
    assert "the flag model with a user’s id" in text
    again = olga.post(new(team), form_of(challenger, name="Again") | {"start": "1"})
    assert again.status_code == 400
    assert "One experiment at a time Shorter answers is running." in read(again.text)


def test_judged_answers_are_measured_by_their_scores_and_not_by_all_requests(
    olga: Client, team: Team
) -> None:
    """As many of both arms are judged: over all requests the larger arm's would be fewer."""
    _, challenger = a_pair(team)
    some_traffic(team)
    taken(team.project, [], [a_signal("s2", request="1-3-0", name="judged", value=1.0)])
    form = form_of(challenger, primary="signal:judged", more="on", start="1")
    assert olga.post(new(team), form).status_code == 302
    assert Experiment.objects.get().plan.primary.per == "signal"


def test_an_evaluator_starts_what_a_decision_says_may_ship_and_nothing_else(
    eva: Client, team: Team
) -> None:
    champion, challenger = a_pair(team)
    nobody = read(eva.get(new(team)).text)
    assert "No decision says that a version may ship against base v1." in nobody
    decision = decided(team, champion, challenger, slug="offline")
    text = read(eva.get(new(team)).text)
    assert f"lora v1: ships by decision {decision.pk} (Offline)" in text
    response = eva.post(new(team), form_of(challenger) | {"start": "1"}, follow=True)
    assert f"by decision {decision.pk}: It is shorter." in read(response.text)
    assert Experiment.objects.get().decision == decision


def test_a_project_without_a_champion_says_what_comes_first(olga: Client, team: Team) -> None:
    version = a_version(team, "lora")
    assert "Support desk has no champion." in read(olga.get(new(team)).text)
    response = olga.post(new(team), form_of(version) | {"start": "1"})
    assert response.status_code == 400
    assert "support-desk has no champion to be challenged" in read(response.text)


def test_the_page_shows_the_sequence_with_its_bound_guards_users_and_the_ramp(
    eva: Client, team: Team
) -> None:
    experiment = a_followed_experiment(team, days=20)
    response = eva.get(address(experiment))
    text = read(response.text)
    assert "resolved: what it must gain" in text
    assert response.text.count('class="area') == 5, "the primary, and four guards"
    assert response.text.count('class="rule bound"') == 4, "minus each margin"
    assert "epoch 2" in text
    assert "Thumbs down supporting may lose 0.02" in text
    exposure = response.context["shown"].record.exposure
    assert f"Users: {exposure.exposed:,}" in text
    assert f"base v1 {exposure.champion.users:,} {exposure.champion.requests:,} 0 0 0" in text
    default, unreached = exposure.challenger.by_default, exposure.challenger.unreached
    assert f"{exposure.challenger.requests:,} {default} 0 {unreached}" in text
    assert "no mismatch at 0.05" in text
    assert "The challenger last answered a user" in text
    assert "The last share of the plan is reached." in text
    assert "eva: It goes well." in text
    newest = experiment.study.decisions.newest_first()[0]
    assert f"decision {newest.pk}" in text
    assert "hx-trigger" in response.text


def test_a_rollback_is_said_on_its_page_and_nothing_can_be_changed(eva: Client, team: Team) -> None:
    experiment = a_followed_experiment(team, days=12, harm=0.2, ends=True)
    response = eva.get(address(experiment))
    text = read(response.text)
    assert "✗ rolled back" in text
    assert "✗ Hold" in text
    assert "by itself: errors: the whole sequence lies beyond the margin" in text
    assert "Nobody is exposed any more" in text
    assert "It has ended: nothing is ramped any more." in text
    assert "Change it" not in text
    assert "hx-trigger" not in response.text
    status, text = changed(eva, experiment, verb="stop", reason="Again.")
    assert (status, "Not done: Shorter answers was rolled back on" in text) == (409, True)


def test_invalid_evidence_shows_no_result(eva: Client, team: Team) -> None:
    experiment = a_followed_experiment(team, days=8)
    flawed = experiment.record | {"verdict": "invalid", "criteria": []}
    Experiment.objects.filter(pk=experiment.pk).update(record=flawed)
    response = eva.get(address(experiment))
    assert 'class="area' not in response.text
    assert "Guards: what it must not lose" not in read(response.text)
    assert f"Users: {experiment.record['exposure']['exposed']:,}" in read(response.text)


def test_a_mismatch_says_what_to_do(eva: Client, team: Team) -> None:
    experiment = a_live_decision(team, "invalid").study.experiment
    text = page(eva, experiment)
    assert "No result is shown before this is mended: what to do" in text


def test_many_guards_are_a_table_and_their_pictures_are_folded(eva: Client, team: Team) -> None:
    names = [f"signal:{letter}" for letter in "abcdefg"]
    guards = [{"metric": name, "margin": 0.01} for name in names]
    experiment = an_experiment(team, plan=a_plan(guards=guards))
    signals = {name: [2, 1.0] for name in names}
    for variant in Variant:
        for value, metric in ((0, "errors"), (1, "errors")):
            add_users(
                experiment,
                variant,
                100,
                day=noon(0).date(),
                events=50,
                metric=metric,
                group=str(value),
                closed=2,
                requests=2,
                signals={name: [count, total + value] for name, (count, total) in signals.items()},
            )
    record = assess(experiment, timezone.now()).record
    Experiment.objects.filter(pk=experiment.pk).update(record=record.as_json())
    assert eva.get(address(experiment)).text.count("Each guard over time") == 1
    few = a_followed_experiment(a_team("Sales", "sales"), days=9)
    assert "Each guard over time" not in eva.get(address(few)).text


def test_its_share_is_changed_by_per_cent_and_not_on_a_page_of_yesterday(
    eva: Client, team: Team
) -> None:
    experiment = an_experiment(team, share=0.01)
    status, text = changed(
        eva, experiment, verb="share", share="7%", instead_of="1", reason="It is quiet."
    )
    assert (status, "lora v1 answers 7% of all users. Your reason" in text) == (200, True)
    assert "7% of users, epoch 1" in text
    status, text = changed(
        eva, experiment, verb="share", share="20", instead_of="1", reason="It is quiet still."
    )
    assert (status, "Not done: the challenger's share isn't 1% any more" in text) == (409, True)
    assert "It is quiet still." in text, "what was typed stays"
    for share in ("", "much", "nan", "1e999", "0", "-1", "51"):
        status, text = changed(eva, experiment, verb="share", share=share, reason="Why not.")
        assert (status, "Not done:" in text) == (409, True), share
    assert [round(step.rule.share, 9) for step in Step.objects.all()] == [0.01, 0.07]


def test_a_share_may_have_a_decimal_comma(eva: Client, team: Team) -> None:
    experiment = an_experiment(team, share=0.01)
    _, text = changed(eva, experiment, verb="share", share="2,5", instead_of="1", reason="On.")
    assert "lora v1 answers 2.5% of all users." in text
    status, text = changed(eva, experiment, verb="share", share="nan", reason="On.")
    assert (status, "'nan' is no number of per cent, such as 5 or 2.5" in text) == (409, True)


def test_a_weight_without_room_for_the_next_share_says_what_comes_first(
    eva: Client, team: Team
) -> None:
    experiment = an_experiment(team, share=0.05)
    changed(eva, experiment, verb="epoch", weight="20", reason="Fewer.")
    text = page(eva, experiment)
    assert "The plan’s next share is above the weight, 20%: begin an epoch to go on." in text


def test_a_share_that_somebody_lowered_stays_so_in_another_epoch(eva: Client, team: Team) -> None:
    experiment = an_experiment(team, share=0.25)
    changed(eva, experiment, verb="share", share="5", reason="Too fast.")
    changed(eva, experiment, verb="epoch", reason="The salt was in a log.")
    text = page(eva, experiment)
    assert "Next is 25%, when somebody says so: the share was lowered by hand." in text


def test_what_has_no_data_says_what_comes_next(eva: Client, team: Team) -> None:
    experiment = an_experiment(team)
    text = page(eva, experiment)
    assert "The challenger hasn’t answered any user yet: how to route users to it." in text


def test_one_reading_is_no_picture(eva: Client, team: Team) -> None:
    experiment = a_followed_experiment(team, days=9)
    LiveReading.objects.exclude(pk=experiment.readings.latest("at").pk).delete()
    assert "Nothing to draw yet: it takes two readings." in page(eva, experiment)


def test_an_epoch_begins_with_another_weight(eva: Client, team: Team) -> None:
    experiment = an_experiment(team, share=0.1)
    status, text = changed(eva, experiment, verb="epoch", weight="20", reason="A smaller share.")
    assert (status, "Epoch 2 begins: users are dealt anew." in text) == (200, True)
    assert "epoch 2, weight 20%" in text


@pytest.mark.parametrize(("verb", "word"), [("stop", "stopped"), ("rollback", "rolled back")])
def test_any_evaluator_ends_it(eva: Client, team: Team, verb: str, word: str) -> None:
    experiment = an_experiment(team)
    status, text = changed(eva, experiment, verb=verb, reason="Tickets came in.")
    sentence = f"Try the adapter is {word}: base v1 answers everybody."
    assert (status, sentence in text) == (200, True)
    assert "by eva: Tickets came in." in text
    assert changed(eva, experiment, verb=verb, reason="Tickets came in.")[0] == 200, "once"
    assert changed(eva, experiment, verb="explode", reason="Why not.")[0] == 400


def test_the_challenger_is_promoted_on_its_page(eva: Client, team: Team) -> None:
    champion, challenger = a_pair(team)
    decided(team, champion, challenger, slug="offline")
    experiment = an_experiment(team, challenger=challenger, by=team.eva)
    assert "Promote lora v1" in page(eva, experiment)
    status, text = changed(eva, experiment, verb="promote", reason="It holds.")
    assert (status, "lora v1 is the champion of support-desk." in text) == (200, True)
    assert "✓ promoted" in text


def test_reviewers_and_others_see_nothing_of_it(team: Team) -> None:
    experiment = an_experiment(team)
    addresses = [
        address(experiment), new(team), reverse("site:experiments", args=[team.project.slug])
    ]  # fmt: skip
    for person, status in ((team.rui, 403), (team.sam, 403)):
        client = team.signed_in(person)
        for each in addresses:
            response = client.get(each)
            assert response.status_code == status
            assert "lora" not in response.text
        assert client.post(address(experiment, "change"), {"verb": "stop"}).status_code == status
    assert "Try the adapter" not in team.signed_in(team.rui).get("/", follow=True).text
    assert Experiment.objects.get().is_running


def test_home_production_and_versions_name_the_one_that_runs(eva: Client, team: Team) -> None:
    experiment = an_experiment(team, share=0.05)
    line = "Experiment Try the adapter: lora v1 answers 5% of Support desk’s users since"
    production = reverse("site:production_figures", args=[team.project.slug])
    for where in ("/", production):
        text = read(eva.get(where).text)
        assert line in text
        assert "Any owner or evaluator may stop it" in text
    version = read(eva.get(reverse("site:version", args=[experiment.challenger_id])).text)
    assert "Stage: canary" in version
    assert "Try the adapter running No verdict yet against base v1, 5% of users" in version
    listed = read(eva.get(reverse("site:experiments", args=[team.project.slug])).text)
    assert "Try the adapter lora v1 against base v1 running 5% – No verdict yet" in listed
    changed(eva, experiment, verb="stop", reason="Enough.")
    assert line not in read(eva.get("/").text)
    canaries = eva.get(reverse("site:versions"), {"stage": "canary"}).context["listed"].page
    assert list(canaries) == []


def test_a_list_without_experiments_says_what_one_is(eva: Client, team: Team) -> None:
    text = read(eva.get(reverse("site:experiments", args=[team.project.slug])).text)
    assert "No experiment yet" in text


def test_pages_take_as_many_queries_however_long_it_runs(eva: Client, team: Team) -> None:
    experiment = a_followed_experiment(team, days=12)
    listed = reverse("site:experiments", args=[team.project.slug])
    pages = [address(experiment), listed, "/"]
    eva.get("/")
    few = [queries(eva, each) for each in pages]
    newest = LiveReading.objects.order_by("-at")[0]
    for number in range(300):
        newest.pk, newest.at = None, newest.at + timedelta(minutes=15)
        newest.save(force_insert=True)
        if number < 20:
            share = 0.1 + 0.01 * number
            set_share(experiment=experiment, by=team.eva, share=share, reason="On.")
    response = eva.get(address(experiment))
    assert 50 <= len(response.context["shown"].primary.chart.table.rows) <= 60, "thinned"
    assert [queries(eva, each) for each in pages] == few
    assert few[0] <= 25
