"""Search everything for a text: groups of results, each with its number and a few of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.registry.models import ModelVersion, Study, TestSet
from evalhub.site.searching.items import ItemHits, find_items
from reviews.models import Campaign

SHOWN = 5
LONGEST = 200
"""Characters of a text that is searched for; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One thing: its name, its page, and what is said beside it."""

    name: str
    url: str
    beside: str


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Things of one kind. `more` is the list of all of them."""

    key: str
    title: str
    count: int
    things: list[SearchResult]
    more: str

    @property
    def cut(self) -> bool:
        return self.count > len(self.things)


@dataclass(frozen=True, slots=True)
class Search:
    """What was found, of what this person may see; nothing where nothing is asked for."""

    text: str
    groups: list[FoundGroup]
    items: ItemHits | None

    @property
    def has_results(self) -> bool:
        return bool(self.groups or (self.items and self.items.items))


def search(user: User, query: str) -> Search:
    """Searches for a text everywhere. Eleven queries, whatever is stored."""
    text = " ".join(query.split())[:LONGEST]
    if not text:
        return Search("", [], None)
    studies = Study.objects.visible_to(user).containing(text).select_related("project")
    versions = ModelVersion.objects.visible_to(user).containing(text)
    sets = TestSet.objects.visible_to(user).written().containing(text).select_related("project")
    reviews = Campaign.objects.visible_to(user).containing(text).select_related("project")
    groups = [
        _group("studies", "Studies", text, studies, _study),
        _group("versions", "Versions", text, versions.select_related("model__project"), _version),
        _group("test_sets", "Test sets", text, sets, _test_set),
        _group("campaigns", "Reviews", text, reviews.defer("plan"), _review),
    ]
    return Search(text, [each for each in groups if each.count], find_items(user, text))


def _group(
    view: str,
    title: str,
    text: str,
    rows: QuerySet[Any],
    describe: Callable[[Any], SearchResult],
) -> FoundGroup:
    return FoundGroup(
        key=view,
        title=title,
        count=rows.count(),
        things=[describe(each) for each in rows[:SHOWN]],
        more=reverse(f"site:{view}", query={"q": text}),
    )


def _study(study: Study) -> SearchResult:
    return SearchResult(study.name, reverse("site:study", args=[study.pk]), study.project.name)


def _version(version: ModelVersion) -> SearchResult:
    beside = f"{version.get_kind_display()} · {version.model.project.name}"
    return SearchResult(str(version), reverse("site:version", args=[version.pk]), beside)


def _test_set(test_set: TestSet) -> SearchResult:
    beside = f"{test_set.get_purpose_display()} · {test_set.project.name}"
    return SearchResult(test_set.slug, reverse("site:test_set", args=[test_set.pk]), beside)


def _review(campaign: Campaign) -> SearchResult:
    url = reverse("site:campaign", args=[campaign.pk])
    return SearchResult(campaign.name, url, f"{campaign.question} · {campaign.project.name}")
