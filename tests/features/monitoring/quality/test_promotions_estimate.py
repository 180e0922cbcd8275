"""The promotion's own estimate is drawn beside what a monitor of quality measures."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.features.monitoring.models import Monitor
from evalhub.features.monitoring.page_data.estimates import promotion_estimates
from evalhub.features.monitoring.quality.looking import look_at_quality
from evalhub.features.traffic.keeping import change_settings
from evalhub.ledger.decide import decide_study
from tests.cast import Team, a_metric, a_run, a_study, a_test_set, a_version
from tests.features.monitoring.quality.watched import a_monitor, answered, morning, promote

pytestmark = pytest.mark.django_db
RIGHT, DAYS = 45, 20


def promoted_by_a_study(team: Team, **options: Any) -> None:
    """By 45 of 60 items that are JSON; on a guard's items all are."""
    metric = a_metric("json_valid", **options)
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    primary, guard = a_test_set(team, "tickets", items=60), a_test_set(team, "others", items=300)
    for version, right in ((base, 20), (tuned, RIGHT)):
        scores = [1.0] * right + [0.0] * (60 - right)
        a_run(version, primary, scores=scores, metric=metric)
        a_run(version, guard, scores=[1.0] * 300, metric=metric)
    study = a_study(
        team, baseline=base, candidate=tuned, primary=primary, guards=[guard], metric=metric
    )
    change_settings(project=team.project, by=None, text_share=1)
    promote(team, tuned, days_ago=DAYS + 1, decision=decide_study(study=study)[0])


def page_of(monitor: Monitor, reader: User) -> str:
    client = Client()
    client.force_login(reader)
    return client.get(reverse("site:monitor", args=[monitor.pk])).text


def test_it_is_that_of_the_primary_by_the_same_metric(team: Team) -> None:
    promoted_by_a_study(team, root="object")
    monitor = a_monitor(team)
    answered(team, *range(1, DAYS))
    look_at_quality(monitor, morning())
    [(key, estimate)] = promotion_estimates(monitor).items()
    assert key[1] == "json_valid (root=object)"
    assert estimate == RIGHT / 60
    page = page_of(monitor, team.eva)
    assert "the promotion’s own estimate 0.750, not tested" in page
    assert "the promotion’s own estimate: not tested" in page


def test_another_option_is_another_metric(team: Team) -> None:
    promoted_by_a_study(team, root="array")
    monitor = a_monitor(team)
    answered(team, *range(1, DAYS))
    look_at_quality(monitor, morning())
    assert "own estimate 0.750" not in page_of(monitor, team.eva)
