"""The item browser: the items of a study, a run or a test set, one item, and the items as a
file."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evalhub.accounts.audit_log import note_once
from evalhub.accounts.models import Action
from evalhub.accounts.requests import SignedInRequest
from evalhub.features.exporters.items import FORMS, export_items
from evalhub.frames.page.access import results_only
from evalhub.registry.models import Item, Run, Study, TestSet, TestSetVersion
from evalhub.site.items.addresses import ItemUrls
from evalhub.site.items.browsing import items_page
from evalhub.site.items.filters import ItemFilters
from evalhub.site.items.finding import find
from evalhub.site.items.metrics import by_metric
from evalhub.site.items.naming import key_named
from evalhub.site.items.one_item import OneItem, one_item
from evalhub.site.items.scope import ItemScope, run_scope, study_scope, version_scope


def _of_study(
    request: SignedInRequest, pk: int, test_set: str = ""
) -> tuple[ItemScope | None, ItemUrls]:
    seen = Study.objects.visible_to(request.user).select_related("project")
    study = get_object_or_404(seen, pk=pk)
    filters = ItemFilters.of(request.GET)
    scope = study_scope(study, test_set or filters.test_set, filters.arm)
    scope = by_metric(scope, filters.metric) if scope else None
    return scope, ItemUrls("study", pk, test_set=scope.test_set if scope else "")


def _of_run(request: SignedInRequest, pk: int) -> tuple[ItemScope, ItemUrls]:
    related = ("version__model", "test_set_version__test_set__project")
    run = get_object_or_404(Run.objects.visible_to(request.user).select_related(*related), pk=pk)
    scope = by_metric(run_scope(run), ItemFilters.of(request.GET).metric)
    return scope, ItemUrls("run", pk)


def _of_test_set(request: SignedInRequest, pk: int) -> tuple[ItemScope | None, ItemUrls]:
    """The version with the requested number, else the newest that came from a file."""
    test_set = get_object_or_404(TestSet.objects.visible_to(request.user).written(), pk=pk)
    number = request.GET.get("version", "")
    versions = TestSetVersion.objects.filter(test_set=test_set)
    by_number = versions.filter(number=number) if number.isdecimal() and len(number) < 9 else None
    chosen = (by_number.first() if by_number is not None else None) or versions.filter(
        pool=None
    ).first()
    urls = ItemUrls(
        "test_set", pk, version=chosen.number if chosen and by_number is not None else 0
    )
    return version_scope(chosen, test_set) if chosen else None, urls


@require_GET
@results_only
def study_items(request: SignedInRequest, pk: int) -> HttpResponse:
    return _list(request, *_of_study(request, pk))


@require_GET
@results_only
def run_items(request: SignedInRequest, pk: int) -> HttpResponse:
    return _list(request, *_of_run(request, pk))


@require_GET
@results_only
def test_set_items(request: SignedInRequest, pk: int) -> HttpResponse:
    return _list(request, *_of_test_set(request, pk))


@never_cache
@require_GET
@results_only
def study_item(request: SignedInRequest, pk: int, test_set: str, item_key: str) -> HttpResponse:
    scope, urls = _of_study(request, pk, test_set)
    if scope is None or scope.test_set != test_set:
        raise Http404
    return _one(request, scope, urls, item_key)


@never_cache
@require_GET
@results_only
def run_item(request: SignedInRequest, pk: int, item_key: str) -> HttpResponse:
    return _one(request, *_of_run(request, pk), item_key)


@never_cache
@require_GET
@results_only
def test_set_item(request: SignedInRequest, pk: int, item_key: str) -> HttpResponse:
    scope, urls = _of_test_set(request, pk)
    if scope is None:
        raise Http404
    return _one(request, scope, urls, item_key)


@never_cache
@require_GET
@results_only
def study_items_file(request: SignedInRequest, pk: int, form: str) -> Any:
    return _file(request, *_of_study(request, pk), form)


@never_cache
@require_GET
@results_only
def run_items_file(request: SignedInRequest, pk: int, form: str) -> Any:
    return _file(request, *_of_run(request, pk), form)


@never_cache
@require_GET
@results_only
def test_set_items_file(request: SignedInRequest, pk: int, form: str) -> Any:
    return _file(request, *_of_test_set(request, pk), form)


def _list(request: SignedInRequest, scope: ItemScope | None, urls: ItemUrls) -> HttpResponse:
    if scope is None:
        return render(request, "site/items/none.html", {"place": urls})
    page = items_page(scope, ItemFilters.of(request.GET), urls, request.GET.get("page", ""))
    return render(request, "site/items/items.html", {"shown": page, "scope": scope})


def _one(request: SignedInRequest, scope: ItemScope, urls: ItemUrls, path: str) -> HttpResponse:
    key = key_named(path, request.GET)
    item = get_object_or_404(Item, version=scope.version, key=key)
    filters = ItemFilters.of(request.GET)
    page = one_item(scope, filters, urls, item, request.GET.get("sample", ""))
    _note_reviews(request, page)
    return render(request, "site/items/item.html", {"shown": page, "scope": scope})


def _note_reviews(request: SignedInRequest, page: OneItem) -> None:
    for campaign, _ in page.people:
        what = str(campaign)
        note_once(Action.SAW_RESULTS, by=request.user, project=campaign.project, what=what)


def _file(
    request: SignedInRequest, scope: ItemScope | None, urls: ItemUrls, form: str
) -> StreamingHttpResponse:
    if scope is None or form not in FORMS:
        raise Http404
    filters = ItemFilters.of(request.GET)
    lines: Iterable[str] = export_items(
        project=scope.project,
        by=request.user,
        items=find(scope, filters, to_the_end=True).ids.tolist(),
        arms=[(arm.name, arm.run, arm.barred) for arm in scope.arms],
        test_set=scope.test_set or str(scope.version),
        what=f"items of {urls.name} {urls.pk} as {form}",
        form=form,
    )
    headers = {"Content-Disposition": f'attachment; filename="{urls.name}-{urls.pk}-items.{form}"'}
    return StreamingHttpResponse(lines, content_type=FORMS[form], headers=headers)
