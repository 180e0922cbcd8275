"""Test sets written on the web: taken in, edited, tagged, split, and published as a version."""

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.features.working_sets.sets import edit_version
from evalhub.registry.models import TestSetVersion
from tests.cast import Team, a_test_set
from tests.site.test_campaign_pages import filled

NEW = "site:new_working_set"


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


ROWS = [
    {"id": f"q{n}", "input": f"Where is parcel {n}?", "reference": "shipping", "tags": ["parcel"]}
    for n in range(4)
]


def take_in(client: Client, content: str, name: str = "items.jsonl", **more: Any) -> Any:
    file = SimpleUploadedFile(name, content.encode())
    page = filled(client.get(reverse(NEW)), slug="parcels", project="support-desk", file=file)
    return client.post(reverse(NEW), page | more, follow=True)


def at(name: str, working_set: WorkingSet, *more: int) -> str:
    return reverse(f"site:{name}", args=[working_set.pk, *more])


@pytest.fixture
def begun(olga: Client, team: Team) -> WorkingSet:
    """A working set of four items."""
    take_in(olga, lines(*ROWS))
    return WorkingSet.objects.get()


def publish(client: Client, working_set: WorkingSet) -> Any:
    path = at("publish_set", working_set)
    seen = client.get(path).context["working_set"].revision
    return client.post(path, {"revision": seen}, follow=True)


def edit(client: Client, item: WorkingItem, **changed: Any) -> Any:
    path = at("change_item", item.working_set, item.pk)
    return client.post(path, filled(client.get(path), **changed), follow=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("items.jsonl", lines(*ROWS)),
        ("items.json", json.dumps(ROWS)),
        ("items.csv", "id,input,reference\nq0,Hello?,hi\n"),
    ],
)
def test_a_file_becomes_a_working_set_and_no_version(
    olga: Client, team: Team, name: str, content: str
) -> None:
    page = take_in(olga, content, name)
    assert page.context["working_set"].slug == "parcels"
    assert "q0" in page.text
    assert not TestSetVersion.with_drafts.exists()


def test_what_is_wrong_with_a_file_is_said_with_its_line_and_nothing_is_kept(
    olga: Client, team: Team
) -> None:
    page = take_in(olga, lines(ROWS[0], {"id": "q9"}))
    assert page.status_code == 400
    assert "items.jsonl, line 2, field" in page.text
    assert "missing" in str(page.context["form"].errors["file"])
    page = take_in(olga, lines(ROWS[0], ROWS[0]))
    assert "is the id on line 1 already" in page.text
    page = take_in(olga, lines(*ROWS), slug="no name")
    assert "slug" in page.context["form"].errors
    assert page.context["form"]["slug"].value() == "no name", "what was typed is kept"
    assert not WorkingSet.objects.exists()


def test_what_is_published_is_the_version_that_importing_the_file_makes(
    olga: Client, team: Team, begun: WorkingSet
) -> None:
    page = publish(olga, begun)
    assert "Published: parcels v1" in page.text
    version = TestSetVersion.objects.get()
    assert not WorkingSet.objects.exists()
    assert not WorkingItem.objects.exists()
    take_in(olga, lines(*ROWS))
    publish(olga, WorkingSet.objects.get())
    assert TestSetVersion.objects.get() == version, "the same content is the same version"
    same = [{**row, "key": row["id"], "references": [row["reference"]]} for row in ROWS]
    for row in same:
        del row["id"], row["reference"]
    assert a_test_set(team, "parcels", items=same) == version


def test_editing_a_version_leaves_it_as_it_is_and_shows_the_difference(
    olga: Client, team: Team
) -> None:
    version = a_test_set(team, "questions", items=5, tags=["easy"], clusters=2)
    digest = version.digest
    path = reverse("site:edit_test_set", args=[version.test_set_id])
    page = olga.post(path, {"version": version.number}, follow=True)
    begun = page.context["working_set"]
    first, second, third, *_ = begun.items.all()
    edit(olga, first, input="Another question?")
    olga.post(at("delete_item", begun, second.pk), {"revision": second.revision})
    edit(olga, third, input="", key=third.key)
    olga.post(at("add_item", begun), {"key": "new", "input": "And this?"})
    shown = olga.get(at("publish_set", begun))
    difference = shown.context["shown"].difference
    assert (difference.added, difference.changed, difference.removed) == (1, 1, 1)
    assert "<ins>Another" in shown.text
    publish(olga, begun)
    version.refresh_from_db()
    assert version.digest == digest
    assert list(version.items.values_list("key", flat=True)) == [f"q{n:04}" for n in range(5)]
    newest = TestSetVersion.objects.get(number=2)
    assert set(newest.items.values_list("key", flat=True)) == {
        "q0000", "q0002", "q0003", "q0004", "new",
    }  # fmt: skip


