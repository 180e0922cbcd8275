"""Answers and scores made elsewhere, handed in part by part."""

import datetime
import io
import json
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.erasure.redact import redact
from evalhub.features.table import REDACTORS
from evalhub.io.ndjson import NdjsonBody, read_ndjson
from evalhub.io.rows import DataError
from evalhub.registry import drafts
from evalhub.registry.models import Ingestion, Output, Run, Score, TestSetVersion
from runners.execute import process_shard
from runners.ingestion import (
    MOST_OPEN,
    PART,
    IngestionError,
    OffsetError,
    append,
    begin,
    cancel,
    finish,
)
from runners.launch_checks import LaunchError
from runners.metrics import metric_declaration
from tests.cast import Team, a_team, a_test_set, a_version

EXACT = metric_declaration("exact_match")
pytestmark = pytest.mark.django_db


@pytest.fixture
def questions(team: Team) -> TestSetVersion:
    return a_test_set(team, items=6)


@pytest.fixture
def begun(team: Team, questions: TestSetVersion) -> Ingestion:
    return begin(
        project=team.project,
        by=team.eva,
        version=a_version(team),
        test_set_version=questions,
        metrics=[metric_declaration("recorded", score="f1")],
    )


def part(*rows: dict[str, Any]) -> NdjsonBody:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return read_ndjson(io.BytesIO(body), zipped=False, limits=PART)


def answers(start: int, stop: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"q{i:04}", "output": "right", "scores": {"f1": i / 10}} | more
        for i in range(start, stop)
    ]


def handed_in(ingestion: Ingestion, offset: int, *rows: dict[str, Any], by: Any = None) -> int:
    """As a request would: with the ingestion as it is now."""
    found = Ingestion.objects.select_related("run", "project").get(pk=ingestion.pk)
    return append(ingestion=found, by=by, offset=offset, body=part(*rows))


def test_parts_become_a_run_that_is_scored(team: Team, begun: Ingestion) -> None:
    assert handed_in(begun, 0, *answers(0, 4), by=team.eva) == 4
    assert handed_in(begun, 4, *answers(4, 6), by=team.eva) == 6
    assert not Run.objects.exists(), "nobody sees it before it is finished"
    begun.refresh_from_db()
    run = finish(ingestion=begun, by=team.eva, rows=6)
    while process_shard(run.pk):
        pass
    run.refresh_from_db()
    assert (run.state, run.error, run.samples) == ("done", "", 1)
    (metric,) = run.metrics.all()
    assert (metric.scored, metric.mean, metric.opened) == (6, 0.25, None)
    assert not Score.objects.readable().exists(), "sealed like all scores"
    assert begun.finished


def test_a_part_that_is_sent_again_is_told_where_to_go_on(begun: Ingestion) -> None:
    handed_in(begun, 0, *answers(0, 3))
    for offset in (0, 2, 4, 99):
        with pytest.raises(OffsetError, match="3 rows were taken so far") as error:
            handed_in(begun, offset, *answers(0, 3))
        assert error.value.rows == 3
    assert handed_in(begun, 3, *answers(3, 4)) == 4
    assert Output.objects.count() == 4


def test_of_two_that_come_at_once_one_is_taken(begun: Ingestion) -> None:
    """Both have looked before either has written."""
    first, second = (
        Ingestion.objects.select_related("run", "project").get(pk=begun.pk) for _ in range(2)
    )
    assert append(ingestion=first, by=None, offset=0, body=part(*answers(0, 2))) == 2
    with pytest.raises(OffsetError, match="2 rows"):
        append(ingestion=second, by=None, offset=0, body=part(*answers(2, 5)))
    assert Output.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ({"id": "q9999", "output": ""}, "id", "there is no item 'q9999'"),
        ({"id": "q0000", "output": ""}, "id", "'q0000' was answered in an earlier part already"),
        ({"id": "q0003", "output": ""}, "id", "'q0003' was answered on line 2 already"),
        ({"id": "q0001"}, "output", "missing"),
        ({"id": "q0001", "output": 1}, "output", "an output is text"),
        ({"id": "q0001", "output": "", "sample": 1000}, "sample", "up to 999"),
        ({"id": "q0001", "output": "", "scores": {"f1": "0.5"}}, "scores.f1", "a number, true"),
        ({"output": ""}, "id", "missing"),
    ],
)
def test_one_bad_line_is_named_and_nothing_of_its_part_is_stored(
    begun: Ingestion, row: dict[str, Any], field: str, said: str
) -> None:
    handed_in(begun, 0, *answers(0, 1))
    with pytest.raises(DataError, match=said) as error:
        handed_in(begun, 1, *answers(2, 4), row)
    assert (error.value.line, error.value.field) == (3, field)
    begun.refresh_from_db()
    assert begun.rows == Output.objects.count() == 1
    assert handed_in(begun, 1, *answers(2, 4)) == 3


