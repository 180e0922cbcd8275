"""Chromium, the site signed in to, and axe-core's opinion of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypedDict

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from evalhub.accounts.models import User
from tests.cast import Team
from tests.e2e.browser import FLAGS, MISSING, chromium
from tests.e2e.by_axe import report, violations
from tests.e2e.trainers import TRAINERS, interpreter

# Playwright's loop stays in the thread after its first page, where Django takes it for a view's.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The interpreter of a training job; its gigabytes are gone afterwards."""
    folder = tmp_path_factory.mktemp("job")
    yield interpreter(folder, *TRAINERS)
    shutil.rmtree(folder)


class Way(TypedDict):
    dark: bool
    phone: bool


WAYS: list[Way] = [
    {"dark": dark, "phone": phone} for dark in (False, True) for phone in (False, True)
]
"""All ways to look at a page: `for way in WAYS: opens(team.olga, path, **way)`. What is only looked
at is made once for all of them."""


class Opens(Protocol):
    def __call__(
        self, user: User, path: str = "/", *, dark: bool = False, phone: bool = False
    ) -> Page: ...


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's arguments, with the system's Chromium."""
    given, path = os.environ.get("EVALHUB_CHROMIUM"), chromium()
    if path is None:
        missing = f"EVALHUB_CHROMIUM={given} is no program. {MISSING}" if given else MISSING
        if given or os.environ.get("TESTS_IN_CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return browser_type_launch_args | {"executable_path": path, "args": FLAGS}


NOTE_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  noteViolation(`${event.violatedDirective} at ${event.sourceFile}: ${event.sample}`))"""


def is_error(said: ConsoleMessage) -> bool:
    """By 401 the site tells an open page that its person is signed out: that is no fault of it."""
    told = ("status of 401", "Response Status Error Code 401")  # by the browser, by htmx
    refused = said.page is not None and any(f"status of {n}" in said.text for n in (400, 409))
    if refused and said.location["url"] == said.page.url:  # a whole page that says why
        return False
    return said.type == "error" and not any(text in said.text for text in told)


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Without service workers, whose requests a test's `route` doesn't see."""
    return browser_context_args | {"service_workers": "block"}


@pytest.fixture
def opens(
    new_context: Callable[..., BrowserContext],
    live_server: LiveServer,
    team: Team,
    settings: Settings,
) -> Iterator[Opens]:
    """Opens the site as one of the cast: `opens(team.olga, "/studies/", dark=True)`.

    Each call is a browser context of its own. In the end no page may have had an error in its
    console, which is also where a breach of the content security policy shows.
    """
    errors: list[str] = []
    settings.SITE_URL = live_server.url

    def open_as(user: User, path: str = "/", *, dark: bool = False, phone: bool = False) -> Page:
        context = new_context(
            color_scheme="dark" if dark else "light",
            **(PHONE if phone else {"viewport": {"width": 1280, "height": 800}}),
        )
        context.expose_function("noteViolation", lambda text: errors.append(text))
        context.add_init_script(NOTE_VIOLATIONS)
        cookie = team.signed_in(user).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: is_error(said) and errors.append(said.text))
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_as
    assert errors == []


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Fails with what axe-core finds amiss on a page."""

    def examine(page: Page) -> None:
        found = violations(page)
        assert not found, report(found)

    return examine
