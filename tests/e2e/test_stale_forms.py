"""No form takes back unseen what somebody has changed since it was read: tried with all of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import resolve

from evalhub.frames.page.read_from import FIELD
from tests.e2e.posted import POSTED
from tests.e2e.stale import ADDS, CHANGES, OWN
from tests.e2e.test_access_matrix import Scene, all_rows, asked, cookies_of, routes, scene
from tests.forms_read import REVISIONS, body_read_now

assert scene  # the fixture
ROOT = Path(__file__).resolve().parents[2]
FORM = re.compile(r'<form[^>]*method="post"[^>]*>.*?</form>', re.DOTALL)
ACTION = re.compile(r"action=\"{% url '([\w:]+)'")
SAYS = re.compile(rf'{{% {FIELD} |name="{FIELD}"|name="revision"|form\.revision')
STALE = b"0123456789abcdef"
OF_ITS_OWN_PAGE = {
    "working_sets/publish.html": "site:publish_set",
    "working_sets/item.html": "site:change_item",
    "traffic/keeping.html": "site:production_keeping",
    "policy/policy.html": "site:study_policy",
}
"""Templates whose form is sent to the page that shows it, and changes something."""


def forms() -> Iterator[tuple[str, str, str]]:
    """(template, page that it is sent to or "", text) of every form that is posted."""
    for folder in ("evalhub", "reviews"):
        for path in sorted((ROOT / folder).glob("**/templates/**/*.html")):
            template = path.as_posix().rpartition("/templates/")[2]
            for match in FORM.finditer(path.read_text()):
                action = ACTION.search(match[0])
                if action is None and 'action="' in match[0].partition(">")[0]:
                    continue  # an address of a library's own
                own = [page for at, page in OF_ITS_OWN_PAGE.items() if template.endswith(at)]
                yield template, action[1] if action else "".join(own), match[0]


def test_every_form_that_changes_what_exists_says_what_it_was_read_from() -> None:
    unsaid = [
        f"{template}: {page}"
        for template, page, text in forms()
        if page in CHANGES and not SAYS.search(text)
    ]
    assert unsaid == [], "write {% read_from … %} into them"


def test_every_form_is_known_to_change_or_to_add() -> None:
    unknown = {page for _, page, _ in forms() if page} - CHANGES - {*ADDS} - {*OWN}
    assert unknown == set(), "say in tests/e2e/stale.py what they do"
    named = {page for _, page, _ in forms()} | {resolve_name(each) for each in POSTED}
    assert named >= CHANGES, "there is no such form"


def resolve_name(route: str) -> str:
    address = re.sub(r"<(\w+):\w+>", lambda part: _SAMPLES[part[1]], route)
    return resolve(address).view_name


_SAMPLES = {"int": "1", "slug": "a", "str": "a", "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12}


@pytest.mark.heavy
def test_a_stale_form_is_answered_by_409_and_changes_nothing(scene: Scene) -> None:
    cookies, before, wrong = cookies_of(scene.people["owner"]), all_rows(), []
    tried = set()
    for route in dict.fromkeys(routes()):
        if route not in POSTED or (page := resolve_name(route)) not in CHANGES:
            continue
        tried.add(page)
        address = scene.address(route)
        for form in POSTED[route]:
            body = without_what_it_says(scene.forms.get(form, form.encode()))
            name = b"revision" if page in REVISIONS else FIELD.encode()
            value = b"987654" if page in REVISIONS else STALE
            if page == "site:change_item" or page == "site:study_policy":
                sentence = "first" if page == "site:study_policy" else "Not saved"
            else:
                sentence = "Somebody changed this first"
            for sent in (body + b"&" + name + b"=" + value, body):
                answer = asked("POST", address, cookies, sent, unlike=before)
                if answer.status_code != 409 or answer.changed or sentence not in answer.text:
                    wrong.append(f"{route} {sent!r}: {answer.status_code}")
            fresh = asked("POST", address, cookies, body_read_now(address, body))
            if "Somebody changed this first" in fresh.text:
                wrong.append(f"{route}: a fresh form is taken for a stale one")
    assert wrong == []
    assert CHANGES - tried == set(), "they are posted to by no line of tests/e2e/posted.py"


def without_what_it_says(body: bytes) -> bytes:
    fields = re.split(rb"&", body)
    ours = (b"revision=", FIELD.encode() + b"=")
    return b"&".join(each for each in fields if not each.startswith(ours))
