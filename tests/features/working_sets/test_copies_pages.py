"""Near-copies of a working set's items, and its split by what hangs together."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.sets import edit_version
from evalhub.registry.models import TestSetVersion
from evalhub.studies.file.splitting import draw_share, group_by_labels, without_shared_lines
from tests.cast import Team, a_test_set
from tests.features.working_sets.test_pages import at, publish

LONG = (
    "The parcel that you sent to my neighbour in the old town on {} never came to her door, and "
    "nobody at the post office wants to know where it has been since"
)


def written(team: Team, *items: dict[str, Any], slug: str = "parcels") -> WorkingSet:
    return edit_version(a_test_set(team, slug, items=items), by=team.olga)


def look(client: Client, working_set: WorkingSet, where: str, **more: Any) -> Any:
    return client.post(at("near_copies", working_set), {"where": where, **more}, follow=True)


def alike(working_set: WorkingSet) -> dict[str, str]:
    return dict(working_set.items.exclude(alike="").values_list("key", "alike"))


def test_a_near_copy_of_an_item_before_it_is_found_and_can_be_deleted(
    olga: Client, team: Team
) -> None:
    begun = written(
        team,
        {"input": LONG.format("Monday")},
        {"input": "Something else entirely, about an invoice and its date"},
        {"input": LONG.format("Tuesday")},
    )
    page = look(olga, begun, "inside")
    assert "1 item is a near-copy of items before" in page.text
    assert alike(begun) == {"q0002": "near-copy of q0000"}
    olga.post(at("change_many", begun) + "?alike=on", {"verb": "delete"})
    assert set(begun.items.values_list("key", flat=True)) == {"q0000", "q0001"}
    assert "No near-copies" in look(olga, begun, "inside").text


def test_an_instruction_that_all_items_share_makes_no_two_alike(olga: Client, team: Team) -> None:
    told = "Sort the ticket into one of the classes billing, shipping and other. Say the class.\n"
    words = ["crate", "invoice", "window", "harbour", "pepper", "violin"]
    begun = written(team, *({"input": f"{told}{word} {word}s"} for word in words))
    look(olga, begun, "inside")
    assert alike(begun) == {}


def test_items_of_other_test_sets_and_of_training_data_are_found(olga: Client, team: Team) -> None:
    a_test_set(team, "older", items=[{"input": LONG.format("Monday")}])
    begun = written(
        team, {"input": LONG.format("Monday")}, {"input": "Is it open on Sundays then?"}
    )
    look(olga, begun, "others")
    assert alike(begun) == {"q0000": "input: exact, q0000 of older v1"}
    file = SimpleUploadedFile("train.jsonl", b'{"text": "is it open on sundays, then"}\n')
    look(olga, begun, "training", file=file)
    assert alike(begun) == {"q0001": "input: exact, line 1 of train.jsonl"}


def test_what_is_missing_to_look_is_said(olga: Client, team: Team) -> None:
    begun = written(team, {"input": "One?"})
    assert "Choose the file" in look(olga, begun, "training").text
    assert "no other test set" in look(olga, begun, "others").text
    broken = SimpleUploadedFile("train.jsonl", b"{\n")
    assert "train.jsonl, line 1" in look(olga, begun, "training", file=broken).text


def test_a_split_keeps_clusters_and_near_copies_together_and_is_published_as_two(
    olga: Client, team: Team
) -> None:
    days = ["Monday", "Tuesday"]
    items = [{"input": f"Question {n} of its own kind, with words {n * 7}"} for n in range(36)]
    for n, each in enumerate(items):
        each["cluster"] = f"c{n // 3}"
    begun = written(team, *items, *({"input": LONG.format(day)} for day in days))
    olga.post(at("split_set", begun), {"share": 30, "seed": 7})
    parts = dict(begun.items.values_list("key", "part"))
    for first in range(0, 36, 3):
        assert len({parts[f"q{n:04}"] for n in range(first, first + 3)}) == 1
    assert parts["q0036"] == parts["q0037"]
    assert 9 <= list(parts.values()).count("development") <= 14
    olga.post(at("split_set", begun), {"share": 30, "seed": 7})
    assert dict(begun.items.values_list("key", "part")) == parts, "the same seed, the same split"
    page = publish(olga, begun)
    assert "Published: parcels v2 and parcels-dev v1" in page.text
    [dev] = TestSetVersion.objects.filter(test_set__slug="parcels-dev")
    assert set(dev.items.values_list("key", flat=True)) == {
        key for key, part in parts.items() if part == "development"
    }


def test_a_split_that_isn_t_whole_is_not_published(olga: Client, team: Team) -> None:
    begun = written(team, *({"input": f"Word{n} only{n}"} for n in range(8)))
    olga.post(at("split_set", begun), {"share": 50, "seed": 0})
    olga.post(at("add_item", begun), {"key": "late", "input": "And this?"})
    assert "came after the split" in publish(olga, begun).text
    assert WorkingSet.objects.exists()
    olga.post(at("split_set", begun), {"verb": "undo"})
    assert "Published: parcels v2" in publish(olga, begun).text


@pytest.mark.parametrize("given", [{"share": 0, "seed": 1}, {"share": 30, "seed": "x"}])
def test_a_split_that_cannot_be_is_refused(
    olga: Client, team: Team, given: dict[str, object]
) -> None:
    begun = written(team, {"input": "One?"}, {"input": "Two?"})
    assert "A split takes 1 to 99%" in olga.post(at("split_set", begun), given, follow=True).text
    assert set(begun.items.values_list("part", flat=True)) == {""}


def test_items_that_all_hang_together_are_not_split(olga: Client, team: Team) -> None:
    begun = written(team, *({"input": f"Word{n} only{n}", "cluster": "c"} for n in range(4)))
    page = olga.post(at("split_set", begun), {"share": 30, "seed": 0}, follow=True)
    assert "one part would be empty" in page.text


def test_labels_connect_items_through_others() -> None:
    assert group_by_labels([["a"], ["b"], ["c", "a"], ["b", "c"], ["d"]]) == [0, 0, 0, 0, 4]


def test_a_share_is_drawn_by_ids_and_not_by_their_order() -> None:
    keys = [f"k{n}" for n in range(100)]
    drawn = {keys[place] for place in draw_share(keys, range(100), share=0.3, seed=1)}
    turned = keys[::-1]
    again = {turned[place] for place in draw_share(turned, range(100), share=0.3, seed=1)}
    assert len(drawn) == 30
    assert drawn == again
    other = {keys[place] for place in draw_share(keys, range(100), share=0.3, seed=2)}
    assert drawn != other


def test_a_text_of_shared_lines_alone_stays() -> None:
    shared = ["told", "told", "told\nmine"]
    assert without_shared_lines(shared) == ["told", "told", "mine"]
