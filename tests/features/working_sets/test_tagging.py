"""Many items tagged at once: what becomes of each, in as many statements for any number."""

from pytest_django import DjangoAssertNumQueries

from evalhub.features.working_sets.items import add_rows, tag_items
from evalhub.features.working_sets.models import WorkingItem, WorkingItemFilter, WorkingSet
from evalhub.io.items import ItemContent
from tests.cast import Team, a_test_set, a_working_set

ALL = WorkingItemFilter()


def said(working_set: WorkingSet) -> dict[str, tuple[list[str], str]]:
    """Tags and change of each item."""
    rows = WorkingItem.objects.filter(working_set=working_set)
    return {key: (tags, change) for key, tags, change in rows.values_list("key", "tags", "change")}


def test_an_item_is_changed_by_a_tag_until_it_is_taken_from_it(team: Team) -> None:
    items: list[dict[str, object]] = [
        {"tags": ["x"]},
        {"tags": ["a", "x", "b"]},
        {"tags": ['é "1"']},
        {"tags": []},
    ]
    working_set = a_working_set(team, a_test_set(team, items=items))
    before = said(working_set)
    other = working_set.items.get(key="q0003")
    WorkingItem.objects.filter(pk=other.pk).update(cluster="c", change="changed")
    new = ItemContent("new", "Is this new?", [], "", [], "", {})
    add_rows(working_set, [(1, new)], tag="", by=team.eva)

    assert tag_items(working_set, ALL, tag=" x ", by=team.eva) == 3
    assert said(working_set) == {
        "q0000": (["x"], ""),
        "q0001": (["a", "x", "b"], ""),
        "q0002": (['é "1"', "x"], "changed"),
        "q0003": (["x"], "changed"),
        "new": (["x"], "added"),
    }
    tagged = working_set.items.filter(revision=2)
    assert set(tagged.values_list("key", "by")) == {
        (key, team.eva.pk) for key in ("q0002", "q0003", "new")
    }
    assert tag_items(working_set, WorkingItemFilter(tag="x"), tag="x", by=None, take=True) == 5
    assert said(working_set) == before | {
        "q0000": ([], "changed"),
        "q0001": (["a", "b"], "changed"),
        "q0003": ([], "changed"),
        "new": ([], "added"),
    }
    assert tag_items(working_set, ALL, tag="x", by=None, take=True) == 0


def test_many_lists_of_tags_take_as_many_statements_as_one(
    team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few = a_working_set(team, a_test_set(team, "few", items=1, tags=["one"]))
    tags = [f"t{n}" for n in range(60)]
    many = a_working_set(team, a_test_set(team, "many", items=120, tags=tags))
    for working_set, number in ((few, 1), (many, 120)):
        with django_assert_num_queries(5):
            assert tag_items(working_set, ALL, tag="x", by=None) == number
    assert {change for _, change in said(many).values()} == {"changed"}
