"""An item that is read goes into a test set: one being edited, a next version, or a new one."""

import html

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.features.working_sets.models import WorkingSet
from evalhub.registry.models import Item, TestSetVersion
from tests.cast import Team, a_run, a_team, a_test_set, a_version, a_working_set

ADD = "site:add_to_test_set"


@pytest.fixture
def version(team: Team) -> TestSetVersion:
    return a_test_set(team, "questions", items=3)


@pytest.fixture
def others(team: Team) -> TestSetVersion:
    rows = [{"key": f"o{i}", "input": f"Another {i}?", "tags": ["odd"]} for i in range(3)]
    return a_test_set(team, "others", items=rows)


def add(client: Client, items: list[Item], to: str, **values: str) -> str:
    answer = client.post(
        reverse(ADD), {"item": [each.pk for each in items], "to": to, **values}, follow=True
    )
    return html.unescape(answer.text)


def test_every_page_of_an_item_and_every_list_leads_here(olga: Client, team: Team) -> None:
    run = a_run(a_version(team), a_test_set(team, items=2), scores=[1, 0])
    item = run.test_set_version.items.get(key="q0001")
    page = olga.get(reverse("site:run_item", args=[run.pk, "q0001"])).text
    back = reverse("site:run_item", args=[run.pk, "q0001"]).replace("/", "%2F")
    assert f'href="{reverse(ADD)}?item={item.pk}&amp;back={back}"' in page
    for name, pk in (
        ("run_items", run.pk),
        ("test_set_items", run.test_set_version.test_set_id),
    ):
        page = olga.get(reverse(f"site:{name}", args=[pk])).text
        assert f'name="item" value="{item.pk}" form="ticked"' in page
        assert f'id="ticked" class="ticked" method="get" action="{reverse(ADD)}"' in page


def test_items_go_to_a_set_that_is_being_edited(
    olga: Client, team: Team, version: TestSetVersion, others: TestSetVersion
) -> None:
    working_set = a_working_set(team, version)
    form = olga.get(reverse(ADD), {"item": others.items.first().pk}).text
    assert f'value="set:{working_set.pk}"' in form
    assert f'value="version:{version.pk}"' not in form, "its next version is being edited already"
    assert f'value="version:{others.pk}"' in form
    page = add(olga, list(others.items.all()[:2]), f"set:{working_set.pk}", given_tag="hard")
    assert "2 items added to" in page
    last = working_set.items.order_by("position").last()
    assert (last.key, last.input, last.tags) == ("o1", "Another 1?", ["odd", "hard"])
    again = add(olga, list(others.items.all()[:3]), f"set:{working_set.pk}")
    assert "1 item added to" in again
    assert "2 items left out: asks the same as item 'o0'" in again


def test_a_published_test_set_begins_its_next_version(
    olga: Client, version: TestSetVersion, others: TestSetVersion
) -> None:
    add(olga, [others.items.get(key="o2")], f"version:{version.pk}")
    working_set = WorkingSet.objects.get()
    assert working_set.origin == version
    assert [each.key for each in working_set.items.order_by("position")] == [
        *("q0000", "q0001", "q0002", "o2")
    ]
    assert version.items.count() == 3


def test_a_new_test_set_holds_them_alone(olga: Client, others: TestSetVersion) -> None:
    items = list(others.items.all())
    page = add(olga, items, "", slug="hard", purpose="capability", given_tag="seen")
    assert "3 items added to" in page
    working_set = WorkingSet.objects.get(slug="hard")
    assert working_set.purpose == "capability"
    assert [each.tags for each in working_set.items.all()] == [["odd", "seen"]] * 3
    assert "Choose a test set, or name a new one." in add(olga, items, "", purpose="task")
    page = add(olga, items, "", slug="others", purpose="task")
    assert "there is a test set “others” already: choose it" in page


def test_it_goes_back_to_where_the_item_was_read_on_this_site_alone(
    olga: Client, team: Team, version: TestSetVersion, others: TestSetVersion
) -> None:
    to = f"set:{a_working_set(team, version).pk}"
    item = others.items.first()
    for back, leads in (("/runs/?page=2", "/runs/?page=2"), ("//evil.example/", None)):
        answer = olga.post(reverse(ADD), {"item": item.pk, "to": to, "back": back})
        own = reverse("site:working_set", args=[to.partition(":")[2]])
        assert answer.url == (leads or own)


def test_what_one_does_not_see_or_was_redacted_is_not_there(
    olga: Client, team: Team, others: TestSetVersion
) -> None:
    elsewhere = a_test_set(a_team("Elsewhere", "elsewhere"), "theirs", items=1).items.get()
    client = team.signed_in(team.eva)
    hidden = Item.objects.exclude(version=others)
    assert elsewhere in hidden
    sam = team.signed_in(team.sam)
    assert sam.get(reverse(ADD), {"item": others.items.first().pk}).status_code == 403
    assert client.get(reverse(ADD)).status_code == 404
    item = others.items.first()
    Item.objects.filter(pk=item.pk).update(redacted=timezone.now())
    assert client.get(reverse(ADD), {"item": item.pk}).status_code == 404
    rui = team.signed_in(team.rui)
    assert rui.get(reverse(ADD), {"item": others.items.last().pk}).status_code == 403
