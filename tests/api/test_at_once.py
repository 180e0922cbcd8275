"""Many at once, at a site that runs: one act a key, and those who wait leave threads to others."""

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.sums import study
from tests.api.test_schemathesis import token_of
from tests.serving.site import Reply, Site, ask, up

PROJECT = "/api/v1/projects/support-desk"
VERSION = json.dumps({"kind": "lora"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    gone = {"gone": {"url": "http://127.0.0.1:9/v1", "private": True}}
    folder = tmp_path_factory.mktemp("site")
    with up(folder, "--threads", "4", EVALHUB_ENDPOINTS=json.dumps(gone)) as found:
        yield found, token_of(found)


@pytest.mark.heavy
@pytest.mark.services
def test_the_same_post_at_once_is_one_act(site: tuple[Site, str]) -> None:
    at, secret = site
    begin = threading.Barrier(8)

    def post(number: int) -> Reply:
        begin.wait()
        return ask(
            at.port,
            f"{PROJECT}/models/raced/versions",
            method="POST",
            body=VERSION,
            Authorization=f"Bearer {secret}",
            Content_Type="application/json",
            Idempotency_Key="race",
        )

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(post, range(8)))
    statuses = Counter(each.status for each in replies)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    firsts = [each for each in replies if each.status == 201]
    assert sum("Idempotency-Replayed" not in each.headers for each in firsts) == 1
    assert len({each.text for each in firsts}) == 1
    assert all(each.headers["Retry-After"] for each in replies if each.status == 409)


@pytest.mark.heavy
@pytest.mark.services
def test_the_same_upload_at_once_is_one_file(site: tuple[Site, str]) -> None:
    at, secret = site
    content = "x" * 2_000_000
    name = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"

    def put(number: int) -> int:
        return ask(
            at.port,
            f"{PROJECT}/files/{name}",
            method="PUT",
            body=content,
            Authorization=f"Bearer {secret}",
        ).status

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(put, range(4)))
    assert set(statuses) <= {200, 409}
    assert put(0) == 200
    kept = [each.name for each in (at.home / "uploads").rglob(f"{name[7:]}*")]
    assert kept == [f"{name[7:]}.csv"]


@pytest.mark.heavy
@pytest.mark.alone
@pytest.mark.services
def test_those_who_wait_leave_threads_to_others(site: tuple[Site, str]) -> None:
    """Six wait for a run that nobody's model answers; four threads serve."""
    at, secret = site
    bearer = f"Bearer {secret}"
    gate = f"{PROJECT}/studies/never/gate?wait=10"
    waiting = threading.Event()

    def wait(number: int) -> int:
        waiting.set()
        return ask(at.port, gate, Authorization=bearer).status

    undecided(at, bearer)
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(wait, number) for number in range(6)]
        waiting.wait()
        others = [ask(at.port, "/healthz").status for _ in range(20)]
        still = [each for each in asked if not each.done()]
        assert others == [200] * 20
        assert still, "some were still waiting when twenty others had their answers"
        assert {each.result() for each in asked} == {503}


def undecided(site: Site, bearer: str) -> None:
    """Hands in the study `never`, whose candidate's server isn't there."""
    asked = study() | {"name": "Never", "slug": "never"}
    asked["arms"]["tuned"]["backend"] = {"openai": {"endpoint": "gone", "model": "m"}}
    made = ask(
        site.port,
        f"{PROJECT}/studies",
        method="POST",
        body=json.dumps(asked),
        Authorization=bearer,
        Content_Type="application/json",
        Idempotency_Key="never",
    )
    assert made.status == 202, made.text
