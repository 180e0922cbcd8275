"""What is half-written is seen by no door, and the site takes away what nobody writes on."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver

from evalhub.accounts.models import User
from evalhub.features.erasure.redact import RedactionError, redact
from evalhub.features.table import REDACTORS
from evalhub.registry import drafts
from evalhub.registry.importing import publish_test_set, stage_test_set
from evalhub.registry.models import Item, Model, ModelVersion, Output, Run, TestSet, TestSetVersion
from evalhub.registry.versions import publish_version, stage_version
from runners.backends.recorded import RecordedBackend
from runners.launch import launch_staged, run_of_answers
from runners.recorded import stage_answers
from tests.cast import Team, a_test_set, a_version
from tests.database.test_tables import environment

LEFT_OUT = re.compile(r"/(?:accounts|reviews|projects|admin/(?!registry/))")
WORD = "quagga"

type Jsonl = Callable[..., Path]


def addresses(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Addresses as they are declared, but for those of people and of reviews as they go on."""
    for each in (resolver or get_resolver()).url_patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$")
        if isinstance(each, URLResolver):
            yield from addresses(each, route)
        elif not LEFT_OUT.match(route):
            yield re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)


def a_draft_of_each(team: Team, jsonl: Jsonl) -> tuple[TestSetVersion, ModelVersion, Run]:
    """An upload as it stands just before it is seen; the word stands in all of its rows."""
    asked = [{"id": f"{WORD}-{i}", "input": f"The {WORD} asks {i}"} for i in range(2)]
    said = [{"id": f"{WORD}-{i}", "output": f"The {WORD} answers"} for i in range(2)]
    version = stage_test_set(
        project=team.project, slug=f"{WORD}-set", path=jsonl(*asked, name=f"{WORD}.jsonl")
    )
    of = stage_version(
        project=team.project, slug=f"{WORD}-model", kind="base", backend=RecordedBackend()
    )
    answers = jsonl(*said, name="answers.jsonl")
    run = stage_answers(
        run_of_answers(version=of, test_set_version=version, answers=answers), answers
    )
    return version, of, run


def seen(team: Team, routes: Iterable[str]) -> set[str]:
    """Pages on which the word stands, for who administers the site, whatever numbers they ask."""
    root = User.objects.filter(username="root").first() or User.objects.create_superuser("root")
    client = team.signed_in(root)
    kinds: list[Any] = [TestSet.objects, TestSetVersion.with_drafts, Item.objects, Model.objects]
    kinds += [ModelVersion.with_drafts, Run.with_drafts, Output.objects]
    numbers = {str(pk) for kind in kinds for pk in kind.values_list("pk", flat=True)}
    found = set()
    for route in dict.fromkeys(routes):
        for number in sorted(numbers) if "<" in route else [""]:
            answer: Any = client.get(re.sub(r"<[^>]+>", number, route))
            body = b"".join(answer) if answer.streaming else answer.content
            if WORD in body.decode():
                found.add(route)
    return found


@pytest.mark.django_db
@pytest.mark.heavy
def test_no_page_shows_anything_of_a_draft(team: Team, jsonl: Jsonl) -> None:
    version, of, run = a_draft_of_each(team, jsonl)
    assert Item.objects.count() == Output.objects.count() == 2
    assert seen(team, addresses()) == set()
    publish_test_set(version)
    publish_version(of)
    launch_staged(run)
    tables = ("testset", "testsetversion", "item", "model", "modelversion", "run", "output")
    pages = {f"/admin/registry/{each}/" for each in tables}
    pages |= {"/runs/", "/versions/", "/test-sets/", "/test-sets/<int:pk>/"}
    assert pages <= set(addresses())
    assert seen(team, pages) == pages


@pytest.mark.django_db
def test_what_is_asked_of_a_project_knows_no_draft(team: Team, jsonl: Jsonl) -> None:
    version, of, _ = a_draft_of_each(team, jsonl)
    with pytest.raises(RedactionError, match="has no item"):
        redact(
            project=team.project,
            test_set=f"{WORD}-set",
            item=f"{WORD}-0",
            reason="why",
            by=None,
            redactors=REDACTORS,
        )
    mine = a_version(team, f"{WORD}-model")
    assert (mine.number, mine.digest) == (1, of.digest)
    assert mine != of
    assert publish_version(of) == mine  # made meanwhile: the draft is its writer's to drop
    drafts.drop(of)
    drafts.drop(version)
    assert list(ModelVersion.with_drafts.all()) == [mine]
    assert not Output.objects.exists()
    assert not TestSet.objects.exists()


@pytest.mark.django_db
def test_redacting_takes_what_a_killed_writer_left_of_the_text(team: Team, jsonl: Jsonl) -> None:
    a_test_set(team, items=[{"key": "a", "input": f"The {WORD} asks 0"}])
    version, *_ = a_draft_of_each(team, jsonl)
    past = version.created
    for kind in (TestSetVersion, ModelVersion, Run):
        kind.with_drafts.filter(draft_until__isnull=False).update(draft_until=past)
    redact(
        project=team.project,
        test_set="questions",
        item="a",
        reason="why",
        by=None,
        redactors=REDACTORS,
    )
    assert not any(WORD in str(text) for text in Item.objects.values_list("input", flat=True))


@pytest.mark.heavy
def test_wherever_an_upload_is_killed_nothing_of_it_stays(tmp_path: Path) -> None:
    """By SIGKILL, in a process of its own: before each time that it says that it lives."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.studies.killed_upload"],
        cwd=Path(__file__).resolve().parents[2],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    left = [each["left"] for each in found["killed"]]
    assert {"sets": 1, "versions": 1, "items": 2} in left
    assert {"models": 1, "outputs": 2}.items() <= left[3].items()
    assert {"models": 2, "runs": 2, "outputs": 8}.items() <= left[-1].items()
    assert all(each["gone"] for each in found["killed"])
    assert found["uploaded"]["model versions"] == found["uploaded"]["runs"] == 2
    assert found["uploaded"]["outputs"] == 8
