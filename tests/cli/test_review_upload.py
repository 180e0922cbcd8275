"""`evalhub review upload` lets others write while it does, and what it made is seen all at once."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.cli.app import run
from evalhub.frames.command.exits import BAD_DATA
from evalhub.registry import drafts, importing
from evalhub.registry.models import (
    Item,
    Model,
    ModelVersion,
    Output,
    Run,
    Shard,
    TestSet,
    TestSetVersion,
)
from evalhub.studies.web import pairs_upload as upload
from reviews.models import Campaign, Pair
from reviews.planning import campaign, plan_preview

KINDS = {Item, Output, Shard, Pair}
BATCH = 3

pytestmark = pytest.mark.django_db(transaction=True)


def review(*arguments: Any) -> int:
    return run(["review", "upload", *map(str, arguments)])


def left() -> list[str]:
    """Kinds of which there are rows, drafts too."""
    rows: list[QuerySet[Any]] = [
        Project.objects.all(),
        TestSet.objects.all(),
        TestSetVersion.with_drafts.all(),
        Item.objects.all(),
        Model.objects.all(),
        ModelVersion.with_drafts.all(),
        Run.with_drafts.all(),
        Output.objects.all(),
        Campaign.objects.all(),
    ]
    return [each.model.__name__ for each in rows if each.exists()]


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """Rows written in bulk by each transaction, by their kind."""
    found: list[dict[str, int]] = []
    going: dict[str, int] = {}
    commit, bulk_create, insert = connection.commit, QuerySet.bulk_create, importing.insert

    def count(kind: type[Any], rows: int) -> None:
        if kind in KINDS:
            assert connection.in_atomic_block or rows <= BATCH
            going[kind.__name__] = going.get(kind.__name__, 0) + rows

    def created(rows: QuerySet[Any], objects: Iterable[Any], *args: Any, **options: Any) -> Any:
        given = list(objects)
        count(rows.model, len(given))
        return bulk_create(rows, given, *args, **options)

    def inserted(kind: type[Any], columns: Any, rows: Any, **options: Any) -> Any:
        count(kind, len(rows))
        return insert(kind, columns, rows, **options)

    def committing() -> None:
        commit()
        if going:
            found.append(dict(going))
            going.clear()

    monkeypatch.setattr(QuerySet, "bulk_create", created)
    monkeypatch.setattr(importing, "insert", inserted)
    monkeypatch.setattr(connection, "commit", committing)
    monkeypatch.setattr(drafts, "ROWS", BATCH)
    return found


def test_no_transaction_writes_more_than_a_batch(
    pairs: Path, committed: list[dict[str, int]]
) -> None:
    assert review(pairs, "--items", 5) == 0
    batches = [3, 3, 2]
    said = [{"Item": n} for n in batches] + [{"Output": n} for n in [*batches, *batches]]
    assert committed[: len(said)] == said
    assert [set(each) for each in committed[len(said) :]] == [{"Shard"}, {"Pair"}]
    assert Campaign.objects.get().pairs.count() == 5


def test_others_write_while_it_stages_and_plans_and_see_nothing_of_it(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who writes from elsewhere, between two batches and while the plan is worked out."""
    monkeypatch.setattr(drafts, "ROWS", BATCH)
    looked: list[str] = []

    def elsewhere() -> None:
        try:
            Project.objects.create(slug=f"other-{len(looked)}", name="Other")
            seen = [TestSetVersion.objects, ModelVersion.objects, Run.objects, Campaign.objects]
            looked.extend(rows.model.__name__ for rows in seen if rows.exists())
            looked.append("written")
        finally:
            connection.close()

    def first(then: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            thread = Thread(target=elsewhere)
            thread.start()
            thread.join()
            return then(*args, **options)

        return step

    for module, name in (
        (upload, "stage_version"),
        (upload, "stage_answers"),
        (plan_preview, "preview_plan"),
        (upload, "_publish_drafts"),
    ):
        monkeypatch.setattr(module, name, first(getattr(module, name)))
    assert review(pairs) == 0
    assert looked == ["written"] * 6  # two models, two runs, the plan, and before it is seen
    assert Campaign.objects.get().pairs.count() == 8


@pytest.mark.parametrize("where", ["stage_version", "stage_answers", "_publish_drafts"])
def test_an_error_on_the_way_leaves_nothing_and_no_project(
    pairs: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(upload, where, full)
    assert review(pairs) != 0
    assert left() == []


def test_a_plan_that_cannot_be_leaves_nothing(
    pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs.write_text(pairs.read_text().replace('"R', '"L'))
    assert review(pairs) == BAD_DATA
    assert "no item has two different answers" in capsys.readouterr().err
    assert left() == []


def test_a_dry_run_says_the_plan_s_price_and_leaves_nothing(
    pairs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert review(pairs, "--dry-run") == 0
    assert "8 items: 16 judgments of them" in capsys.readouterr().out
    assert left() == []


def test_a_project_that_was_there_stays_and_so_does_what_is_in_it(pairs: Path) -> None:
    Project.objects.create(slug="reviews", name="Reviews")
    assert review(pairs, "--dry-run") == 0
    assert left() == ["Project"]
    assert review(pairs, "--items", 5) == 0
    runs = set(Run.objects.all())
    assert review(pairs, "--dry-run") == 0
    assert set(Run.with_drafts.all()) == runs


def test_an_upload_whose_review_does_not_open_is_taken_up_by_the_next_try(
    pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise OSError("the disk is away")

    with monkeypatch.context() as broken:
        broken.setattr(campaign, "open_campaign", away)
        assert review(pairs) != 0
    runs = set(Run.objects.all())
    assert len(runs) == 2
    assert review(pairs) == 0
    assert set(Run.objects.all()) == runs
    assert Campaign.objects.count() == 1
