"""PostgreSQL goes through few times the rows of a run, whatever it knows of its tables.

Its statistics are from before the run, as always when a run is worked on as soon as it is launched:
by them there is nothing of it, and it would join everything with everything.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
import pytest_django
from django.db import connection
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Membership, Role, User
from evalhub.features.erasure.redact import redact
from evalhub.features.exporters.answers import export_answers
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.table import REDACTORS
from evalhub.ledger.draws import count_unseen, draw
from evalhub.ledger.scores import differing, item_labels, run_scores
from evalhub.ledger.verification import rows_at_home
from evalhub.registry.development import read_freely, shared_items
from evalhub.registry.models import Output, Run, Score, Shard, Study
from evalhub.studies.run.advance import advance
from reviews.models import PairKind
from runners.launch import launch, resume
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.fakes.openai_server import OpenAIServer
from tests.plans import Carried, plans, rows_by_kind, statistics_as_of_now
from tests.reviews.asking import a_review
from tests.reviews.judged import a_reviewer, judge
from tests.runners.test_launch import worked_through
from tests.studies.desks import Desk, ran

ITEMS, OTHERS = 4000, 300
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="it is PostgreSQL that plans"),
]


def a_desk(folder: Path, name: str, items: int, **metric: str) -> Desk:
    folder.mkdir()
    desk = Desk(folder)
    desk.study["name"] = desk.study["project"] = name
    for test_set, asked in desk.study["test_sets"].items():
        asked["metric"] = {"name": "exact_match"} | metric
        desk.rows(
            f"{test_set}.jsonl",
            (
                {"id": f"q{i}", "input": f"{name}, {test_set}: {i}?", "reference": "right"}
                for i in range(items)
            ),
        )
        for arm, right in (("base", items // 2), ("tuned", items // 2 + items // 4)):
            desk.answers(arm, test_set, ["right"] * right + ["wrong"] * (items - right))
    return desk


@pytest.fixture(scope="module", autouse=True)
def nothing_left_by_other_tests(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """Dead rows of theirs would make the tables many times as large as what is in them, and reading
    all of a table cheaper than going to a few of its rows."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        tables = connection.introspection.django_table_names(only_existing=True)
        cursor.execute(f"VACUUM FULL {', '.join(map(connection.ops.quote_name, sorted(tables)))}")


@pytest.fixture
def others(tmp_path: Path) -> None:
    """A study that is done, of which alone the statistics tell."""
    advance(study=ran(a_desk(tmp_path / "others", "others", OTHERS)), by=None)
    statistics_as_of_now()


@pytest.fixture
def study(others: None, tmp_path: Path) -> Study:
    """A much larger one by a metric of its own, decided."""
    study = ran(a_desk(tmp_path / "new", "new", ITEMS, extract="([a-z]+)"))
    advance(study=study, by=None)
    return study


def few_rows(carried: Iterable[Carried], runs: int) -> None:
    """That no kind of statement went through more than three times the rows of so many runs."""
    listed = list(carried)
    assert listed
    most = 3 * runs * ITEMS
    over = {kind: rows for kind, rows in rows_by_kind(listed).items() if rows > most}
    worst = max(listed, key=lambda each: each.rows)
    assert not over, f"at most {most:,}: {over}\n{json.dumps(worst.plan, indent=1)}"


def test_a_recorded_study_is_scored_and_decided(others: None, tmp_path: Path) -> None:
    with plans() as carried:
        study = ran(a_desk(tmp_path / "new", "new", ITEMS, extract="([a-z]+)"))
        advance(study=study, by=None)
    assert study.decisions.get().verdict == "ship"
    few_rows(carried, 4)


def test_pages_read_what_they_show(study: Study, admin_client: Client) -> None:
    decision, run = study.decisions.get(), Run.objects.order_by("pk").last()
    assert run is not None
    of_run = reverse("site:run", args=[run.pk])
    for address in [
        reverse("site:study", args=[study.pk]),
        reverse("site:criterion", args=[decision.pk, 1]),
        *(f"{of_run}{query}" for query in ("", "?page=100", "?show=errors", "?show=unscored")),
        reverse("site:test_set", args=[run.test_set_version.test_set_id]),
        reverse("site:version", args=[run.version_id]),
    ]:
        with plans() as carried:
            asked = admin_client.get(address, headers={"HX-Request": "true"})
            assert asked.status_code == 200
        few_rows(carried, 2)


