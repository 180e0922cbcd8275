"""Erasing a user reaches the items that were made from their requests."""

import datetime
import hashlib
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.features.table import ERASERS, TIDIED
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.shadow import erasing
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.features.working_sets.items import change_item
from evalhub.features.working_sets.models import WorkingItem
from evalhub.features.working_sets.sets import edit_version, publish_working_set
from evalhub.registry.contents import content_of
from evalhub.registry.models import Item, Output, SampledRequest, TestSetVersion
from evalhub.registry.uploads import Uploads
from reviews.planning.campaign import close_campaign
from tests.cast import Team, a_run, a_study, a_version
from tests.features.traffic.shadow.production import LAST_WEEK, served
from tests.reviews.asking import a_review

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]
ADA = f"{0:032x}"


def drawn(team: Team, n: int) -> None:
    since = timezone.now() - datetime.timedelta(days=7)
    draw_requests(project=team.project, query=SampleQuery(since=since, n=n), by=team.eva)


def erased() -> int:
    return run(["traffic", "erase", *OF, "--user", ADA, "--yes"])


def test_a_user_s_items_and_all_answers_to_them_lose_their_text(
    team: Team, capsys: Capture
) -> None:
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    drawn(team, 2)
    version = Item.objects.get(sampled_requests__key="r-000").version
    a_run(a_version(team), version, scores=[1, 1], answers=["at Ada's", "at Bob's"])
    assert erased() == 0
    assert "1 item" in capsys.readouterr().out
    texts = sorted(str(item.input) for item in Item.objects.all())
    assert [("Ada" in text, "Bob" in text) for text in texts] == [(False, False), (False, True)]
    ada = Item.objects.get(redacted__isnull=False)
    assert Output.objects.get(item=ada).text == "[redacted]"
    assert list(SampledRequest.objects.values_list("key", flat=True)) == ["r-001"]
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "2"]) == 65, "Bob's was drawn already"


def test_a_dry_run_counts_and_changes_nothing(team: Team, capsys: Capture) -> None:
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    drawn(team, 2)
    assert run(["traffic", "erase", *OF, "--user", ADA, "--dry-run"]) == 0
    assert "1 item" in capsys.readouterr().out
    assert not Item.objects.filter(redacted__isnull=False).exists()
    assert SampledRequest.objects.count() == 2


def test_what_somebody_made_of_an_item_goes_with_it(team: Team) -> None:
    """Another version of its test set, in which it was edited, and a set that is worked on."""
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    drawn(team, 2)
    item = Item.objects.get(sampled_requests__key="r-000")
    edited = edit_version(item.version, by=team.eva)
    row = edited.items.get(was=item)
    content = replace(content_of(row), input="Where's Ada's?")
    change_item(row, content, revision=row.revision, by=team.eva)
    edited.refresh_from_db()
    publish_working_set(edited, revision=edited.revision, by=team.eva)
    edit_version(TestSetVersion.objects.get(number=2), by=team.eva)
    assert erased() == 0
    texts = [str(row.input) for model in (Item, WorkingItem) for row in model.objects.all()]
    assert not any("Ada" in text for text in texts), texts
    assert sum("Bob" in text for text in texts) == 3, texts


def test_a_draw_takes_nothing_that_is_erased_meanwhile(team: Team) -> None:
    """The erasure comes when the items are read, and not yet a version."""
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    pending = [ADA]

    def erasing(execute: Any, sql: str, *of: Any) -> Any:
        if pending and sql.startswith('INSERT INTO "registry_item"'):
            erase_user(project=team.project, by=None, user_hash=pending.pop(), erasers=ERASERS)
        return execute(sql, *of)

    with connection.execute_wrapper(erasing):
        drawn(team, 2)
    assert [item.input[0]["content"] for item in Item.objects.all()] == ["And Bob's?"]


