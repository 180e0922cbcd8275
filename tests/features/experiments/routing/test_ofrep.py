"""What is answered to who asks for a flag."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import ApiToken, Membership, Role
from evalhub.accounts.tokens import revoke_token
from evalhub.features.experiments.ending import (
    promote_challenger,
    roll_back_experiment,
    stop_experiment,
)
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.routing.current import CurrentRules
from evalhub.features.experiments.routing.ofrep import Evaluations
from evalhub.features.experiments.routing.reading import read_rules
from evalhub.features.experiments.starting import FLAG
from evalhub.features.lifecycle.promotion import override_champion
from evalhub.features.lifecycle.rollback import roll_back as roll_back_champion
from tests.cast import Team, a_team
from tests.features.experiments.experiments_of import (
    CHALLENGER,
    CHAMPION,
    a_pair,
    an_experiment,
)
from tests.features.experiments.routing.asking import (
    Asker,
    Rules,
    a_token,
    an_asker,
    an_asker_without_a_site,
)
from tests.features.lifecycle.test_promotion import decided

USERS = [f"user-{number}" for number in range(400)]
CHAMPIONS = (CHAMPION, "SPLIT", "champion")
CHALLENGERS = (CHALLENGER, "SPLIT", "challenger")
OUTSIDE = (CHAMPION, "SPLIT", "")
PROTOCOL_REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"}
PROTOCOL_ERRORS = {
    400: {"PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL"},
    404: {"FLAG_NOT_FOUND"},
}
"""service/openapi.yaml of OFREP 0.3: evaluationSuccess, evaluationFailure and flagNotFound."""


def test_each_user_gets_the_model_of_their_arm(team: Team) -> None:
    an_experiment(team, share=0.25)
    asker = an_asker(team)
    values = [asker.value(user) for user in USERS]
    assert set(values) == {CHAMPIONS, CHALLENGERS, OUTSIDE}
    assert [asker.value(user) for user in USERS] == values
    counts = [values.count(value) for value in (CHAMPIONS, CHALLENGERS, OUTSIDE)]
    assert [count / len(USERS) for count in counts] == pytest.approx([0.25, 0.25, 0.5], abs=0.06)


def test_an_answer_names_experiment_epoch_and_share(team: Team) -> None:
    experiment = an_experiment(team, share=0.1)
    begin_epoch(experiment=experiment, by=team.eva, reason="Fewer.", weight=0.2)
    answer = an_asker(team).ask()
    assert answer.status == 200
    assert set(answer.content) == {"key", "value", "reason", "variant", "metadata"}
    assert answer.content["key"] == FLAG
    assert answer.content["metadata"] == {"experiment": experiment.pk, "epoch": 2, "share": 0.1}


def test_every_answer_is_as_the_protocol_and_all_providers_have_it() -> None:
    asker, ended = an_asker_without_a_site(0.5), an_asker_without_a_site(0.0)
    for answer in [ended.ask(), *(asker.ask(user) for user in USERS)]:
        assert answer.status == 200
        assert answer.content["reason"] in PROTOCOL_REASONS - {"DISABLED"}  # Go's takes no value
        assert isinstance(answer.content["value"], str)
        assert isinstance(answer.content["variant"], str)  # Python's fails without
        assert {type(value) for value in answer.content["metadata"].values()} <= {int, float}
    for refused in (asker.ask(body=b""), asker.ask(body=b"{}"), asker.ask(7), asker.ask(flag="x")):
        assert refused.content["errorCode"] in PROTOCOL_ERRORS[refused.status]
        assert isinstance(refused.content["key"], str)
    limited = an_asker_without_a_site(most=1)
    limited.ask()
    without_token = Asker(asker.rules, "")
    for refused in (limited.ask(), without_token.ask(), asker.ask(body=b"{")):
        assert refused.content["metadata"] == {}  # Java's fails without


def stop(experiment: Experiment, team: Team) -> None:
    stop_experiment(experiment=experiment, by=team.eva, reason="Enough.")


def roll_back(experiment: Experiment, team: Team) -> None:
    roll_back_experiment(experiment=experiment, reason="Errors rise.")


def promote(experiment: Experiment, team: Team) -> None:
    promote_challenger(experiment=experiment, by=team.eva, reason="It holds.")


def promote_and_go_back(experiment: Experiment, team: Team) -> None:
    promote(experiment, team)
    roll_back_champion(version=experiment.challenger, by=team.eva, reason="It was slow.")


def stop_and_override(experiment: Experiment, team: Team) -> None:
    stop(experiment, team)
    challenger = type(experiment.challenger).objects.get(pk=experiment.challenger_id)
    override_champion(version=challenger, by=team.olga, reason="It was the cache.")


@pytest.mark.parametrize(
    ("end", "value"),
    [
        (stop, CHAMPION),
        (roll_back, CHAMPION),
        (promote, CHALLENGER),
        (promote_and_go_back, CHAMPION),
        (stop_and_override, CHALLENGER),
    ],
)
def test_after_the_end_everybody_gets_who_is_champion_now(
    team: Team, end: Callable[[Experiment, Team], None], value: str
) -> None:
    decided(team, *a_pair(team), slug="offline")
    end(an_experiment(team), team)
    asker = an_asker(team)
    assert {asker.value(user) for user in USERS} == {(value, "STATIC", "")}


def test_the_newest_experiment_of_a_flag_counts(team: Team) -> None:
    stop(an_experiment(team), team)
    an_experiment(team, "Once more")
    asker = an_asker(team)
    assert {asker.value(user) for user in USERS} == {CHAMPIONS, CHALLENGERS}


def test_more_coverage_lets_more_users_in_and_moves_none(team: Team) -> None:
    experiment = an_experiment(team, share=0.05)
    asker = an_asker(team)
    before = {user: asker.value(user)[2] for user in USERS}
    set_share(experiment=experiment, by=team.eva, share=0.25, reason="It holds.")
    asker.rules.refresh()
    after = {user: asker.value(user)[2] for user in USERS}
    assert all(after[user] == arm for user, arm in before.items() if arm)
    assert list(after.values()).count("") < list(before.values()).count("")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "PARSE_ERROR"),
        (b"{", "PARSE_ERROR"),
        (b"\xff\xfe", "PARSE_ERROR"),
        (b"[" * 60_000, "PARSE_ERROR"),
        (b'{"context":' * 5_000, "PARSE_ERROR"),
        (b"1" * 60_000, "PARSE_ERROR"),
        (b"[]", "INVALID_CONTEXT"),
        (b"null", "INVALID_CONTEXT"),
        (b'{"context": null}', "INVALID_CONTEXT"),
        (b'{"context": []}', "INVALID_CONTEXT"),
        (b'{"context": "user-7"}', "INVALID_CONTEXT"),
        (b"{}", "TARGETING_KEY_MISSING"),
        (b'{"context": {}}', "TARGETING_KEY_MISSING"),
        (b'{"context": {"targetingKey": null}}', "TARGETING_KEY_MISSING"),
        (b'{"context": {"targetingKey": ""}}', "TARGETING_KEY_MISSING"),
        (b'{"context": {"targetingKey": 7}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": NaN}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": true}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": ["user-7"]}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": {"id": 7}}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": "a\\u0000"}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": "\\ud800"}}', "INVALID_CONTEXT"),
        (b'{"context": {"targetingKey": "' + b"x" * 201 + b'"}}', "INVALID_CONTEXT"),
    ],
    ids=lambda value: value[:40].decode(errors="replace") if isinstance(value, bytes) else value,
)
def test_what_is_no_context_with_a_user_is_refused(body: bytes, code: str) -> None:
    answer = an_asker_without_a_site().ask(body=body)
    assert (answer.status, answer.content["errorCode"]) == (400, code)
    assert answer.content["key"] == FLAG
    assert answer.content["errorDetails"]


def test_what_else_a_context_has_changes_nothing() -> None:
    asker = an_asker_without_a_site()
    context: dict[str, Any] = {"targetingKey": "user-7", "plan": "free", "deep": [{"a": [1]}]}
    answer = asker.ask(body=json.dumps({"context": context, "more": 1}).encode())
    assert answer == asker.ask("user-7")


def test_an_unknown_flag_and_that_of_another_project_are_not_found(team: Team) -> None:
    other = a_team("Search", "search")
    an_experiment(other)
    asker = an_asker(team)
    for flag in (FLAG, "", "none", "x" * 5_000, "ключ\0"):
        answer = asker.ask(flag=flag)
        assert (answer.status, answer.content["errorCode"]) == (404, "FLAG_NOT_FOUND")
        assert len(answer.content["key"]) <= 100


def test_a_token_that_is_unknown_expired_or_revoked_opens_nothing(team: Team) -> None:
    an_experiment(team)
    asker = an_asker(team)
    assert asker.ask().status == 200
    assert Asker(asker.rules, "").ask().status == 401
    assert Asker(asker.rules, "evh_none").ask().status == 401
    token = ApiToken.objects.get()
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    asker.rules.refresh()
    assert asker.ask().status == 401
    ApiToken.objects.update(expires=timezone.now() + timedelta(days=1))
    asker.rules.refresh()
    assert asker.ask().status == 200
    revoke_token(token=token, by=team.eva)
    asker.rules.refresh()
    assert asker.ask().status == 401


def test_a_token_that_expires_while_the_rules_are_kept_opens_nothing(team: Team) -> None:
    an_experiment(team)
    secret = a_token(team.project, team.eva)
    ApiToken.objects.update(expires=timezone.now() + timedelta(milliseconds=200))
    asker = Asker(Rules(read_rules()), secret)
    while asker.ask().status == 200:
        pass
    assert asker.ask().status == 401


def test_a_token_of_another_scope_or_of_who_left_is_forbidden(team: Team) -> None:
    an_experiment(team)
    reader = a_token(team.project, team.olga, "read", "ingest", name="reader")
    asker = an_asker(team)
    answer = Asker(asker.rules, reader).ask()
    assert (answer.status, answer.content["errorDetails"]) == (
        403,
        "The token needs the scope traffic",
    )
    asker.rules.refresh()
    assert Asker(asker.rules, reader).ask().status == 403
    Membership.objects.filter(user=team.eva).update(role=Role.REVIEWER)
    asker.rules.refresh()
    assert asker.ask().status == 403
    team.eva.is_active = False
    team.eva.save()
    asker.rules.refresh()
    assert asker.ask().status == 401


def test_a_token_has_a_limit_of_its_own() -> None:
    asker = an_asker_without_a_site(most=3)
    assert [asker.ask().status for _ in range(3)] == [200, 200, 200]
    refused = asker.ask()
    assert (refused.status, refused.retry_after_s) == (429, 20)


def test_before_the_rules_were_read_nothing_is_answered() -> None:
    class Unread(CurrentRules):
        def get(self) -> None:
            return None

    answer = Evaluations(Unread()).answer(key=FLAG, secret="evh_any", body=b"{}")
    assert (answer.status, answer.retry_after_s) == (503, 1)


def test_an_evaluation_asks_nothing_of_the_database(
    team: Team, django_assert_num_queries: Any
) -> None:
    an_experiment(team)
    asker = an_asker(team)
    with django_assert_num_queries(0):
        assert asker.ask().status == 200
        assert asker.ask(flag="none").status == 404
        assert asker.ask(body=b"{}").status == 400


def test_the_rules_of_all_projects_are_read_in_two_queries(
    team: Team, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        an_experiment(a_team(f"Desk {number}", f"desk-{number}"))
    asker = an_asker(team)
    with django_assert_num_queries(2):
        asker.rules.refresh()