def test_what_is_exported_and_verified(study: Study, tmp_path: Path) -> None:
    decision = study.decisions.get()
    with plans() as carried:
        export_answers(study=study, by=None, to=tmp_path / "answers.jsonl", form="jsonl")
        export_every_eval_ever(decision=decision, by=None, to=tmp_path / "logs")
        assert not [each for each in rows_at_home(decision.document) if each.found is None]
    few_rows(carried, 4)


def test_a_review_is_drawn_and_read(study: Study, admin_client: Client, admin_user: User) -> None:
    Membership.objects.create(project=study.project, user=admin_user, role=Role.OWNER)
    runs = Run.objects.filter(test_set_version__runs__studies__arm__study=study)
    first, second = runs.filter(test_set_version__test_set__slug="triage").distinct()
    with plans() as carried:
        campaign = a_review(baseline_run=second, candidate_run=first, study=study, items=60)
    few_rows(carried, 2)
    pairs = list(campaign.pairs.filter(kind=PairKind.MAIN))
    for name in ("rui", "ruth"):
        reviewer = a_reviewer(campaign, name)
        for pair in pairs:
            judge(reviewer, pair, "candidate")
    with plans() as carried:
        address = reverse("site:campaign_results", args=[campaign.pk])
        assert admin_client.get(address).status_code == 200
        advance(study=study, by=None)
        assert set(differing(first, first).values()) == {0.0}
    few_rows(carried, 2)


def test_a_run_with_gaps_is_finished_and_shown(
    others: None, team: Team, tmp_path: Path, admin_client: Client
) -> None:
    rows = (
        {"id": f"q{i:04}"} | ({"error": "late"} if i % 100 == 7 else {"output": "right"})
        for i in range(ITEMS)
        if i % 50
    )
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(map(json.dumps, rows)))
    questions, metric = a_test_set(team, items=ITEMS), a_metric("contains")
    with plans() as carried:
        run = worked_through(
            launch(
                version=a_version(team),
                test_set_version=questions,
                metrics=[metric],
                answers=answers,
            )
        )
        found = run_scores(run, metric, item_labels(questions))
        for query in ("", "?show=errors", "?show=unscored", "?show=unscored&page=2"):
            address = reverse("site:run", args=[run.pk]) + query
            assert admin_client.get(address).status_code == 200
    assert "80 of 4,000 items have no answer, the first is 'q0000'" in run.error
    assert found.arm.reason == "no answer: late"
    few_rows(carried, 2)


def test_a_live_run_is_taken_up_and_its_answers_taken_over(others: None, team: Team) -> None:
    questions, metric = a_test_set(team, items=ITEMS), a_metric("length")
    with OpenAIServer() as server:
        version = a_version(team, backend=server.backend(concurrency=8))
        run = launch(version=version, test_set_version=questions, metrics=[metric], reach=OPERATOR)
        worked_through(run)
        Output.objects.filter(run=run, item__position__lt=5).update(text=None, error="bad")
        Score.objects.filter(output__run=run, output__item__position__gt=100).delete()
        Run.objects.filter(pk=run.pk).update(state="failed")
        Shard.objects.filter(run=run, start__gt=100).update(state="failed")
        with plans() as carried:
            assert resume(run, by=team.eva, retry_errors=True)
            assert worked_through(run).state == "done"
        few_rows(carried, 2)
        larger = a_test_set(team, items=ITEMS + 1)
        with plans() as carried:
            again = worked_through(
                launch(version=version, test_set_version=larger, metrics=[metric], reach=OPERATOR)
            )
        few_rows(carried, 2)
    assert (again.state, again.reused) == ("done", ITEMS)


def test_items_that_others_ask_too_are_found(
    study: Study, team: Team, admin_client: Client
) -> None:
    judged = study.test_sets.get(name="triage").test_set_version
    asked = list(judged.items.order_by("position").values_list("input", flat=True))
    pool = a_test_set(team, items=[*({"input": each} for each in asked), *[{}] * ITEMS])
    with plans() as carried:
        assert count_unseen(pool) == ITEMS
        drawn = draw(pool=pool, count=ITEMS // 2, question="which", study=study)
        read_freely(pool)
        shared = shared_items(study)
        assert shared is not None
        assert (shared.free, shared.count) == (pool, ITEMS)
        address = reverse("site:test_set", args=[pool.test_set_id])
        assert admin_client.get(address).status_code == 200
    assert drawn.item_count == ITEMS // 2
    few_rows(carried, 4)


def test_an_item_is_redacted(study: Study) -> None:
    with plans() as carried:
        done = redact(
            project=study.project,
            test_set="triage",
            item="q3",
            reason="named",
            by=None,
            redactors=REDACTORS,
        )
    assert (done.items, done.answers) == (1, 2)
    few_rows(carried, 4)