def test_a_form_that_is_sent_back_unchanged_says_the_same_item(olga: Client, team: Team) -> None:
    items: list[dict[str, Any]] = [
        {"input": "one\r\n two ", "references": ["a", "b"], "metadata": {"n": 1.5}},
        {"input": [{"role": "user", "content": "Hi\n"}], "references": ["two\nlines"]},
        {"input": "three", "references": [{"day": "Monday"}, 7, True], "context": "\n given "},
        {"input": "four", "references": ["[1]"], "tags": ["sums, easy", "é"], "cluster": "c 1"},
        {"input": "five", "references": [], "reference": "a field of this very name"},
        {"input": "six", "relevant": ["p 1", "7"], "answerable": True},
        {"input": "seven", "relevant": [], "answerable": False},
    ]
    version = a_test_set(team, "odd", items=items)
    begun = edit_version(version, by=team.olga)
    for item in begun.items.all():
        edit(olga, item)
    assert set(begun.items.values_list("change", "revision")) == {("", 2)}
    publish(olga, begun)
    assert TestSetVersion.objects.get() == version


def test_the_second_of_two_editors_is_told_and_keeps_what_they_typed(
    olga: Client, eva: Client, begun: WorkingSet
) -> None:
    item = begun.items.all()[0]
    path = at("change_item", begun, item.pk)
    theirs = filled(eva.get(path), input="Eva’s words")
    edit(olga, item, input="Olga’s words")
    answer = eva.post(path, theirs)
    assert answer.status_code == 409
    assert "Not saved:" in answer.text
    assert answer.context["form"]["input"].value() == "Eva’s words"
    assert "Olga’s words" in answer.text
    item.refresh_from_db()
    assert item.input == "Olga’s words"
    late = eva.post(at("delete_item", begun, item.pk), {"revision": 1})
    assert late.status_code == 409
    assert "Somebody changed this first" in late.text
    assert begun.items.count() == 4


def test_who_has_seen_both_may_save_theirs_over_it(
    olga: Client, eva: Client, begun: WorkingSet
) -> None:
    item = begun.items.all()[0]
    path = at("change_item", begun, item.pk)
    theirs = filled(eva.get(path), input="Eva’s words")
    edit(olga, item, input="Olga’s words")
    conflict = eva.post(path, theirs).text
    assert "Save mine over it" in conflict
    (revision,) = re.findall(r'name="revision" value="(\d+)">\s*<p class="actions">', conflict)
    eva.post(path, theirs | {"revision": revision})
    item.refresh_from_db()
    assert item.input == "Eva’s words"


def test_what_somebody_changed_since_one_looked_is_not_published(
    olga: Client, begun: WorkingSet
) -> None:
    path = at("publish_set", begun)
    seen = olga.get(path).context["working_set"].revision
    edit(olga, begun.items.all()[0], input="Other words")
    assert olga.post(path, {"revision": seen}).status_code == 409
    assert not TestSetVersion.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("key", "q1", "is the id of another item"),
        ("key", "", "required"),
        ("input", '[{"role": "boss", "content": "Hi"}]', "a role is one of"),
        ("references", "[null]", "null is not a right answer"),
        ("metadata", "[1]", "a JSON object was expected"),
        ("metadata", "{", "malformed JSON"),
        ("choices", "yes", "choices are a list of texts"),
        ("tools", '[{"name": 1}]', "name"),
        ("weight", "-1", "a weight is a number above 0"),
        ("weight", "1,5", "write the decimals with a point"),
        ("cluster", "c" * 201, "200"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    olga: Client, begun: WorkingSet, field: str, typed: str, told: str
) -> None:
    item = begun.items.all()[0]
    page = edit(olga, item, **{field: typed})
    assert page.status_code == 400
    assert told in str(page.context["form"].errors[field])
    assert page.context["form"][field].value() == typed
    item.refresh_from_db()
    assert item.revision == 1


