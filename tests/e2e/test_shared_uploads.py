"""Two sites on one database and with one folder of uploads: a file of one is the other's too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.api.sums import digest, rows
from tests.api.test_schemathesis import token_of
from tests.e2e.test_heavy_jobs import until
from tests.migrated import a_migrated_database
from tests.serving.site import Reply, Site, ask, up

pytestmark = [pytest.mark.heavy, pytest.mark.services]

PROJECT = "/api/v1/projects/support-desk"


class Sites(NamedTuple):
    one: Site
    two: Site
    token: str

    def send(self, site: Site, method: str, path: str, body: str, **headers: str) -> Reply:
        bearer = {"Authorization": f"Bearer {self.token}"}
        return ask(site.port, PROJECT + path, method=method, body=body, **bearer, **headers)

    def register(self, site: Site, slug: str, content: bytes) -> Reply:
        return self.send(
            site,
            "POST",
            f"/test-sets/{slug}/versions",
            json.dumps({"file": digest(content)}),
            Content_Type="application/json",
            Idempotency_Key=slug,
        )


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Iterator[Sites]:
    """Each with a home of its own."""
    shared = tmp_path_factory.mktemp("shared")
    given = {
        "EVALHUB_DATABASE_URL": a_migrated_database(postgres_url, "shared_uploads"),
        "EVALHUB_SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
        "EVALHUB_UPLOADS": str(shared),
    }
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    with up(one, **given) as first, up(two, again=True, **given) as second:
        yield Sites(first, second, token_of(first))
        assert not (first.home / "uploads").exists()
        assert not (second.home / "uploads").exists()


def lines(count: int, text: str) -> bytes:
    return rows(count, input=lambda i: f"{text} {i} + 1?", reference=lambda i: str(i + 1))


def test_a_file_that_was_put_at_one_is_registered_at_the_other(sites: Sites) -> None:
    content = lines(20, "put")
    put = sites.send(sites.one, "PUT", f"/files/{digest(content)}", content.decode())
    assert put.status == 200, put.text
    there = sites.send(sites.two, "GET", f"/files/{digest(content)}", "")
    assert (there.status, json.loads(there.text)["bytes"]) == (200, len(content))
    made = sites.register(sites.two, "put", content)
    assert (made.status, json.loads(made.text)["items"]) == (201, 20), made.text


def test_parts_go_to_either(sites: Sites) -> None:
    content = lines(30, "parts").decode()
    name, cuts = digest(content.encode()), [0, 100, 333, len(content)]
    for n, site in enumerate((sites.one, sites.two, sites.one)):
        missing = sites.send(sites.two, "GET", f"/files/{name}", "")
        assert (missing.status, missing.headers["Upload-Offset"]) == (404, str(cuts[n]))
        sent = sites.send(
            site,
            "PATCH",
            f"/files/{name}",
            content[cuts[n] : cuts[n + 1]],
            Upload_Offset=str(cuts[n]),
            Upload_Complete="?1" if n == 2 else "?0",
        )
        assert sent.status == 200, sent.text
    made = sites.register(sites.two, "parts", content.encode())
    assert (made.status, json.loads(made.text)["items"]) == (201, 30), made.text


def test_a_heavy_request_is_worked_on_by_either(sites: Sites) -> None:
    """Uploaded and sent to one site, each by turns: the job of each is any site's to take."""
    jobs = []
    for n, (first, other) in enumerate([(sites.one, sites.two), (sites.two, sites.one)] * 2):
        content = lines(6_000, f"heavy {n}")
        put = sites.send(first, "PUT", f"/files/{digest(content)}", content.decode())
        assert put.status == 200, put.text
        taken = sites.register(other, f"heavy-{n}", content)
        assert taken.status == 202, taken.text
        jobs.append(taken.headers["Location"])

    def ended(job: str) -> dict[str, Any] | None:
        answer = ask(sites.two.port, job, Authorization=f"Bearer {sites.token}")
        state: dict[str, Any] = json.loads(answer.text)
        return state if state["state"] == "ended" else None

    for job in jobs:
        end = until(lambda job=job: ended(job), "the job's end")
        assert (end["status"], end["answer"]["items"]) == (201, 6_000), end


def test_a_site_without_its_folder_does_not_start(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match=r"(?s)EVALHUB_UPLOADS.*gone is no\s.*folder"),
        up(tmp_path, EVALHUB_UPLOADS=str(tmp_path / "gone")),
    ):
        pass
