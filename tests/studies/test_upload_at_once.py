"""Two uploads at the same moment, each with all of it written before either is seen."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread, local
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.registry import drafts
from evalhub.registry.models import Item, ModelVersion, Output, Run, TestSetVersion
from evalhub.registry.models.runs import RunState
from evalhub.studies.web import pairs_upload as upload
from evalhub.studies.web.pairs_upload import RegisteredUpload, register_upload
from tests.cast import Team

type Write = Callable[..., Path]

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = [{"id": i, "prompt": f"Say {i}", "left": "one", "right": f"two {i}"} for i in range(3)]
OTHERS = [row | {"left": "another"} for row in ROWS]


@pytest.fixture
def at_once(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, Path], tuple[RegisteredUpload, RegisteredUpload]]:
    """Registers two files on two threads, which both wait before what they wrote is seen."""
    there, known, seen = Barrier(2), local(), upload._publish_drafts

    def together(*given: object) -> list[Run] | None:
        if not hasattr(known, "waited"):  # who begins anew doesn't wait for anybody
            known.waited = True
            there.wait(timeout=30)
        return seen(*given)  # type: ignore[arg-type]

    def both(one: Path, other: Path) -> tuple[RegisteredUpload, RegisteredUpload]:
        monkeypatch.setattr(upload, "_publish_drafts", together)
        found: dict[int, RegisteredUpload] = {}

        def work(place: int, path: Path) -> None:
            try:
                found[place] = register_upload(
                    project=team.project, by=None, name="Tone", path=path
                )
            finally:
                connection.close()

        threads = [Thread(target=work, args=each) for each in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found[0], found[1]

    return both


def assert_whole(*uploaded: RegisteredUpload) -> None:
    """That there is what these are, ended, and nothing else."""
    runs = {run for each in uploaded for run in (each.baseline_run, each.candidate_run)}
    assert set(Run.with_drafts.all()) == runs
    assert {run.state for run in Run.objects.all()} == {RunState.DONE}
    assert all(run.answers_digest for run in runs)
    assert TestSetVersion.with_drafts.count() == 1
    assert ModelVersion.with_drafts.count() == 2
    assert Item.objects.count() == 3
    assert Output.objects.count() == 3 * len(runs)
    items = Item.objects.values("pk")
    assert not Output.objects.exclude(item__in=items).exists()


def test_the_same_file_twice_is_the_same_runs(at_once: Callable[..., Any], jsonl: Write) -> None:
    path = jsonl(*ROWS)
    one, other = at_once(path, path)
    assert one == other
    assert_whole(one)


def test_other_answers_to_the_same_items_are_other_runs_on_one_version(
    at_once: Callable[..., Any], jsonl: Write
) -> None:
    one, other = at_once(jsonl(*ROWS), jsonl(*OTHERS, name="others.jsonl"))
    assert one.baseline_run != other.baseline_run
    assert one.candidate_run == other.candidate_run
    assert_whole(one, other)
    for uploaded, rows in ((one, ROWS), (other, OTHERS)):
        said = uploaded.baseline_run.outputs.order_by("item__position")
        assert list(said.values_list("text", flat=True)) == [row["left"] for row in rows]


def test_where_the_items_are_there_the_same_answers_are_the_same_runs(
    team: Team, at_once: Callable[..., Any], jsonl: Write
) -> None:
    """Neither has anything of the test set to write: it is the runs that meet."""
    before = register_upload(
        project=team.project, by=None, name="Tone", path=jsonl(*ROWS, name="before.jsonl")
    )
    path = jsonl(*OTHERS)
    one, other = at_once(path, path)
    assert one == other
    assert_whole(before, one)


def test_where_the_items_are_there_the_same_new_models_are_the_same(
    team: Team, at_once: Callable[..., Any], jsonl: Write
) -> None:
    """A run whose version another made first is on that one, and doesn't stay as a draft."""
    path = jsonl(*ROWS)
    register_upload(project=team.project, by=None, name="Tone", path=path, arms=("a", "b"))
    one, other = at_once(path, path)
    assert one == other
    assert Run.with_drafts.count() == Run.objects.count() == 4
    assert ModelVersion.with_drafts.count() == ModelVersion.objects.count() == 4


def test_what_takes_longer_than_a_lease_is_not_lost(
    team: Team, jsonl: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While answers are written, the items that they are joined to are heard of too."""
    monkeypatch.setattr(drafts, "ROWS", 1)
    renew = drafts.renew

    def late(draft: drafts.Draft) -> None:
        renew(draft)
        if isinstance(draft, Run):
            leases = [draft.test_set_version, draft.version]
            assert all(
                type(each).with_drafts.get(pk=each.pk).draft_until > soon
                for each in leases
                if each.draft_until is not None
            )
            for kind in (TestSetVersion, ModelVersion):
                kind.with_drafts.filter(draft_until__isnull=False).update(draft_until=soon)

    soon = timezone.now() + drafts.LEASE / 2
    monkeypatch.setattr(drafts, "renew", late)
    assert_whole(register_upload(project=team.project, by=None, name="Tone", path=jsonl(*ROWS)))
