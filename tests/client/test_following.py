"""A study followed to its decision, as a site tells of it: scripted answers, no clock of ours."""

from typing import Any

import pytest

from evalhub.client.connection import Connection, NoAccessError
from evalhub.client.server import Server, ServerError
from evalhub.client.studies import DecidedThere, UndecidedError, slug_there, wait_for_decision
from tests.client.test_connection import TOKEN, Clock
from tests.fakes.site import FakeSite

DECISION = {"arm": "tuned", "id": 3, "verdict": "ship", "current": True, "url": "/api/v1/d/3"}
GATE = {
    "passing": "passed",
    "said": "tuned gains",
    "signed": None,
    "links": {"page": "/studies/1/"},
}
WHOLE = {"record": {"verdict": "ship"}, "changed_since": []}
END: list[tuple[int, Any]] = [(200, GATE), (200, WHOLE), (200, {"flips": []})]


def a_study(run: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "slug": "s",
        "state": "running",
        "waits_for": "1 of its 2 runs",
        "arms": [{"name": "base", "digest": "b"}, {"name": "tuned", "digest": "t"}],
        "test_sets": [{"name": "triage", "digest": "i"}],
        "runs": [
            {"arm": "tuned", "test_set": "triage", "repeat": 0, "id": run, "error": ""},
        ],
        "decisions": [],
        **fields,
    }


def done(**fields: Any) -> dict[str, Any]:
    decisions = [DECISION | fields]
    return a_study(state="decided", waits_for="", decisions=decisions)


def followed(
    site: FakeSite, clock: Clock, until: float = 7200.0, **pushed: Any
) -> DecidedThere | None:
    connection = Connection(Server(site.url, TOKEN), "p", clock=clock, sleep=clock.sleep)
    return wait_for_decision(connection, a_study(**pushed), arm="tuned", until=until)


def test_it_is_asked_until_it_is_decided_then_the_gate_about_this_version() -> None:
    clock = Clock()
    with FakeSite(script=[(202, a_study()), (202, a_study()), (200, done()), *END]) as site:
        found = followed(site, clock)
        paths = [each["path"].removeprefix("/api/v1/projects/p") for each in site.got]
    assert found is not None
    assert (found.refused, found.link) == ("", f"{site.url}/studies/1/")
    assert paths[:3] == ["/studies/s?wait=20"] * 3
    assert paths[3:] == [
        "/studies/s/gate?candidate=tuned&version=t", "/api/v1/d/3", "/api/v1/d/3/flips",
    ]  # fmt: skip
    assert clock.slept == [2.0, 2.0], "this site holds no answer back"


def test_a_refusal_of_the_gate_is_no_error_and_is_told() -> None:
    refused = GATE | {"passing": "refused", "said": "A person overrode it: hold", "signed": "hold"}
    with FakeSite(script=[(200, done()), (412, refused), *END[1:]]) as site:
        found = followed(site, Clock())
    assert found is not None
    assert (found.refused, found.signed) == ("A person overrode it: hold", "hold")


def test_a_decision_on_earlier_evidence_is_made_anew() -> None:
    stale = (200, done(current=False))
    with FakeSite(script=[stale, (200, done()), (200, done()), *END]) as site:
        assert followed(site, Clock()) is not None
        assert site.got[1]["path"].endswith("/studies/s/decisions")
        assert len(site.got[1]["headers"]["Idempotency-Key"]) == 32


@pytest.mark.parametrize("status", [403, 409])
def test_who_may_not_decide_waits_for_the_worker(status: int) -> None:
    clock, stale = Clock(), (200, done(current=False))
    with FakeSite(script=[stale, (status, {}), stale, (status, {}), (200, done()), *END]) as site:
        assert followed(site, clock) is not None
    assert len(clock.slept) == 2


def test_when_the_time_is_over_it_says_what_it_waits_for() -> None:
    clock = Clock()
    says = "it waits for 1 of its 2 runs; the same command"
    script = [(202, a_study())] * 9
    with FakeSite(script=script) as site, pytest.raises(UndecidedError, match=says):
        followed(site, clock, until=5.0)
    assert clock.now == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("study", "says"),
    [
        (a_study(run=2), "somebody else has handed in the study s"),
        (a_study(test_sets=[{"name": "triage", "digest": "j"}]), "somebody else has handed in"),
        (a_study(state="decided", decisions=[]), "tuned isn't judged in the study s"),
        (
            a_study(
                state="stopped",
                waits_for="somebody who resumes a run",
                runs=[a_study()["runs"][0] | {"error": "nothing answers at endpoint vllm"}],
            ),
            "waits for somebody who resumes a run; tuned on triage: nothing answers at endpoint",
        ),
    ],
)
def test_what_no_waiting_brings_ends_it(study: dict[str, Any], says: str) -> None:
    with FakeSite(script=[(200, study)]) as site, pytest.raises(UndecidedError, match=says):
        followed(site, Clock())


def test_a_study_that_is_read_freely_has_no_decision() -> None:
    with FakeSite(script=[(200, a_study(state="read"))]) as site:
        assert followed(site, Clock()) is None


def test_a_token_that_is_revoked_meanwhile_ends_it() -> None:
    script = [(202, a_study()), (401, {"detail": "revoked"})]
    with FakeSite(script=script) as site, pytest.raises(NoAccessError, match="revoked"):
        followed(site, Clock())


@pytest.mark.parametrize("body", [b"<html>Sign in to the hotel</html>", b"[1, 2]", b""])
def test_another_site_at_the_address_is_known_as_one(body: bytes) -> None:
    says = "not as Evalhub does: is the address right"
    with FakeSite(status=200, body=body) as site, pytest.raises(ServerError, match=says):
        followed(site, Clock())


def test_a_study_is_found_by_its_name_on_whichever_page() -> None:
    """A proxy may have named the next page by another host: its path is what counts."""
    first = {"results": [{"name": "A", "slug": "a"}], "next": "http://inside/api/v1/x?cursor=2"}
    with FakeSite(script=[(200, first), (200, {"results": [{"name": "B", "slug": "b"}]})]) as site:
        connection = Connection(Server(site.url, TOKEN), "p")
        assert slug_there(connection, "B") == "b"
        assert site.got[1]["path"] == "/api/v1/x?cursor=2"
    with FakeSite(script=[(200, first | {"next": None})]) as site:
        assert slug_there(Connection(Server(site.url, TOKEN), "p"), "B") is None
