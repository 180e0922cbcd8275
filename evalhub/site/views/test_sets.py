"""Test sets: all of them, and one with its versions and items."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.models import Project
from evalhub.accounts.permissions import owns
from evalhub.accounts.requests import SignedInRequest
from evalhub.frames.page.access import results_only
from evalhub.frames.page.forms import whole_number
from evalhub.ledger.draws import count_unseen
from evalhub.ledger.retirement import RetirementError, retire_test_set
from evalhub.registry.models import Item, TestSet, TestSetVersion, TrainingFileLine
from evalhub.registry.models.retirements import retirement_of
from evalhub.registry.models.testsets import TestSetQuerySet
from evalhub.report.flips import input_text, passage, references_text
from evalhub.site.by_position import items_by_position
from evalhub.site.items.reading import excerpt
from evalhub.site.ledger_page import ledger_page
from evalhub.site.listing import list_page
from evalhub.site.lists import test_sets_list
from evalhub.studies.run.verdicts import with_looks

PAGE = 25


def _visible(request: SignedInRequest) -> TestSetQuerySet:
    return TestSet.objects.visible_to(request.user).written().select_related("project")


@require_GET
@results_only
def test_sets(request: SignedInRequest) -> HttpResponse:
    test_sets = with_looks(_visible(request).with_newest_version())
    page = list_page(test_sets_list(request.user), test_sets, request.GET)
    return render(request, "site/test_sets.html", {"listed": page})


@require_GET
@results_only
def test_set(request: SignedInRequest, pk: int) -> HttpResponse:
    test_set = get_object_or_404(_visible(request), pk=pk)
    related = ("pool__test_set", "pool__retirement", "retirement", "production_shares")
    versions = list(test_set.versions.select_related(*related))
    version = _find_version(versions, request.GET.get("version", ""))
    pages: Paginator[Item] = items_by_position(version, PAGE) if version else Paginator([], PAGE)
    items = pages.get_page(request.GET.get("page"))
    rows = [
        (item, excerpt(input_text(item.input)), passage(references_text(item.references)))
        for item in items
    ]
    context = {
        "test_set": test_set,
        "versions": versions,
        "version": version,
        "retirement": retirement_of(version) if version else None,
        "may_retire": version is not None
        and version.pool_id is None
        and owns(request.user, test_set.project),
        "sent_out": _sent_out(version, test_set.project) if version else [],
        "production": getattr(version, "production_shares", None),
        "unseen": count_unseen(version) if version and version.draws.exists() else None,
        "ledger": ledger_page(version, user=request.user) if version else None,
        "page": items,
        "items": rows,
    }
    return render(request, "site/test_set.html", context)


@require_POST
@results_only
def retire(request: SignedInRequest, pk: int) -> HttpResponse:
    """Retire a version of a test set for good."""
    test_set = get_object_or_404(_visible(request), pk=pk)
    number = request.POST.get("version", "")
    versions = test_set.versions.select_related("test_set__project", "pool")
    version = get_object_or_404(versions, number=whole_number(number))
    try:
        if "sure" not in request.POST:
            raise RetirementError("a retired version stays retired: tick that you are sure")
        retire_test_set(version=version, by=request.user, reason=request.POST.get("reason", ""))
    except RetirementError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{version} is retired: nothing is judged on it any more.")
    return redirect(f"{reverse('site:test_set', args=[pk])}?version={version.number}")


def _sent_out(version: TestSetVersion, project: Project) -> list[tuple[int, str, int, int]]:
    """Training files that went out and ask what items of the version ask."""
    items = Item.objects.filter(version=version).order_by()
    return TrainingFileLine.objects.asking_the_same_as(items, project).count_by_file()


def _find_version(versions: list[TestSetVersion], number: str) -> TestSetVersion | None:
    """The version of this number, else the newest that wasn't drawn from another."""
    newest = next((each for each in versions if each.pool_id is None), None)
    return next((each for each in versions if str(each.number) == number), newest)
