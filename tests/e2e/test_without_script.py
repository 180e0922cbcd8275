"""Whatever writes is a form, which a browser without JavaScript sends as it stands.

The forms are read from the pages. What each address does with what is posted so, and for whom, is
the table of docs/reference/access.md (test_access_matrix).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from tests.cast import Team
from tests.e2e.posted import POSTED, PREVIEWED
from tests.e2e.test_access_matrix import Scene, scene, written
from tests.e2e.test_every_page import REVIEWER_S, addresses

__all__ = ["scene"]

URLENCODED = "application/x-www-form-urlencoded"
WRITES = ("hx-post", "hx-put", "hx-patch", "hx-delete")
CONTROLS = ("input", "select", "textarea", "button")
OTHERS = ("/accounts/", "/admin/")
"""Whose forms have tests of their own (tests/accounts, tests/test_admin.py)."""
READS = {"/decisions/<int:pk>/verify/"}
"""What is posted because it takes a while, and writes nothing."""


@dataclass
class PageForm:
    """A form of a page: `names` of its controls, each with the values that it can send."""

    page: str
    action: str
    method: str
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


class Forms(HTMLParser):
    """Reads a page's forms, and what writes by a script alone."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found, self.scripted = page, list[PageForm](), list[str]()
        self._by_id: dict[str, PageForm] = {}
        self._open: PageForm | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urlsplit(urljoin(self.page, said.get("action", ""))).path
            self._open = PageForm(self.page, action, said.get("method", "get"))
            self.found.append(self._open)
            self._by_id[said.get("id", "")] = self._open
        form = self._by_id.get(said["form"]) if "form" in said else self._open
        if tag in CONTROLS and form is not None and said.get("name"):
            form.names[said["name"]].add(said.get("value", ""))
            self._select = said["name"] if tag == "select" else ""
        if tag == "option" and form is not None and self._select:
            form.names[self._select].add(said.get("value", ""))
        for attribute in WRITES:
            if attribute in said and not self._is_a_form_too(tag, said[attribute], form):
                self.scripted.append(f"{self.page}: <{tag} {attribute}={said[attribute]!r}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _is_a_form_too(self, tag: str, address: str, form: PageForm | None) -> bool:
        """Whether the same is posted without a script: by the form that it is, or is in."""
        there = urlsplit(urljoin(self.page, address)).path
        return form is not None and form.method == "post" and form.action == there


def all_forms(scene: Scene, team: Team) -> tuple[list[PageForm], list[str]]:
    clients = {True: Client(), False: Client()}
    clients[True].force_login(team.rui)
    clients[False].force_login(team.olga)
    found, scripted = list[PageForm](), list[str]()
    for address, _ in addresses(scene):
        client = clients[bool(REVIEWER_S.match(address))]
        answers = [client.get(address)]
        if body := PREVIEWED.get(f"/{resolve(urlsplit(address).path).route}"):
            answers.append(client.post(address, body, content_type=URLENCODED))
        for answer in answers:
            if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
                continue
            read = Forms(address)
            read.feed(answer.text)
            found += read.found
            scripted += read.scripted
    return found, scripted


@pytest.mark.heavy
def test_what_writes_is_a_form_that_needs_no_script(scene: Scene, team: Team) -> None:
    forms, scripted = all_forms(scene, team)
    assert scripted == []
    sent: dict[str, list[PageForm]] = defaultdict(list)
    for form in forms:
        if form.method == "post" and not form.action.startswith(OTHERS):
            assert "csrfmiddlewaretoken" in form.names, f"{form.page}: {form.action}"
            sent[f"/{resolve(form.action).route}"].append(form)
    assert len(sent) > 20
    rows = {route: cells for (route, method), cells in written().items() if method == "POST"}
    unproved = {route for route in sent.keys() - READS if "does it" not in rows[route]}
    assert unproved == set(), "forms of which the table doesn't prove that they do it"
    for route, bodies in POSTED.items():
        for body in bodies if route in sent else ():
            for name, values in parse_qs(body).items() if "=" in body else ():
                able = set().union(*(form.names.get(name, set()) for form in sent[route]))
                assert able, f"{route}: no form has a control {name}"
                if name == "verb":
                    assert able >= set(values), f"{route}: no button says {name}={values}"
