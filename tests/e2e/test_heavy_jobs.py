"""A heavy request's process on a real site: killed, stopped with it, and followed by a client."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.api.sums import digest, rows
from tests.api.test_schemathesis import token_of
from tests.serving.site import Site, ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.services]
PROJECT = "/api/v1/projects/support-desk"
MANY = rows(60_000, input=lambda i: f"{i} + 1?", reference=lambda i: str(i + 1))
PATIENCE_S = 400


def until(true: Callable[[], Any], what: str) -> Any:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


def job_processes(site: Site) -> list[psutil.Process]:
    """Those that are alive; one that has ended is there until its site takes note of it."""
    found = []
    for child in psutil.Process(site.pid).children():
        with suppress(psutil.NoSuchProcess):  # of which a zombie is one
            if "evalhub.jobs.process" in child.cmdline():
                found.append(child)
    return found


def handed_in(site: Site, secret: str) -> str:
    """The address of the job that a large upload becomes."""
    bearer = f"Bearer {secret}"
    content = MANY.decode()
    sent = ask(site.port, f"{PROJECT}/files/{digest(MANY)}", method="PUT", body=content,
               Authorization=bearer)  # fmt: skip
    assert sent.status == 200, sent.text
    taken = ask(site.port, f"{PROJECT}/test-sets/many/versions", method="POST",
                body=json.dumps({"file": digest(MANY)}), Authorization=bearer,
                Content_Type="application/json", Idempotency_Key="many")  # fmt: skip
    assert taken.status == 202, taken.text
    return str(taken.headers["Location"])


def state(site: Site, secret: str, job: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(site.port, job, Authorization=f"Bearer {secret}").text)
    return found


def versions(site: Site, secret: str) -> list[dict[str, Any]]:
    at = f"{PROJECT}/test-sets/many/versions"
    answer = ask(site.port, at, Authorization=f"Bearer {secret}")
    return json.loads(answer.text).get("results", []) if answer.status == 200 else []


def test_a_killed_process_is_followed_by_another_and_nothing_half_written_is_seen(
    tmp_path: Path,
) -> None:
    with up(tmp_path) as site:
        secret = token_of(site)
        job = handed_in(site, secret)
        first = until(lambda: job_processes(site), "a process for the job")[0]
        until(lambda: first.nice() > psutil.Process(site.pid).nice(), "a lower priority")
        until(lambda: state(site, secret, job)["rows_written"], "rows that were written")
        first.kill()
        assert versions(site, secret) == []
        until(lambda: [each for each in job_processes(site) if each.pid != first.pid], "another")
        ended = until(lambda: (s := state(site, secret, job))["state"] == "ended" and s, "the end")
        assert (ended["status"], ended["answer"]["items"]) == (201, 60_000)
        assert [each["items"] for each in versions(site, secret)] == [60_000]
        assert "Fatal" not in site.log.read_text()


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_it_ends_with_its_site_and_a_stopped_site_goes_on_with_it(tmp_path: Path, end: str) -> None:
    with up(tmp_path) as site:
        secret = token_of(site)
        job = handed_in(site, secret)
        process = until(lambda: job_processes(site), "a process for the job")[0]
        if end == "killed":
            psutil.Process(site.pid).kill()
    gone, _ = psutil.wait_procs([process], timeout=PATIENCE_S)
    assert gone
    if end == "killed":
        return  # its job is taken up a minute later: tests/api/test_jobs.py
    with up(tmp_path, again=True) as again:
        ended = until(lambda: (s := state(again, secret, job))["state"] == "ended" and s, "the end")
        assert (ended["status"], len(versions(again, secret))) == (201, 1)


def test_a_study_too_large_to_be_registered_at_once_is_pushed_by_the_command(
    tmp_path: Path,
) -> None:
    count = 6_000
    (tmp_path / "items.jsonl").write_bytes(
        rows(count, input=lambda i: f"{i}?", reference=lambda i: str(i))
    )
    (tmp_path / "base.jsonl").write_bytes(rows(count, output=lambda i: str(i % 7)))
    (tmp_path / "tuned.jsonl").write_bytes(rows(count, output=lambda i: str(i)))
    study = {
        "schema": "evalhub.study/1",
        "project": "support-desk",
        "name": "Large",
        "slug": "large",
        "baseline": "base",
        "arms": {
            "base": {"kind": "base", "backend": {"recorded": "base.jsonl"}},
            "tuned": {"kind": "lora", "parent": "base", "backend": {"recorded": "tuned.jsonl"}},
        },
        "test_sets": {
            "large": {
                "file": "items.jsonl",
                "role": "primary",
                "metric": {"name": "exact_match"},
            }
        },
    }
    (tmp_path / "large.yaml").write_text(yaml.safe_dump(study))
    with up(tmp_path) as site:
        secret = token_of(site)
        site.environment.update(EVALHUB_SERVER=site.url, EVALHUB_TOKEN=secret)
        said = json.loads(site.command("push", str(tmp_path / "large.yaml"), "--json"))
        assert (said["slug"], len(said["runs"])) == ("large", 2)
        listed = ask(site.port, f"{PROJECT}/jobs", Authorization=f"Bearer {secret}")
        [job] = json.loads(listed.text)["results"]
        assert (job["title"], job["status"]) == ("Hand in a study", 202)