def test_the_same_content_is_the_same_run_however_it_was_parted(
    team: Team, begun: Ingestion, questions: TestSetVersion
) -> None:
    handed_in(begun, 0, *answers(0, 6))
    begun.refresh_from_db()
    run = finish(ingestion=begun, by=team.eva, rows=6)
    again = begin(
        project=team.project,
        by=team.eva,
        version=run.version,
        test_set_version=questions,
        metrics=[EXACT],
    )
    for i in range(6):
        handed_in(again, i, *answers(i, i + 1))
    again.refresh_from_db()
    assert finish(ingestion=again, by=team.eva, rows=6) == run
    assert finish(ingestion=again, by=team.eva, rows=6) == run, "finishing again is harmless"
    assert Run.with_drafts.count() == 1
    assert {row.metric.name for row in run.metrics.all()} == {"recorded", "exact_match"}
    with pytest.raises(IngestionError, match="it is finished"):
        handed_in(again, 6, *answers(0, 1))


def test_several_samples_and_errors_are_kept(team: Team, begun: Ingestion) -> None:
    handed_in(begun, 0, *answers(0, 6), *answers(0, 6, sample=1))
    begun.refresh_from_db()
    assert finish(ingestion=begun, by=team.eva, rows=12).samples == 2


def test_finishing_says_how_many_rows_there_are(begun: Ingestion) -> None:
    with pytest.raises(IngestionError, match="no rows were handed in"):
        finish(ingestion=begun, by=None, rows=0)
    handed_in(begun, 0, *answers(0, 5))
    begun.refresh_from_db()
    with pytest.raises(OffsetError, match="5 rows were taken so far"):
        finish(ingestion=begun, by=None, rows=6)
    run = finish(ingestion=begun, by=None, rows=5)
    assert run.error == "1 of 6 items has no answer, the first is 'q0005'"


def test_what_does_not_go_together_is_refused(team: Team, questions: TestSetVersion) -> None:
    asked: dict[str, Any] = {"project": team.project, "by": team.eva, "metrics": [EXACT]}
    theirs = a_test_set(a_team("Other", "other"), items=1)
    with pytest.raises(IngestionError, match="aren't both of support-desk"):
        begin(version=a_version(team), test_set_version=theirs, **asked)
    live = a_version(team, "live", backend={"type": "openai", "url": "http://x/v1", "model": "m"})
    with pytest.raises(LaunchError, match="takes no recorded answers"):
        begin(version=live, test_set_version=questions, **asked)
    with pytest.raises(NotAllowedError):
        begin(version=a_version(team), test_set_version=questions, **asked | {"by": team.rui})


def test_only_evaluators_hand_in_finish_and_cancel(team: Team, begun: Ingestion) -> None:
    for by in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            handed_in(begun, 0, *answers(0, 1), by=by)
        with pytest.raises(NotAllowedError):
            finish(ingestion=begun, by=by, rows=0)
        with pytest.raises(NotAllowedError):
            cancel(ingestion=begun, by=by)


def test_a_project_begins_only_so_many(team: Team, begun: Ingestion) -> None:
    version, questions = begun.run.version, begun.run.test_set_version
    Ingestion.objects.bulk_create(
        Ingestion(project=team.project, run=begun.run) for _ in range(MOST_OPEN - 1)
    )
    with pytest.raises(IngestionError, match="has begun 50 ingestions"):
        begin(
            project=team.project,
            by=None,
            version=version,
            test_set_version=questions,
            metrics=[EXACT],
        )


def test_what_is_cancelled_or_waited_too_long_is_gone(begun: Ingestion) -> None:
    held = Ingestion.objects.select_related("run", "project").get(pk=begun.pk)
    handed_in(begun, 0, *answers(0, 2))
    Run.with_drafts.update(draft_until=timezone.now() - datetime.timedelta(seconds=1))
    drafts.drop_left_over()
    assert not Ingestion.objects.exists()
    assert not Output.objects.exists()
    with pytest.raises(drafts.DraftLostError):
        append(ingestion=held, by=None, offset=0, body=part(*answers(0, 2)))
    assert not Output.objects.exists()


def test_a_part_renews_the_time_that_is_waited(begun: Ingestion) -> None:
    Run.with_drafts.update(draft_until=timezone.now() + datetime.timedelta(minutes=1))
    handed_in(begun, 0, *answers(0, 1))
    assert Run.with_drafts.get().draft_until > timezone.now() + datetime.timedelta(hours=23)


def test_an_item_that_is_redacted_takes_what_is_handed_in_with_it(
    team: Team, begun: Ingestion, questions: TestSetVersion
) -> None:
    handed_in(begun, 0, *answers(0, 2))
    redact(
        project=team.project,
        test_set="questions",
        item="q0000",
        reason="asked",
        by=team.olga,
        redactors=REDACTORS,
    )
    assert not Run.with_drafts.exists()
    assert not Ingestion.objects.exists()
