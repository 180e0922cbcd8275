"""A study by REST: uploaded, handed in, worked on, asked whether its candidate may ship."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.registry.models import Study
from evalhub.studies.run.advance import advance
from runners.execute import process_shard
from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, digest, study
from tests.cast import Team

Programs = Callable[..., Program]


def upload(caller: Program, *contents: bytes) -> None:
    for content in contents:
        sent = caller.send("PUT", f"/files/{digest(content)}", content)
        assert sent.status_code == 200, sent.content


def worked_on() -> None:
    """All that a worker and its timer would do."""
    for found in Study.objects.all():
        for run in {link.run for arm in found.arms.all() for link in arm.runs.all()}:
            while process_shard(run.pk):
                pass
        advance(study=found, by=None)


def test_a_study_is_handed_in_worked_on_and_ships(program: Programs) -> None:
    caller = program()
    upload(caller, ITEMS, RIGHT, HALF)

    made = caller.post("/studies", study())
    assert made.status_code == 202, made.content
    assert made.headers["Location"] == caller.at("/studies/sums")
    assert made.json()["state"] == "running"
    asked = caller.get("/studies/sums")
    assert (asked.status_code, asked.headers["Retry-After"]) == (202, "5")
    waits = caller.get("/studies/sums/gate")
    assert (waits.status_code, waits.headers["Retry-After"]) == (503, "5")
    assert waits.json()["verdict"] is None

    worked_on()

    done = caller.get("/studies/sums")
    assert done.status_code == 200
    assert [each["state"] for each in done.json()["runs"]] == ["done", "done"]
    assert [each["verdict"] for each in done.json()["decisions"]] == ["ship"]
    gate = caller.get("/studies/sums/gate", candidate="tuned")
    assert gate.status_code == 200, gate.content
    assert gate.json()["current"]
    assert gate.json()["registered"]
    record = caller.client.get(gate.json()["links"]["decision"]).json()
    assert record["record"]["verdict"] == "ship"
    assert record["current"]


def test_the_same_study_again_changes_nothing(program: Programs) -> None:
    caller = program()
    upload(caller, ITEMS, RIGHT, HALF)
    first = caller.post("/studies", study()).json()
    again = caller.post("/studies", study())
    assert again.status_code == 202
    assert again.json() == first


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"baseline": "bass"}, "baseline", "there is no arm"),
        ({"project": "elsewhere"}, "project", "this address is for"),
        ({"nmae": "x"}, "nmae", "did you mean name?"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(
    program: Programs, change: dict[str, Any], field: str, says: str
) -> None:
    caller = program()
    upload(caller, ITEMS, RIGHT, HALF)
    refused = caller.post("/studies", study() | change)
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"] == field
    assert says in refused.json()["errors"][0]["message"]
    assert not Study.objects.exists()


def test_a_line_of_an_upload_that_is_wrong_is_named(program: Programs, team: Team) -> None:
    caller = program()
    broken = RIGHT + b'{"id": "q7", "output": "8"}\n'
    upload(caller, ITEMS, broken, HALF)
    refused = caller.post("/studies", study(tuned=broken))
    assert refused.status_code == 400
    (flaw,) = refused.json()["errors"]
    assert (flaw["file"], flaw["line"], flaw["field"]) == (digest(broken), 61, "id")
    assert "/" not in flaw["file"]
    assert not Study.objects.exists()
    assert not team.project.test_sets.exists()


def test_a_study_names_no_file_of_the_machine(program: Programs) -> None:
    caller = program()
    upload(caller, RIGHT, HALF)
    asked = study()
    asked["test_sets"]["sums"]["file"] = "/etc/passwd"
    refused = caller.post("/studies", asked)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "test_sets.sums.file"
