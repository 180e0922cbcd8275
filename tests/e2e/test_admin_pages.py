"""Django's admin by axe's rules: every table's list and one row of each, and what is searched,
added, deleted and told of a person. In the dark and at 200% zoom the pages of each kind once: the
tables are alike."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Page

from evalhub.accounts.models import Project, User
from evalhub.registry.models import ModelVersion, Output, Study
from tests.admin_world import a_world, richest
from tests.cast import Team
from tests.e2e.conftest import Opens
from tests.e2e.test_every_page import COLOURS, LAPTOP, ZOOMED, Found, by_axe

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

SETTLED = "Promise.all(document.getAnimations().map((each) => each.finished))"


def address(model: type[Model], verb: str, *which: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{verb}", args=which)


def pages_of_a_table(team: Team, model: type[Model]) -> list[str]:
    return [
        address(model, "changelist"),
        address(model, "change", richest(team, model).pk),
    ]


def one_of_each_kind(team: Team) -> Iterator[str]:
    yield reverse("admin:index")
    yield reverse("admin:app_list", args=["registry"])
    for model in (User, Project, Group, ModelVersion, Output, Study):
        yield from pages_of_a_table(team, model)
    yield address(User, "changelist") + "?q=olga&is_staff__exact=0"
    yield address(User, "add")
    for model in (User, Project):
        for verb in ("history", "delete"):
            yield address(model, verb, richest(team, model).pk)
    yield reverse("admin:auth_user_password_change", args=[team.olga.pk])


def shown(page: Page, how: str) -> None:
    width, height = ZOOMED if how == "200%" else LAPTOP
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="dark" if how == "dark" else "light")
    page.evaluate(SETTLED)  # colours that are on their way are no one's


def faults(page: Page, address: str, ways: list[str]) -> Iterator[Found]:
    page.goto(address)
    for how in ways:
        shown(page, how)
        yield from by_axe(page, "admin", how, COLOURS if how == "dark" else ())


def test_every_page_of_the_admin_is_in_order(opens: Opens, team: Team) -> None:
    a_world(team, "small", size=1)
    Group.objects.create(name="clerks")
    page = opens(User.objects.create_superuser("root"), "/admin/")
    site = page.url.removesuffix("/admin/")
    kinds = list(one_of_each_kind(team))
    tables = [each for model in admin.site._registry for each in pages_of_a_table(team, model)]
    assert len(tables) > 80
    found = list[Found]()
    for path in kinds:
        found += faults(page, site + path, ["light", "dark", "200%"])
    for path in sorted(set(tables) - set(kinds)):
        found += faults(page, site + path, ["light"])
    assert not found, "\n".join(map(str, found))
