"""Items from uploads: a JSON array too, the file's name where it is said, all fields shown."""

import gzip
import json
from collections.abc import Callable

import pytest

from evalhub.features.working_sets.models import WorkingSet
from tests.api.conftest import Program
from tests.api.sums import digest
from tests.api.test_studies import upload
from tests.cast import Team, a_test_set, a_working_set

Programs = Callable[..., Program]
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
ROWS = [
    {
        "id": "a",
        "input": "Which?",
        "choices": ["this", "that"],
        "reference": "this",
        "tools": [TOOL],
    },
    {"id": "b", "input": "And now?", "choices": ["now", "then"], "reference": "then", "tools": []},
]
FIELDS = {"choices": "choices", "tools": "tools"}
ARRAY = json.dumps(ROWS, indent=1).encode()


@pytest.mark.parametrize(
    "content", [ARRAY, b"\xef\xbb\xbf\n" + ARRAY, gzip.compress(ARRAY, mtime=0)]
)
def test_a_json_array_is_added_to_a_working_set(
    program: Programs, team: Team, content: bytes
) -> None:
    caller, at = program(), f"/working-sets/{a_working_set(team, a_test_set(team)).pk}"
    upload(caller, content)
    added = caller.post(f"{at}/items", {"file": digest(content), "fields": FIELDS})
    assert (added.status_code, added.json()) == (200, {"added": 2, "left_out": []})
    shown = caller.get(f"{at}/items", change="added").json()["results"]
    assert [each["input"] for each in shown] == ["Which?", "And now?"]


def test_what_is_wrong_in_a_json_array_is_told_with_its_line(program: Programs, team: Team) -> None:
    caller, at = program(), f"/working-sets/{a_working_set(team, a_test_set(team)).pk}"
    flawed = b'[{"id": "a", "input": "One?"},\n {"id": "b"}]'
    upload(caller, flawed)
    refused = caller.post(f"{at}/items", {"file": digest(flawed)})
    (flaw,) = refused.json()["errors"]
    assert (refused.status_code, flaw["line"], flaw["field"]) == (400, 2, "input")
    assert flaw["file"] == digest(flawed)


def test_a_published_item_is_shown_with_its_choices_and_its_tools(
    program: Programs, team: Team
) -> None:
    caller = program()
    upload(caller, ARRAY)
    asked = {"test_set": "asked", "file": digest(ARRAY), "fields": FIELDS}
    at = caller.post("/working-sets", asked).json()["url"].removeprefix(caller.at(""))
    written = caller.get(f"{at}/items").json()["results"]
    (version,) = caller.post(f"{at}/publish", seen="*").json()["versions"]
    published = caller.client.get(f"{version['url']}/items").json()["results"]
    both = [(each["choices"], each["tools"]) for each in published]
    assert both == [(each["choices"], each["tools"]) for each in written]
    assert (both[0][0], both[1][0]) == (["this", "that"], ["now", "then"])
    assert both[0][1][0]["function"]["name"] == "look_up"


def test_a_set_begun_from_an_upload_is_called_by_its_file_s_name(
    program: Programs, team: Team
) -> None:
    caller = program()
    upload(caller, ARRAY)
    asked = {"test_set": "asked", "file": digest(ARRAY)}
    named = caller.post("/working-sets", asked | {"source": "questions of May.json"}).json()
    unnamed = caller.post("/working-sets", asked).json()
    assert named["source"] == "questions of May.json"
    assert digest(ARRAY).removeprefix("sha256:") in unnamed["source"]
    page = team.signed_in(team.eva).get(f"/working-sets/{WorkingSet.objects.earliest('pk').pk}/")
    assert "from questions of May.json" in page.content.decode()
