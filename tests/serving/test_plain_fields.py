"""What no field may hold is refused by every address there is, with the field's name."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import evalhub
import reviews
from evalhub.accounts.models import User
from evalhub.serving.plain_fields import LONGEST_NUMBER
from evalhub.site.campaign_form import CampaignForm, UploadForm
from tests.cast import Team

REFUSED = {
    "%00": "the control character U+0000",
    "a%1Bb": "the control character U+001B",
    "9" * 5000: "a number of 5,000 digits",
    "-1." + "9" * 4000 + "e5": "a number of 4,002 digits",
}
TAKEN = [
    *("1e400", "%FF"),
    *(
        pytest.param(odd, marks=pytest.mark.heavy)
        for odd in ("../..", "9" * 30, "-" + "9" * 19, "NaN", "%ED%A0%80", "٣", "0x10", "[]", "%0A")
    ),
]
FORM = "application/x-www-form-urlencoded"


def names() -> list[str]:
    """Every name that a page reads of an address or a form, as the sources have them."""
    read = re.compile(r"\b(?:GET|POST|asked|posted)(?:\.get(?:list)?\(|\[)\"([\w-]+)\"")
    found = {*CampaignForm.base_fields, *UploadForm.base_fields, "id", "q", "o", "p", "next"}
    for package in (evalhub, reviews):
        for path in Path(package.__file__).parent.rglob("*.py"):
            found |= set(read.findall(path.read_text()))
    return sorted(found)


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """An address of each route, the first row's, or of a row that isn't there."""
    for each in resolver.url_patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$").replace("\\Z", "")
        if isinstance(each, URLResolver):
            yield from addresses(each, route)
        elif isinstance(each, URLPattern):
            yield "/" + re.sub(r"<(\w+:)?\w+>|\(\?P<.*?\)", filled, route).replace("?", "")


def filled(argument: re.Match[str]) -> str:
    return "00000000-0000-4000-8000-000000000000" if argument[1] == "uuid:" else "1"


ROUTES = sorted(set(addresses(get_resolver())))
OPENED = [each for each in ROUTES if "logout" not in each and not each.startswith("/admin/")]
"""Django's admin fills its forms from the address, and fails where that names no row."""
NAMES = names()


@pytest.fixture
def admin(team: Team) -> Client:
    """Somebody who may open every page."""
    chief = User.objects.create_superuser("chief", email="chief@example.org")
    team.project.memberships.create(user=chief, role="owner")
    return team.signed_in(chief)


def test_the_routes_and_names_are_found() -> None:
    assert {"/campaigns/upload/", "/reviews/1/undo/", "/admin/accounts/user/"} <= set(ROUTES)
    assert {"page", "choice", "quota", "verb", "emails", "seed"} <= set(NAMES)


@pytest.mark.parametrize("value", REFUSED, ids=["nul", "escape", "digits", "fraction"])
def test_every_route_refuses_it_and_names_the_field(admin: Client, value: str) -> None:
    for place, route in enumerate(ROUTES):
        name = NAMES[place % len(NAMES)]
        for answer in (
            admin.get(f"{route}?{name}={value}"),
            admin.post(route, f"{name}={value}", content_type=FORM),
        ):
            assert answer.status_code == 400, route
            program = route.startswith("/api/")
            said = answer.json()["detail"] if program else answer.text
            assert said.startswith(f"field '{name}': "), route
            assert REFUSED[value] in said


def test_every_field_is_refused_by_name(admin: Client) -> None:
    for name, value in product(NAMES, REFUSED):
        assert f"'{name}'" in admin.get(f"/campaigns/?{name}={value}").text
        posted = admin.post("/campaigns/new/", f"{name}={value}", content_type=FORM)
        assert (posted.status_code, f"'{name}'" in posted.text) == (400, True)


@pytest.mark.heavy
@pytest.mark.parametrize("value", TAKEN)
def test_whatever_else_is_odd_gets_an_answer_from_every_route(admin: Client, value: str) -> None:
    fields = "&".join(f"{name}={value}" for name in NAMES)
    for route in OPENED:
        assert admin.get(f"{route}?{fields}").status_code != 500, route
        assert admin.post(route, fields, content_type=FORM).status_code != 500, route
        if "1" in route:
            assert admin.get(f"{route.replace('1', value)}").status_code != 500, route


@pytest.mark.heavy
def test_every_route_gets_an_answer_without_a_field(admin: Client) -> None:
    """Those that hold no row's number: no odd value has a place in their address."""
    for route in OPENED:
        if "1" not in route:
            assert admin.get(route).status_code != 500, route


def test_a_name_a_cookie_an_address_and_a_files_name_are_looked_at_too(admin: Client) -> None:
    assert "its name holds the control character U+0000" in admin.get("/runs/?a%00b=1").text
    assert admin.get("/reviews/join/%00/").status_code == 400
    file = SimpleUploadedFile("a.jsonl", b"{}\n")
    file._name = "a\x1b.jsonl"
    sent = Client(headers={"cookie": 'sessionid="a\\000b"'}).get("/runs/")
    assert sent.text.startswith("field 'cookie sessionid': holds the control character U+0000")


def test_text_with_tabs_and_lines_and_a_number_of_a_hundred_digits_is_taken(admin: Client) -> None:
    for value in ("a%09b%0D%0Ac", "9" * LONGEST_NUMBER, "1" * 50 + "x" + "1" * 100):
        assert admin.get(f"/runs/?page={value}").status_code == 200


def test_a_refusal_shows_no_markup(client: Client) -> None:
    answer = client.get(reverse("accounts:login"), {"<b>": "\x00"})
    assert answer.headers["content-type"].startswith("text/plain")
