"""Working sets by REST: begun, written, looked at, and published as a frozen version."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from evalhub.accounts.models import Role
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.registry.models import TestSetVersion
from tests.api.conftest import Program
from tests.api.sums import digest
from tests.api.test_access import operations
from tests.api.test_docs import PAGE
from tests.api.test_studies import upload
from tests.cast import Team, a_team, a_test_set, a_working_set

Programs = Callable[..., Program]
LONG = (
    "The parcel that you sent to my neighbour in the old town on {} never came to her door, and "
    "nobody at the post office wants to know where it has been since"
)


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def begun(team: Team) -> str:
    """The path of a working set of five items."""
    version = a_test_set(team, items=5, tags=["easy"])
    return f"/working-sets/{a_working_set(team, version).pk}"


def items(caller: Program, at: str, **query: Any) -> list[dict[str, Any]]:
    answer = caller.get(f"{at}/items", **query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def ids(caller: Program, at: str, **query: Any) -> list[str]:
    return [each["id"] for each in items(caller, at, **query)]


def below(caller: Program, url: str) -> str:
    return url.removeprefix(caller.at(""))


def test_a_published_version_is_edited_looked_at_and_published_as_the_next(
    program: Programs, team: Team
) -> None:
    caller = program("read", "ingest")
    first = a_test_set(team, items=[{"input": LONG.format("Monday")}, {"input": "Where?"}])

    made = caller.post("/working-sets", {"test_set": "questions"})
    assert made.status_code == 201, made.content
    at = below(caller, made.headers["Location"])
    assert caller.client.get(made.json()["origin"]).json()["digest"] == first.digest
    assert [each["url"] for each in caller.get("/working-sets").json()["results"]] == [
        made.json()["url"]
    ]

    rows = [{"input": LONG.format("Tuesday"), "reference": "lost"}, {"input": "where"}]
    added = caller.post(f"{at}/items", {"rows": rows, "tag": "production"}).json()
    assert (added["added"], [each["line"] for each in added["left_out"]]) == (1, [2])
    assert "asks the same as item" in added["left_out"][0]["why"]

    file = lines({"id": "f1", "input": "From a file?"}, {"id": "f2", "input": "And this?"})
    upload(caller, file + b'{"id": "f3"}\n', file)
    flawed = caller.post(f"{at}/items", {"file": digest(file + b'{"id": "f3"}\n')})
    assert flawed.status_code == 400
    (flaw,) = flawed.json()["errors"]
    assert (flaw["line"], flaw["field"]) == (3, "input")
    assert flaw["file"] == digest(file + b'{"id": "f3"}\n')
    assert len(items(caller, at)) == 3, "nothing of it was written"
    assert caller.post(f"{at}/items", {"file": digest(file)}).json()["added"] == 2

    (item,) = items(caller, at, id="q0001")
    page = below(caller, item["url"])
    seen = caller.get(page)
    said = {name: each for name, each in seen.json().items() if name in EDITED}
    changed = caller.edit("PUT", page, said | {"input": "Where to?"}, seen=seen.headers["ETag"])
    assert changed.status_code == 200, changed.content
    assert (changed.json()["input"], changed.json()["change"]) == ("Where to?", "changed")
    tagged = caller.post(
        f"{at}/changes", {"verb": "tag", "tag": "new", "items": {"change": "added"}}
    )
    assert tagged.json() == {"items": 3}
    assert caller.edit("DELETE", below(caller, items(caller, at, id="f2")[0]["url"])).content == b""

    looked = caller.post(f"{at}/near-copies", {"where": "inside"}).json()
    assert looked["alike"] == 1
    (copy,) = items(caller, at, alike="1")
    assert (copy["alike"], copy["tags"]) == ("near-copy of q0000", ["production", "new"])
    assert looked["difference"] == {"added": 2, "changed": 1, "removed": 0, "newer": None}

    before = caller.get(at)
    published = caller.post(f"{at}/publish", key="publish", seen=before.headers["ETag"])
    assert published.status_code == 201, published.content
    (version,) = published.json()["versions"]
    assert (version["number"], version["items"]) == (2, 4)
    assert published.headers["Location"] == version["url"]
    asked = [
        each["input"] for each in caller.client.get(f"{version['url']}/items").json()["results"]
    ]
    assert asked == [LONG.format("Monday"), "Where to?", LONG.format("Tuesday"), "From a file?"]
    assert caller.get(at).status_code == 404, "the working set is gone"
    again = caller.post(f"{at}/publish", key="publish", seen=before.headers["ETag"])
    assert again.json() == published.json()

    first.refresh_from_db()
    assert first.items.get(key="q0001").input == "Where?", "a version stays as it is"
    methods = ("PUT", "PATCH", "DELETE", "POST")
    refused = [caller.edit(each, below(caller, version["url"])).status_code for each in methods]
    assert refused == [405] * 4


EDITED = (
    "id", "input", "references", "context", "tags", "cluster", "choices", "tools", "metadata",
    "weight",
)  # fmt: skip


def test_the_document_s_example_is_a_request_for_each_step(program: Programs, team: Team) -> None:
    a_test_set(team, items=[{"input": LONG.format(day)} for day in ("Monday", "Tuesday")])
    steps = re.findall(r'"\$SETS(/7)?(/[\w-]+)?" -d \'(.*)\'', PAGE)
    assert len(steps) == 5
    caller = program()
    codes = []
    for one, verb, body in steps:
        at = f"/working-sets/{WorkingSet.objects.get().pk}{verb}" if one else "/working-sets"
        codes.append(caller.post(at, json.loads(body), seen="*").status_code)
    assert codes == [201, 200, 200, 200, 201]
    inputs = TestSetVersion.objects.get(number=2).items.values_list("input", flat=True)
    assert list(inputs) == [LONG.format("Monday"), "May I pay later?"]


def test_an_item_that_is_put_back_as_it_was_read_says_the_same(
    program: Programs, team: Team
) -> None:
    given: list[dict[str, Any]] = [
        {"input": "one\r\n two ", "references": ["a", "b"], "metadata": {"n": 1.5}},
        {"input": [{"role": "user", "content": "Hi\n"}], "references": [{"day": "Monday"}, 7]},
        {"input": "five", "cluster": "c 1", "reference": "a field of this very name"},
    ]
    version = a_test_set(team, "odd", items=given)
    at = f"/working-sets/{a_working_set(team, version).pk}"
    caller = program()
    for item in items(caller, at):
        said = {name: item[name] for name in EDITED}
        put = caller.edit("PUT", below(caller, item["url"]), said)
        assert put.json()["change"] == "", put.content
    made = caller.post(f"{at}/publish", seen="*").json()
    assert [each["digest"] for each in made["versions"]] == [version.digest]
    assert TestSetVersion.objects.get() == version


def test_who_changes_a_thing_has_seen_it_as_it_is(program: Programs, begun: str) -> None:
    caller = program()
    page = below(caller, items(caller, begun)[0]["url"])
    item, whole = caller.get(page).headers["ETag"], caller.get(begun).headers["ETag"]
    new = {"id": "q0000", "input": "Eva's words"}
    unsaid = [
        caller.edit("PUT", page, new, seen=None),
        caller.edit("DELETE", page, seen=None),
        caller.edit("DELETE", begun, seen=None),
        caller.post(f"{begun}/publish"),
    ]
    assert [each.status_code for each in unsaid] == [428] * 4
    packed = caller.edit("PUT", page, new, seen=f"W/{item}")
    assert packed.status_code == 200
    assert packed.headers["ETag"] == caller.get(page).headers["ETag"] != item
    late = [
        caller.edit("PUT", page, new | {"input": "Olga's words"}, seen=item),
        caller.edit("DELETE", page, seen=item),
        caller.edit("DELETE", begun, seen=whole),
        caller.post(f"{begun}/publish", seen=whole),
    ]
    assert [each.status_code for each in late] == [412] * 4
    assert {each.json()["errors"][0]["field"] for each in [*unsaid, *late]} == {"If-Match"}
    assert WorkingItem.objects.get(key="q0000").input == "Eva's words"
    assert TestSetVersion.objects.count() == 1
    now = caller.get(page).headers["ETag"]
    same = caller.client.get(caller.at(page), headers={"If-None-Match": now})
    assert same.status_code == 304


def test_what_looking_finds_is_news_of_an_item(program: Programs, team: Team) -> None:
    asked = [{"input": LONG.format(day)} for day in ("Monday", "Tuesday")]
    at = f"/working-sets/{a_working_set(team, a_test_set(team, items=asked)).pk}"
    caller = program()
    page = below(caller, items(caller, at)[1]["url"])
    before = caller.get(page).headers["ETag"]
    caller.post(f"{at}/near-copies", {"where": "inside"})
    assert caller.get(page).headers["ETag"] != before


def test_a_file_begins_a_working_set_or_nothing(program: Programs, team: Team) -> None:
    caller = program()
    good = lines({"key": "a", "ask": "One?"}, {"key": "b", "ask": "Two?"})
    upload(caller, good, good + good)
    asked = {"test_set": "asked", "fields": {"id": "key", "input": "ask"}, "purpose": "safety"}
    refused = caller.post("/working-sets", asked | {"file": digest(good + good)})
    assert refused.status_code == 400
    (flaw,) = refused.json()["errors"]
    assert (flaw["file"], flaw["line"], flaw["field"]) == (digest(good + good), 3, "key")
    assert not WorkingSet.objects.exists()
    made = caller.post("/working-sets", asked | {"file": digest(good)})
    assert made.status_code == 201
    found = made.json()
    assert (found["items"], found["purpose"], found["origin"]) == (2, "safety", None)
    assert ids(caller, below(caller, found["url"])) == ["a", "b"]
    assert not TestSetVersion.with_drafts.exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {"test_set": "nothing"}, "test_set"),
        ("", {"test_set": "questions", "version": 7}, "version"),
        ("", {"test_set": "a b"}, "test_set"),
        ("", {"test_set": "new", "file": "sha256:" + "0" * 64}, "file"),
        ("", {"test_set": "new", "file": "sha256:" + "0" * 64, "version": 1}, "file"),
        ("", {"test_set": "new", "file": "/etc/passwd"}, "file"),
        ("", {"test_set": "questions", "source": "asked.json"}, "source"),
        ("", {"test_set": "new", "file": "sha256:" + "0" * 64, "source": "a\nb"}, "source"),
        ("/items", {}, "rows"),
        ("/items", {"rows": []}, "rows"),
        ("/items", {"rows": [{"input": "Good?"}, {"input": 3}]}, "rows[1].input"),
        ("/items", {"rows": [{"input": "Good?"}], "file": "sha256:" + "0" * 64}, "rows"),
        ("/items", {"file": "sha256:" + "0" * 64}, "file"),
        ("/changes", {"verb": "tag", "tag": " ", "items": {}}, "tag"),
        ("/changes", {"verb": "delete"}, "items"),
        ("/changes", {"verb": "delete", "items": {"part": "both"}}, "items.part"),
        ("/near-copies", {"where": "training"}, "file"),
        ("/near-copies", {"where": "inside", "file": "sha256:" + "0" * 64}, "file"),
        ("/split", {"share": 1}, "share"),
    ],
)
def test_what_can_t_be_is_refused_with_its_field_and_nothing_is_written(
    program: Programs, begun: str, path: str, body: dict[str, Any], field: str
) -> None:
    caller = program()
    refused = caller.post(f"{begun}{path}" if path else "/working-sets", body)
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["field"] == field
    assert WorkingSet.objects.get().revision == 1
    assert len(items(caller, begun)) == 5


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"id": "q0001"}, "id"),
        ({"id": ""}, "id"),
        ({"input": [{"role": "boss", "content": "Hi"}]}, "input[0].role"),
        ({"references": [None]}, "references"),
        ({"choices": ["a", "a"]}, "choices"),
        ({"tools": [{"name": 1}]}, "tools"),
        ({"weight": 0}, "weight"),
        ({"cluster": "c" * 201}, "cluster"),
        ({"metadata": []}, "metadata"),
        ({"reference": "misspelt"}, "reference"),
    ],
)
def test_an_item_that_can_t_be_is_refused_with_its_field(
    program: Programs, begun: str, said: dict[str, Any], field: str
) -> None:
    caller = program()
    page = below(caller, items(caller, begun)[0]["url"])
    refused = caller.edit("PUT", page, {"id": "q0000", "input": "New?"} | said)
    assert refused.status_code == 400, refused.content
    assert refused.json()["errors"][0]["field"] == field
    assert WorkingItem.objects.get(key="q0000").revision == 1


def test_items_are_found_and_changed_by_what_they_are(program: Programs, begun: str) -> None:
    caller = program()
    assert ids(caller, begun, id="q0003") == ["q0003"]
    assert len(ids(caller, begun, tag="easy")) == 5
    assert ids(caller, begun, text="nobody says this") == []
    named = {"ids": ["q0001", "q0002", "gone"]}
    untag = {"verb": "untag", "tag": "easy", "items": named}
    assert caller.post(f"{begun}/changes", untag).json() == {"items": 2}
    assert ids(caller, begun, change="changed") == ["q0001", "q0002"]
    assert ids(caller, begun, tag="easy") == ["q0000", "q0003", "q0004"]
    delete = {"verb": "delete", "items": {"tag": "easy", "ids": ["q0001", "q0004"]}}
    assert caller.post(f"{begun}/changes", delete).json() == {"items": 1}
    assert ids(caller, begun) == ["q0000", "q0001", "q0002", "q0003"]
    assert caller.get(begun).json()["difference"]["removed"] == 1
    for wrong in ({"part": "both"}, {"alike": "2"}, {"change": "gone"}, {"tags": "easy"}):
        assert caller.get(f"{begun}/items", **wrong).status_code == 400


def test_a_split_is_published_as_two_versions_or_taken_back(program: Programs, begun: str) -> None:
    caller = program()
    split = caller.post(f"{begun}/split", {"share": 0.4, "seed": 3}).json()
    assert split["parts"] == {"test": 3, "development": 2}
    assert len(ids(caller, begun, part="development")) == 2
    assert caller.edit("DELETE", f"{begun}/split").status_code == 204
    assert caller.get(begun).json()["parts"] == {"none": 5}
    caller.post(f"{begun}/split", {"share": 0.4, "seed": 3})
    late = {"rows": [{"input": "Came after the split?"}]}
    caller.post(f"{begun}/items", late)
    refused = caller.post(f"{begun}/publish", seen="*")
    assert (refused.status_code, "in no part" in refused.json()["detail"]) == (409, True)
    caller.post(f"{begun}/split", {"share": 0.5})
    made = caller.post(f"{begun}/publish", seen="*").json()["versions"]
    assert [(each["test_set"], each["items"]) for each in made] == [
        ("questions", 3),
        ("questions-dev", 3),
    ]


def test_near_copies_are_looked_for_elsewhere_too(program: Programs, team: Team) -> None:
    asked = [{"input": LONG.format("Monday")}, {"input": "Where is my invoice of last month?"}]
    at = f"/working-sets/{a_working_set(team, a_test_set(team, items=asked)).pk}"
    caller = program()
    alone = caller.post(f"{at}/near-copies", {"where": "others"})
    assert (alone.status_code, "no other test set" in alone.json()["detail"]) == (409, True)
    a_test_set(team, "older", items=[{"input": LONG.format("Monday")}])
    assert caller.post(f"{at}/near-copies", {"where": "others"}).json()["alike"] == 1
    training = lines({"text": "Where is my invoice of last month?"})
    upload(caller, training)
    told = caller.post(f"{at}/near-copies", {"where": "training", "file": digest(training)})
    assert told.json()["alike"] == 1
    assert ids(caller, at, alike="1") == ["q0001"]


def test_a_set_is_discarded_and_its_version_stays(program: Programs, begun: str) -> None:
    caller = program()
    seen = caller.get(begun).headers["ETag"]
    assert caller.edit("DELETE", begun, seen=seen).status_code == 204
    assert caller.get(begun).status_code == 404
    assert TestSetVersion.objects.get().items.count() == 5


WRITES = (
    ("POST", "", {"test_set": "questions"}),
    ("POST", "{}/items", {"rows": [{"input": "More?"}]}),
    ("PUT", "{}/items/{}", {"id": "q0000", "input": "New?"}),
    ("DELETE", "{}/items/{}", None),
    ("POST", "{}/changes", {"verb": "delete", "items": {}}),
    ("POST", "{}/near-copies", {"where": "inside"}),
    ("POST", "{}/split", {"share": 0.4}),
    ("DELETE", "{}/split", None),
    ("POST", "{}/publish", None),
    ("DELETE", "{}", None),
)
READS = ("", "{}", "{}/items", "{}/items/{}")


def asked_all(caller: Program, begun: str, first: int) -> list[tuple[int, int]]:
    """How many of the reads and the writes of all operations are answered with which code."""
    paths = [path.format(begun, first) or "/working-sets" for path in READS]
    codes = [caller.get(path).status_code for path in paths]
    for method, path, body in WRITES:
        at = path.format(begun, first) or "/working-sets"
        if method == "POST":
            codes.append(caller.post(at, body, seen="*").status_code)
        else:
            codes.append(caller.edit(method, at, body).status_code)
    return [(code, codes.count(code)) for code in sorted(set(codes))]


def test_nobody_else_reads_or_writes_a_working_set(
    program: Programs, team: Team, begun: str
) -> None:
    everywhere = len(READS) + len(WRITES)
    assert everywhere == sum("/working-sets" in path for _, path, _ in operations())
    first, (reader, caller) = WorkingItem.objects.get(key="q0000").pk, (program("read"), program())
    assert asked_all(reader, begun, first) == [(200, len(READS)), (403, len(WRITES))]
    a_team("Others", "others")  # where Eva evaluates too
    caller.project = "others"
    assert asked_all(caller, begun, first) == [(404, everywhere)], "the token is of one project"
    caller.project = "support-desk"
    team.project.memberships.filter(user=team.eva).update(role=Role.REVIEWER)
    assert asked_all(caller, begun, first) == [(404, everywhere)]
    assert WorkingSet.objects.get().revision == 1
    assert WorkingItem.objects.count() == 5


def test_a_set_of_another_project_isn_t_there(program: Programs, team: Team, begun: str) -> None:
    others = a_team("Others", "others")
    foreign = a_working_set(others, a_test_set(others, "theirs", items=2))
    theirs, caller = foreign.items.all()[0].pk, program()
    found = asked_all(caller, f"/working-sets/{foreign.pk}", theirs)
    assert found[-1] == (404, len(READS) + len(WRITES) - 2), "the list and a new one are ours"
    assert caller.get(f"{begun}/items/{theirs}").status_code == 404
    foreign.refresh_from_db()
    assert (foreign.revision, foreign.items.count()) == (1, 2)


def test_a_list_costs_as_many_queries_for_one_row_as_for_many(
    program: Programs, team: Team, begun: str, django_assert_max_num_queries: Any
) -> None:
    caller = program()
    for _ in range(5):
        a_working_set(team, TestSetVersion.objects.get())
    for path in ("/working-sets", begun, f"{begun}/items"):
        with django_assert_max_num_queries(16):
            caller.get(path)
