"""Saved views: a list as one person filtered it, under a name."""

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.features.saved_views.models import SavedView
from evalhub.features.saved_views.saving import MOST, SavedViewError, clean_query, save_view
from evalhub.ledger.decide import decide_study
from tests.cast import Team
from tests.site.cases import a_measured_study


def save(client: Client, name: str = "Held", **fields: str) -> str:
    form = {"path": reverse("site:studies"), "query": "verdict=hold", "name": name} | fields
    return client.post(reverse("site:saved_views"), form, follow=True).text


def test_a_filtered_list_is_saved_and_opens_again_as_it_was(team: Team, olga: Client) -> None:
    decide_study(study=a_measured_study(team))
    at = reverse("site:studies")
    assert "Save this view" not in olga.get(at).text
    page = olga.get(f"{at}?verdict=hold&q=&page=2&sort=name").text
    assert "Save this view" in page
    assert 'name="query" value="sort=name&amp;verdict=hold"' in page
    page = save(olga, query="sort=name&verdict=hold")
    assert f'href="{at}?sort=name&amp;verdict=hold" aria-current="true">Held</a>' in page
    assert "Save this view" not in page
    page = olga.get(at).text
    assert f'href="{at}?sort=name&amp;verdict=hold">Held</a>' in page


def test_the_items_of_a_study_are_a_list_too(team: Team, olga: Client) -> None:
    study = a_measured_study(team)
    at = reverse("site:study_items", args=[study.pk])
    page = save(olga, "Tagged", path=at, query="tag=tag1&test_set=triage-task")
    assert "Tagged" in page
    assert "1 to 20 of 20" in page or "20 items" in page
    listed = olga.get(reverse("site:saved_views")).text
    assert f"Items of study {study.pk}: tag tag1, test set triage-task" in listed


def test_a_view_is_ones_own(team: Team, olga: Client) -> None:
    save(olga)
    eva = team.signed_in(team.eva)
    assert "Held" not in eva.get(reverse("site:saved_views")).text
    remove = reverse("site:remove_view", args=[SavedView.objects.get().pk])
    assert eva.post(remove).status_code == 404
    assert "“Held” is removed." in olga.post(remove, follow=True).text
    assert not SavedView.objects.exists()


def test_the_same_name_on_the_same_list_takes_the_new_filters(olga: Client) -> None:
    save(olga)
    save(olga, query="verdict=ship")
    assert SavedView.objects.get().query == "verdict=ship"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "A name has 1 to 60 characters"),
        ({"name": "x" * 61}, "A name has 1 to 60 characters"),
        ({"path": "/accounts/"}, "Only lists can be saved"),
        ({"path": "https://example.org/studies/"}, "Only lists can be saved"),
        ({"path": "//example.org/"}, "Only lists can be saved"),
        ({"query": "q=" + "x" * 1000}, "The filters are too long"),
    ],
)
def test_what_is_no_list_or_no_name_is_refused(
    olga: Client, fields: dict[str, str], sentence: str
) -> None:
    assert sentence in save(olga, **fields)
    assert not SavedView.objects.exists()


def test_a_person_has_so_many(team: Team) -> None:
    SavedView.objects.bulk_create(
        SavedView(user=team.olga, name=str(n), path="/studies/") for n in range(MOST)
    )
    with pytest.raises(SavedViewError, match="remove one first"):
        save_view(by=team.olga, path="/studies/", query="", name="one more")
    save_view(by=team.olga, path="/studies/", query="q=a", name="0")


def test_a_query_has_one_form() -> None:
    assert clean_query("sort=name&q=&page=3&verdict=hold") == "sort=name&verdict=hold"
    assert clean_query("b=2&a=1&b=1") == "a=1&b=2&b=1"