def test_items_are_found_by_words_tags_and_change(olga: Client, team: Team) -> None:
    items = [
        {"input": "Wo ist die ÜBERSICHT?", "tags": ["de"]},
        {"input": "Where is it?", "tags": ["en", "100%"]},
        {"input": "Who said 100?", "tags": ["EN"], "references": ["nobody"]},
    ]
    begun = edit_version(a_test_set(team, "mixed", items=items), by=None)
    edit(olga, begun.items.all()[2], cluster="c9")

    def found(**asked: str) -> list[str]:
        page = olga.get(at("working_set", begun), asked)
        return [each.item.key for each in page.context["shown"].items]

    assert found(q="übersicht") == ["q0000"]
    assert found(q="NOBODY") == ["q0002"]
    assert found(q="100%") == []
    assert found(tag="en") == ["q0001"]
    assert found(tag="EN") == ["q0002"]
    assert found(tag="100%") == ["q0001"]
    assert found(change="changed") == ["q0002"]
    assert found(tag="nobody has it") == []


def test_a_filter_says_which_items_are_tagged_and_deleted(olga: Client, begun: WorkingSet) -> None:
    many = at("change_many", begun)

    def offered() -> list[str]:
        page = olga.get(at("working_set", begun))
        return [label for _, label in page.context["shown"].form.fields["tag"].choices]

    assert offered() == ["any", "parcel (4)"]
    page = olga.post(many + "?q=parcel+1", {"verb": "tag", "tag": "hard, really"}, follow=True)
    assert "1 item got the tag" in page.text
    assert begun.items.get(key="q1").tags == ["parcel", "hard, really"]
    olga.post(many + "?tag=parcel", {"verb": "untag", "tag": "parcel"})
    assert begun.items.get(key="q1").tags == ["hard, really"]
    assert begun.items.get(key="q2").tags == []
    assert offered() == ["any", "hard, really (1)"]
    assert "a tag has 1 to 200" in olga.post(many, {"verb": "tag", "tag": " "}, follow=True).text
    assert olga.post(many, {"verb": "rename"}).status_code == 404
    olga.post(many + "?tag=hard,+really", {"verb": "delete"})
    assert set(begun.items.values_list("key", flat=True)) == {"q0", "q2", "q3"}


def test_rows_of_production_are_added_once_and_what_is_left_out_is_said(
    olga: Client, begun: WorkingSet
) -> None:
    path = at("add_rows", begun)
    text = "Where is PARCEL 2?\n\nMay I pay later?\nmay I pay later"
    page = olga.post(path, filled(olga.get(path), pasted=text, given_tag="production"))
    added = page.context["added"]
    assert added.added == 1
    assert added.left_out[0] == (1, "asks the same as item 'q2'")
    assert added.left_out[1][0] == 4
    item = begun.items.get(tags=["production"])
    assert (item.input, item.key[:2], item.change) == ("May I pay later?", "p-", "added")
    again = olga.post(path, filled(olga.get(path), pasted=text))
    assert again.context["added"].added == 0
    file = SimpleUploadedFile("more.csv", b"id,input\nq0,Another?\nq7,Yet another?\n")
    added = olga.post(path, filled(olga.get(path), file=file)).context["added"]
    assert (added.added, added.left_out) == (1, [(2, "'q0' is the id of another item")])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "one of the two"),
        ({"pasted": '{"input": 3}'}, "line 1"),
        ({"pasted": '{"input": "good"}\n{"input": }'}, "line 2"),
    ],
)
def test_rows_that_are_wrong_are_kept_in_the_form_and_none_is_added(
    olga: Client, begun: WorkingSet, given: dict[str, str], told: str
) -> None:
    path = at("add_rows", begun)
    page = olga.post(path, filled(olga.get(path), **given))
    assert page.status_code == 400
    assert told in str(page.context["form"].errors["pasted"])
    assert page.context["form"]["pasted"].value() == given.get("pasted")
    assert begun.items.count() == 4


def test_nobody_else_s_project_can_be_chosen_and_nobody_else_s_set_is_seen(
    stranger: Client, team: Team, begun: WorkingSet
) -> None:
    from tests.cast import a_team

    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role="owner")
    page = take_in(stranger, lines(*ROWS))
    assert "project" in page.context["form"].errors
    assert stranger.get(at("working_set", begun)).status_code == 404
    assert begun.items.count() == 4
