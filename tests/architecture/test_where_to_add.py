"""CONTRIBUTING's table of where to add what: its paths are there, and its rows are tried in a copy
of the packages. A metric and a backend are tried by test_plug_ins, a section and a criterion by
test_decision_plug_ins."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.test_plug_ins import evalhub, python

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([\w ]+) \| (\d[\w ]*) \| (.*) \|$", PAGE, re.MULTILINE)
WHAT = [
    *["metric", "backend", "suite", "importer", "criterion"],
    *["section", "endpoint", "page", "command"],
]

IMPORTER = '''
"""Lines of `id output score`."""

from pathlib import Path

from evalhub.importers.log import AskedItem, GivenAnswer, LoggedArm, Task, ToolMetric
from evalhub.io.limits import Limits


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of a file. Raises DataError."""
    arm = LoggedArm(path.stem, path)
    task = arm.tasks["lines"] = Task("lines", path, headline="score")
    task.metrics["score"] = ToolMetric("score")
    for line, text in enumerate(path.read_text().splitlines(), start=1):
        key, output, score = text.split()
        task.ask(AskedItem(key, key, [], has_own_id=True, line=line))
        task.answers.append(GivenAnswer(key, 0, output, {"score": float(score)}, line=line))
    return [arm]
'''
SUITE = '''
"""Repeat a number."""

from runners.suites.items import SuiteItem


def generate(seed: int, n: int) -> list[SuiteItem]:
    numbers = [str(seed + i) for i in range(n)]
    return [SuiteItem(id=x, input=f"Say {x}.", reference=x, tags=[]) for x in numbers]
'''
COMMAND = '''
"""`evalhub hello`: say hello."""

import typer


def hello(name: str) -> int:
    """Say hello to somebody."""
    typer.echo(f"hello {name}")
    return 0
'''
ENDPOINT = """
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.api.shapes.hello import Hello
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.lists import response_of


class OneHello(ProjectEndpoint):
    scopes = {"GET": Scope.READ}

    @describes("Say hello", gives=Hello)
    def get(self, request: Request, project: str) -> Response:
        return response_of(request, Hello(project=self.project.slug))
"""
SHAPE = """
from evalhub.declare.declaration import Declaration


class Hello(Declaration):
    project: str
"""
VIEW = """
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evalhub.accounts.requests import SignedInRequest


@require_GET
def hello(request: SignedInRequest) -> HttpResponse:
    return render(request, "site/hello.html", {"name": request.user.username})
"""
TEMPLATE = """\
{% extends "base.html" %}
{% block title %}Hello{% endblock %}
{% block content %}<h1>Hello {{ name }}</h1>{% endblock %}
"""
SIGNED_IN = """\
from evalhub.frames.command.setup import set_up_database
set_up_database()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
from evalhub.accounts.models import User
client = Client()
client.force_login(User.objects.get(username="olga"))
print(client.get("/hello/").content.decode())
"""
TOKEN = """\
from evalhub.frames.command.setup import set_up_database
set_up_database()
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
import sys
from django.test import Client
headers = {"Authorization": f"Bearer {sys.argv[1]}"}
print(Client().get("/api/v1/projects/desk/hello", headers=headers).content.decode())
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages."""
    for package in ("evalhub", "reviews", "runners"):
        shutil.copytree(ROOT / package, tmp_path / package)  # with what is compiled of it
    for file in ("pyproject.toml", "manage.py"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def add(path: Path, *, after: str, line: str) -> None:
    """Adds a line after the first one that has a text, at the same indentation."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"^( *).*{re.escape(after)}.*\n", text, re.MULTILINE)
    assert found is not None, f"{path} has no {after!r}"
    path.write_text(text[: found.end()] + f"{found[1]}{line}\n" + text[found.end() :])


def printed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_has_every_kind_and_its_number_of_files() -> None:
    assert [what for what, *_ in ROWS] == WHAT
    for what, count, where in ROWS:
        if count.isdigit():
            assert int(count) == len(re.findall(r"`[\w/-]+(?:\.\w+|/)`", where)), what


@pytest.mark.parametrize(("what", "where"), [(what, where) for what, _, where in ROWS])
def test_its_paths_are_there(what: str, where: str) -> None:
    for path in re.findall(r"`([\w/-]+(?:\.\w+|/))`", where):
        assert (ROOT / path.replace("NAME.py", "")).exists(), path


@pytest.mark.heavy
def test_an_importer(house: Path) -> None:
    (house / "evalhub/importers/lines.py").write_text(IMPORTER)
    kinds = house / "evalhub/importers/kinds.py"
    add(kinds, after="inspect_log,", line="lines,")
    add(kinds, after='"lm-eval": LogKind', line='"lines": LogKind("lines of text", lines.read),')
    for name, score in (("base", 0), ("tuned", 1)):
        (house / f"{name}.txt").write_text("".join(f"q{i} {name}{i} {score}\n" for i in range(40)))
    told = printed(evalhub(house, "compare", "base.txt", "tuned.txt", "--from", "lines"))
    assert "tuned gains 1.00 on lines" in told


@pytest.mark.heavy
def test_a_suite(house: Path) -> None:
    (house / "runners/suites/echo.py").write_text(SUITE)
    table = house / "runners/suites/__init__.py"
    add(table, after="dates,", line="echo,")
    suite = '"echo": Suite("repeat a number", echo.generate, "exact_match"),'
    add(table, after='"copying": Suite', line=suite)
    code = "from runners.suites import SUITES; print(SUITES['echo'].generate(7, 2)[1]['reference'])"
    assert printed(python(house, code)).strip() == "8"


@pytest.mark.heavy
def test_a_command(house: Path) -> None:
    (house / "evalhub/cli/hello.py").write_text(COMMAND)
    table = house / "evalhub/cli/table.py"
    add(table, after='"log": _kept', line='"hello": _kept("evalhub.cli.hello:hello"),')
    assert printed(evalhub(house, "hello", "olga")) == "hello olga\n"


@pytest.mark.heavy
def test_an_endpoint(house: Path) -> None:
    (house / "evalhub/api/shapes/hello.py").write_text(SHAPE)
    (house / "evalhub/api/views/hello.py").write_text(ENDPOINT)
    urls = house / "evalhub/api/urls.py"
    add(urls, after="files,", line="hello,")
    add(urls, after='_at("peeks"', line='_at("hello", hello.OneHello, "hello"),')
    printed(evalhub(house, "user", "add", "olga", "--project", "desk", "--role", "owner"))
    token = printed(evalhub(house, "token", "add", "ci", "--project", "desk", "--scope", "read"))
    assert printed(python(house, TOKEN, token.split()[-1])).strip() == '{"project":"desk"}'


@pytest.mark.heavy
def test_a_page(house: Path) -> None:
    (house / "evalhub/site/views/hello.py").write_text(VIEW)
    (house / "evalhub/site/templates/site/hello.html").write_text(TEMPLATE)
    urls = house / "evalhub/site/urls.py"
    add(urls, after="    documents,", line="hello,")
    add(urls, after='path("help/",', line='path("hello/", hello.hello, name="hello"),')
    links = house / "evalhub/site/templatetags/help.py"
    add(links, after='"site:search"', line='"site:hello": "index.md",')
    printed(evalhub(house, "user", "add", "olga", "--project", "desk", "--role", "owner"))
    assert "<h1>Hello olga</h1>" in printed(python(house, SIGNED_IN))