def test_a_dry_run_leaves_uploads_and_erasing_takes_them(team: Team) -> None:
    """An upload may hold the item's text."""
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    drawn(team, 2)
    uploads, body = Uploads(team.project), b'{"id": "x", "input": "Where is Ada\'s parcel?"}'
    name = f"sha256:{hashlib.sha256(body).hexdigest()}"
    uploads.append(name=name, stream=BytesIO(body), offset=0, complete=True, by=team.eva)
    assert run(["traffic", "erase", *OF, "--user", ADA, "--dry-run"]) == 0
    assert list(uploads) == [name]
    assert erased() == 0
    assert list(uploads) == []


def test_nothing_goes_while_a_review_shows_an_item(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["Where is Ada's parcel?", "And Bob's?"], users=2)
    drawn(team, 2)
    version = Item.objects.get(sampled_requests__key="r-000").version
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    runs = [
        a_run(base, version, scores=[0, 1], answers=["one", "two"]),
        a_run(tuned, version, scores=[1, 1], answers=["three", "four"]),
    ]
    study = a_study(team, baseline=base, candidate=tuned, primary=version)
    a_review(baseline_run=runs[0], candidate_run=runs[1], study=study, items=2)
    assert erased() == 64
    assert "shows it to its reviewers now: close that first" in capsys.readouterr().err
    assert SampledRequest.objects.count() == 2


def test_a_sample_keeps_no_text_for_longer_than_its_requests_do(team: Team) -> None:
    served(team, ["An old one?", "Another?"], days_ago=5)
    drawn(team, 2)
    served(team, ["A new one?", "And a new one?"], name="new")
    drawn(team, 2)
    for tidy in TIDIED:
        tidy()
    assert not Item.objects.filter(redacted__isnull=False).exists()
    change_settings(project=team.project, by=team.olga, text_days=3)
    for tidy in TIDIED:
        tidy()
    left = Item.objects.filter(redacted=None)
    assert sorted(item.input[0]["content"] for item in left) == ["A new one?", "And a new one?"]


def test_items_that_a_review_shows_hold_up_no_other(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one item a pass, the first two of which are in a review."""
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    served(team, ["In a review?", "In it, too?"], days_ago=5)
    drawn(team, 2)
    version = TestSetVersion.objects.get()
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    runs = [
        a_run(base, version, scores=[0, 1], answers=["one", "two"]),
        a_run(tuned, version, scores=[1, 1], answers=["three", "four"]),
    ]
    study = a_study(team, baseline=base, candidate=tuned, primary=version)
    review = a_review(baseline_run=runs[0], candidate_run=runs[1], study=study, items=2)
    served(team, ["In none?", "Nor this?"], name="free", days_ago=5)
    drawn(team, 2)
    change_settings(project=team.project, by=team.olga, text_days=3)

    def left_after(passes: int) -> list[str]:
        for _ in range(passes):
            for tidy in TIDIED:
                tidy()
        left = Item.objects.filter(redacted=None).order_by("pk")
        return [item.input[0]["content"] for item in left]

    assert len(left_after(passes=1)) == 3
    assert sorted(left_after(passes=1)) == ["In a review?", "In it, too?"]
    close_campaign(campaign=review, by=None)
    assert left_after(passes=2) == []


def test_a_draw_says_until_which_day_its_texts_are_kept(team: Team, capsys: Capture) -> None:
    [first, *_] = served(team, ["a?", "b?", "c?"], days_ago=5)
    change_settings(project=team.project, by=team.olga, text_days=9)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "3"]) == 0
    day = first.day + datetime.timedelta(days=9)
    assert f"! The oldest of its texts are kept until {day} (4 days from now)." in (
        capsys.readouterr().out
    )


def test_texts_that_are_kept_for_long_are_not_warned_of(team: Team, capsys: Capture) -> None:
    [first, *_] = served(team, ["a?", "b?", "c?"], days_ago=5)
    change_settings(project=team.project, by=team.olga, text_days=60)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "3", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)["texts_until"] == str(first.day + datetime.timedelta(days=60))
    served(team, ["d?", "e?"], name="more")
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "2"]) == 0
    assert "The oldest of its texts" not in capsys.readouterr().out
