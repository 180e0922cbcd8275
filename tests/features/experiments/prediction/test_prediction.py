"""Did offline predict online: pairs of decisions side by side, and how often they agree."""

import json
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Scope
from evalhub.accounts.tokens import add_token
from evalhub.cli.app import run
from evalhub.decision.prediction import FEWEST_PAIRS, NoPair
from evalhub.declare.verdicts import Verdict
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.prediction.report import PredictionReport, prediction_report
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_team, a_version
from tests.features.experiments.experiments_of import a_pair, a_plan
from tests.features.experiments.prediction.pairs_of import (
    an_ended_experiment,
    an_offline_decision,
)

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]


def report() -> PredictionReport:
    return prediction_report(Experiment.objects.all())


def a_predicted_pair(team: Team, **fields: object) -> tuple[ModelVersion, ModelVersion]:
    champion, challenger = a_pair(team)
    decision = an_offline_decision(team, champion, challenger)
    assert decision.verdict == Verdict.SHIP
    an_ended_experiment(team, champion, challenger, decision=decision, **fields)
    return champion, challenger


def test_both_differences_stand_side_by_side_with_their_errors() -> None:
    """Offline 30 of 200 items turned right, and none wrong: .15 ± √(.15·.85/199). Online 50% and
    60% of 500 users an arm."""
    a_predicted_pair(a_team())
    (pair,) = report().pairs
    offline, live = pair.result.offline, pair.result.live
    assert offline.difference == pytest.approx(0.15)
    assert offline.se == pytest.approx((0.15 * 0.85 / 199) ** 0.5)
    assert live.difference == pytest.approx(0.1)
    assert live.se == pytest.approx((0.25 / 500 + 0.24 / 500) ** 0.5, rel=0.02)
    assert pair.result.comparable
    assert pair.result.same_sign
    assert pair.result.same_size


def test_the_offline_estimate_is_corrected_for_having_passed() -> None:
    a_predicted_pair(a_team())
    (pair,) = report().pairs
    corrected = pair.result.corrected
    assert corrected is not None
    assert corrected.estimate is not None
    assert 0.1 < corrected.estimate < pair.result.offline.difference


def test_another_metric_compares_signs_alone() -> None:
    a_predicted_pair(a_team(), plan=a_plan())
    (pair,) = report().pairs
    assert (pair.result.offline.metric, pair.result.live.metric) == ("exact_match", "errors")
    assert not pair.result.comparable
    assert pair.result.same_size is None
    assert report().sizes.pairs == 0


def test_a_loss_online_is_another_sign_and_another_size() -> None:
    a_predicted_pair(a_team(), right=(300, 250))
    (pair,) = report().pairs
    assert not pair.result.same_sign
    assert pair.result.same_size is False


def test_few_pairs_say_how_many_more_are_needed() -> None:
    a_predicted_pair(a_team())
    signs = report().signs
    assert (signs.agree, signs.pairs, signs.needed) == (1, 1, FEWEST_PAIRS - 1)
    assert signs.lower is None


def test_six_pairs_say_how_often_they_agree() -> None:
    """Of six the exact lower limit is .025^(1/6) = .541, above a coin's ½; of five it is .478."""
    team = a_team()
    champion, _ = a_pair(team)
    for number in range(FEWEST_PAIRS):
        sampling = {"temperature": number / 10}
        challenger = a_version(team, f"try-{number}", parent=champion, sampling=sampling)
        decision = an_offline_decision(team, champion, challenger)
        an_ended_experiment(team, champion, challenger, decision=decision)
    signs = report().signs
    assert FEWEST_PAIRS == 6
    assert (signs.agree, signs.pairs, signs.needed) == (6, 6, 0)
    assert signs.lower == pytest.approx(0.541, abs=5e-4)
    assert signs.upper == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"decision": None}, NoPair.NO_DECISION),
        ({"right": None}, NoPair.NO_LIVE_DECISION),
        ({"right": (0, 0)}, NoPair.NO_PRIMARY),
    ],
)
def test_what_has_no_pair_is_counted_by_its_reason(
    fields: dict[str, object], reason: NoPair
) -> None:
    team = a_team()
    champion, challenger = a_pair(team)
    if "decision" not in fields:
        fields["decision"] = an_offline_decision(team, champion, challenger)
    an_ended_experiment(team, champion, challenger, **fields)
    assert report().without == {reason: 1}
    assert report().pairs == []


def test_why_there_is_no_pair_reads_as_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    team = a_team()
    champion, challenger = a_pair(team)
    an_ended_experiment(team, champion, challenger)
    sentence = "No pair for 1 experiment: an owner's word started it, and no offline decision."
    assert run(["experiment", "prediction", "--project", "support-desk"]) == 0
    assert sentence in capsys.readouterr().out
    page = reverse("site:experiment_predictions", args=["support-desk"])
    assert sentence in unescape(team.signed_in(team.eva).get(page).text)


def test_experiments_that_continue_each_other_are_one_pair() -> None:
    team = a_team()
    champion, challenger = a_predicted_pair(team)
    decision = Experiment.objects.get().decision
    an_ended_experiment(team, champion, challenger, decision=decision, name="Once more", right=None)
    assert [row.continued_by.count() for row in Experiment.objects.order_by("pk")] == [1, 0]
    assert report().without == {NoPair.NO_LIVE_DECISION: 1}


def test_rest_the_command_and_the_page_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    team = a_team()
    a_predicted_pair(team)
    reader = {"name": "reader", "scopes": [Scope.READ]}
    secret = add_token(project=team.project, user=team.eva, by=team.eva, **reader).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})
    body = client.get("/api/v1/projects/support-desk/experiments/prediction").json()
    assert run(["experiment", "prediction", "--project", "support-desk", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("all_projects")["signs"] == body["project"]["signs"]
    assert body.pop("all_projects") is None
    assert printed == body
    assert body["pairs"][0]["version"] == "lora@1"
    assert body["project"]["signs"] == {
        "agree": 1,
        "pairs": 1,
        "lower": None,
        "upper": None,
        "needed": 5,
    }
    assert run(["experiment", "prediction", "--project", "support-desk"]) == 0
    lines = capsys.readouterr().out
    assert "the same sign, the same size within their errors" in lines
    assert "Signs in this project: 1 of 1 pair agree; 5 more are needed" in lines
    page = team.signed_in(team.eva).get(
        reverse("site:experiment_predictions", args=["support-desk"])
    )
    assert page.status_code == 200
    assert "1 of 1 pair agree; 5 more are needed" in page.text


def test_other_projects_count_where_the_person_may_see_them() -> None:
    team, other = a_team(), a_team("Sales", "sales")
    a_predicted_pair(team)
    a_predicted_pair(other)
    sam = other.sam
    page = reverse("site:experiment_predictions", args=["support-desk"])
    assert team.signed_in(sam).get(page).status_code in (403, 404)
    text = team.signed_in(team.eva).get(page).text
    assert "2 of 2 pairs agree" in text


def test_reviewers_see_none_of_it() -> None:
    team = a_team()
    page = reverse("site:experiment_predictions", args=["support-desk"])
    assert team.signed_in(team.rui).get(page).status_code == 403
