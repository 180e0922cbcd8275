"""The study builder's page as a browser would post it, and the files that somebody drops on it."""

import json
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run, Study
from evalhub.studies.run.advance import advance
from evalhub.studies.web.pairs_upload import complete

COUNT = 40
HTMX = {"HX-Request": "true"}


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def sums(count: int = COUNT) -> str:
    """A test set: q0, q1, … ask for i + i."""
    return lines(
        *({"id": f"q{i}", "input": f"{i} + {i}?", "reference": str(2 * i)} for i in range(count))
    )


def answers(right: Callable[[int], bool], count: int = COUNT, said: str = "It is {}.") -> str:
    """Answers to `sums`; a wrong one is one too much."""
    return lines(
        *(
            {"id": f"q{i}", "output": said.format(2 * i + (0 if right(i) else 1))}
            for i in range(count)
        )
    )


BASE = answers(lambda i: i % 2 == 0)
TUNED = answers(lambda i: True)


def file(name: str, content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode())


def new() -> str:
    return reverse("site:new_comparison")


def three(items: str = "", base: str = BASE, tuned: str = TUNED) -> dict[str, Any]:
    """The files of a comparison, dropped together."""
    return {
        "files": [
            file("sums.jsonl", items or sums()),
            file("base.jsonl", base),
            file("lora.jsonl", tuned),
        ]
    }


class _Form(HTMLParser):
    """The values of the builder's form as the page has them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._inside = False
        self._select = self._area = ""
        self._text: list[str] = []
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._inside = given.get("id") == "builder"
        if not self._inside:
            return
        if tag == "input" and name and given.get("type") not in ("file", "checkbox"):
            self.values.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input" and given.get("type") == "checkbox" and "checked" in given:
            self.values.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self._select, self._first = name, None
        elif tag == "option" and self._select:
            if self._first is None:
                self._first = given["value"]
            if "selected" in given:
                self.values[self._select] = [given["value"]]
        elif tag == "textarea":
            self._area, self._text = name, []

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select:
            if self._first is not None:
                self.values.setdefault(self._select, [self._first])
            self._select = ""
        elif tag == "textarea" and self._area:
            self.values[self._area] = ["".join(self._text).removeprefix("\n")]
            self._area = ""


def form_of(page: Any, **changed: Any) -> dict[str, Any]:
    """The builder's form as it stands, with some inputs changed; a name's `__` is for `.` and `:`
    can't be part of one: pass those in a dictionary."""
    form = _Form()
    form.feed(page.text)
    return {
        name: each if len(each) > 1 else each[0] for name, each in form.values.items()
    } | changed


def post(client: Client, page: Any, inputs: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The page after its form was posted with some inputs changed and perhaps a button pressed."""
    return client.post(new(), form_of(page) | dict(inputs or {}) | more, follow=True)


def with_files(client: Client, **given: Any) -> Any:
    """The page after the files were dropped."""
    return post(client, client.get(new()), **(given or three()))


def started(client: Client, inputs: Mapping[str, Any] | None = None) -> Any:
    """What the page answers where somebody drops three files and presses Start."""
    return post(client, with_files(client), inputs, run="1")


def decided(study: Study) -> Any:
    """The decision on a study of recorded answers, its runs worked off here."""
    for run in Run.objects.filter(studies__arm__study=study).distinct():
        complete(run)
    (decision,) = advance(study=study, by=None).decisions
    return decision


def in_folder(folder: Path, **content: str) -> None:
    """Writes name=content as files name.jsonl."""
    for name, text in content.items():
        (folder / f"{name}.jsonl").write_text(text)
