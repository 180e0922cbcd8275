"""Scores said to be wrong, and audits of metrics, by REST: what is sealed stays so."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import ResultsSeen, Role, User
from evalhub.features.score_audits.models import ScoreAudit, ScoreCase
from evalhub.registry.models import Run, Score
from tests.api.conftest import Program
from tests.api.test_access import operations
from tests.api.test_lists import pages
from tests.cast import Team, a_metric, a_run, a_score_audit, a_team, a_test_set, a_version, opened

Programs = Callable[..., Program]


@pytest.fixture
def run(team: Team) -> Run:
    """Four answers, two of them right; the scores are open."""
    run = a_run(a_version(team), a_test_set(team, items=4), scores=[0, 1, 0, 1])
    opened(run)
    return run


def case(run: Run, /, **said: Any) -> dict[str, Any]:
    usual = {"run": run.pk, "item": "q0000", "metric": "exact_match", "said": 1, "why": "a synonym"}
    return usual | said


def test_a_score_is_disputed_and_its_metric_audited(
    program: Programs, team: Team, run: Run
) -> None:
    caller = program("read", "ingest")
    made = caller.post("/score-cases", case(run))
    assert made.status_code == 201, made.content
    assert (made.json()["value"], made.json()["said"], made.json()["by"]) == (0, 1, "eva")
    assert caller.get("/score-cases").json()["results"] == [made.json()]

    drawn = caller.post("/score-audits", {"metric": "exact_match", "size": 10})
    assert drawn.status_code == 201, drawn.content
    at = drawn.headers["Location"].removeprefix(caller.at(""))
    assert (drawn.json()["drawn"], drawn.json()["checked"]) == (4, 0)
    assert drawn.json()["rates"][0] == {
        "scores": "all", "wrong": 0, "checked": 0, "lower": None, "upper": None,
    }  # fmt: skip

    answers = [each for page in pages(caller, f"{at}/answers", page_size=3) for each in page]
    assert [each["answer"] for each in answers] == ScoreAudit.objects.get().drawn
    assert {each["item"]: each["value"] for each in answers} == {
        "q0000": 0, "q0001": 1, "q0002": 0, "q0003": 1,
    }  # fmt: skip
    assert (answers[0]["references"], answers[0]["said"]) == (["right"], None)
    for answer in answers:
        checked = caller.post(f"{at}/answers", {"answer": answer["answer"], "said": 1})
        assert checked.status_code == 201, checked.content
        left = caller.get(f"{at}/answers", checked="0").json()["results"]
        assert answer["answer"] not in [each["answer"] for each in left]
    assert left == []
    assert len(caller.get(f"{at}/answers", checked="1").json()["results"]) == 4

    audit = caller.get(at).json()
    assert audit["checked"] == 4
    rates = {each["scores"]: (each["wrong"], each["checked"]) for each in audit["rates"]}
    assert rates == {"all": (2, 4), "passes": (0, 2), "fails": (2, 2)}
    # Clopper and Pearson: 0 of 2 has the upper limit 1 − .025^(1/2), 2 of 2 the lower .025^(1/2)
    assert audit["rates"][1]["upper"] == pytest.approx(1 - 0.025**0.5)
    assert audit["rates"][2]["lower"] == pytest.approx(0.025**0.5)
    assert len(caller.get("/score-cases").json()["results"]) == 1, "a check is no report"
    assert [each["url"] for each in caller.get("/score-audits").json()["results"]] == [audit["url"]]
    assert list(Score.objects.order_by("output").values_list("value", flat=True)) == [0, 1, 0, 1]


def test_sealed_scores_are_neither_disputed_nor_drawn_nor_told(
    program: Programs, team: Team
) -> None:
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[0, 1])
    caller = program()
    said = [
        caller.post("/score-cases", case(run)),
        caller.post("/score-cases", case(run, said=0)),
        caller.post("/score-audits", {"metric": "exact_match", "size": 2}),
    ]
    assert [each.status_code for each in said] == [409] * 3
    assert said[0].json() == said[1].json(), "what it says doesn't depend on the score"
    assert not ScoreCase.objects.exists()
    assert not ScoreAudit.objects.exists()
    open_run = a_run(a_version(team, "other"), a_test_set(team, "open", items=2), scores=[1, 0])
    audit = a_score_audit(team, open_run)
    assert audit.population == 2, "of the open run alone"
    sealed = run.outputs.all()[0].pk
    refused = caller.post(f"/score-audits/{audit.pk}/answers", {"answer": sealed, "said": 1})
    assert refused.status_code == 409


def test_scores_that_are_sealed_again_are_shown_no_more(
    program: Programs, team: Team, run: Run
) -> None:
    audit = a_score_audit(team, run)
    run.metrics.update(opened=None)
    answers = program().get(f"/score-audits/{audit.pk}/answers").json()["results"]
    assert {each["value"] for each in answers} == {None}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"run": 999}, "run"),
        ({"item": "none"}, "item"),
        ({"sample": 1}, "item"),
        ({"metric": "bleu"}, "metric"),
        ({"said": 0}, "said"),
        ({"said": 1.5}, "said"),
        ({"said": "1"}, "said"),
        ({"why": " "}, "why"),
        ({"why": ""}, "why"),
    ],
)
def test_what_can_t_be_said_is_refused_with_its_field(
    program: Programs, run: Run, said: dict[str, Any], field: str
) -> None:
    refused = program().post("/score-cases", case(run, **said))
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["field"] == field
    assert not ScoreCase.objects.exists()


def test_an_answer_is_checked_once_and_none_but_the_drawn(
    program: Programs, team: Team, run: Run
) -> None:
    audit = a_score_audit(team, run)
    at, caller = f"/score-audits/{audit.pk}/answers", program()
    again = caller.post(at, {"answer": audit.drawn[0], "said": 1})
    assert (again.status_code, "has checked this answer" in again.json()["detail"]) == (409, True)
    gone = caller.post(at, {"answer": 999_999, "said": 1})
    assert gone.json()["errors"][0]["field"] == "answer"
    beyond = caller.post(at, {"answer": audit.drawn[1], "said": 2})
    assert beyond.json()["errors"][0]["field"] == "said"
    assert audit.cases.count() == 1


def test_of_two_metrics_of_one_name_the_digest_says_which(
    program: Programs, team: Team, run: Run
) -> None:
    other = a_metric("exact_match", normalise=["lower"])
    run.metrics.create(metric=other)
    caller = program()
    refused = caller.post("/score-cases", case(run))
    assert "several metrics" in refused.json()["detail"]
    digests = {each["digest"] for each in caller.get(f"/runs/{run.pk}").json()["metrics"]}
    (mine,) = digests - {other.digest}
    made = caller.post("/score-cases", case(run, metric=mine))
    assert (made.status_code, made.json()["metric_digest"]) == (201, mine)
    assert caller.get("/score-cases", metric=other.digest).json()["results"] == []
    assert len(caller.get("/score-cases", metric=mine).json()["results"]) == 1


def test_who_says_it_by_a_program_has_seen_the_results(
    program: Programs, team: Team, run: Run
) -> None:
    root = User.objects.create_superuser("root", email="root@example.org")
    caller = program(user=root)
    assert not ResultsSeen.objects.filter(user=root).exists()
    assert caller.post("/score-cases", case(run)).status_code == 201
    assert ResultsSeen.objects.filter(user=root, project=team.project).exists()


def asked_all(caller: Program, run: Run, audit: ScoreAudit) -> list[int]:
    """The codes of all operations."""
    at = f"/score-audits/{audit.pk}"
    check = {"answer": audit.drawn[1], "said": 1}
    return [
        caller.get("/score-cases").status_code,
        caller.get("/score-audits").status_code,
        caller.get(at).status_code,
        caller.get(f"{at}/answers").status_code,
        caller.post("/score-cases", case(run, item="q0002")).status_code,
        caller.post("/score-audits", {"metric": "exact_match", "size": 1}).status_code,
        caller.post(f"{at}/answers", check).status_code,
    ]


def test_nobody_else_reads_or_says_anything(program: Programs, team: Team, run: Run) -> None:
    audit, caller = a_score_audit(team, run), program()
    assert sum("/score-" in path for _, path, _ in operations()) == 7
    assert asked_all(program("read"), run, audit) == [200] * 4 + [403] * 3
    others = a_team("Others", "others")  # where Eva evaluates too
    caller.project = "others"
    assert asked_all(caller, run, audit) == [404] * 7
    theirs = a_run(a_version(others), a_test_set(others, items=4), scores=[0, 1, 0, 1])
    foreign = a_score_audit(others, theirs)
    caller.project = "support-desk"
    assert asked_all(caller, theirs, foreign) == [200, 200, 404, 404, 400, 201, 404]
    mixed = {"answer": foreign.drawn[1], "said": 1}
    assert caller.post(f"/score-audits/{audit.pk}/answers", mixed).status_code == 400
    shown = caller.get("/score-cases").json()["results"]
    assert [each["id"] for each in shown] == [audit.project.score_cases.from_reports().get().pk]
    team.project.memberships.filter(user=team.eva).update(role=Role.REVIEWER)
    assert asked_all(caller, run, audit) == [404] * 7


def test_lists_cost_as_many_queries_for_one_row_as_for_many(
    program: Programs, team: Team, run: Run, django_assert_max_num_queries: Any
) -> None:
    audit = a_score_audit(team, run)
    a_score_audit(team, run)
    caller = program()
    for path in ("/score-cases", "/score-audits", f"/score-audits/{audit.pk}/answers"):
        with django_assert_max_num_queries(12):
            caller.get(path)
