"""Which retriever a prompt declares, and what of it makes a version."""

from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.declare.prompt import Prompt
from evalhub.declare.retrievers import CommandRetriever, Retriever, UrlRetriever

SERVER = {"url": "http://127.0.0.1:8100/search", "index": "wiki-1"}
PROGRAM = {"run": ["search"], "index": "wiki-1"}


def prompt(retriever: Any) -> Prompt:
    return validate(Prompt, {"template": "{context} {input}", "retriever": retriever})


def test_a_retriever_is_told_by_its_fields() -> None:
    assert isinstance(prompt({"documents": "a.jsonl"}).retriever, Retriever)
    assert isinstance(prompt(SERVER).retriever, UrlRetriever)
    assert isinstance(prompt({"endpoint": "search", "index": "wiki-1"}).retriever, UrlRetriever)
    assert isinstance(prompt(PROGRAM).retriever, CommandRetriever)


def test_an_index_that_is_none_is_refused_by_the_rule_that_holds() -> None:
    with pytest.raises(DeclarationError, match=r"isn't a text without spaces: up to 200"):
        prompt(SERVER | {"index": "wiki of November"})


@pytest.mark.parametrize("path", ["", "/", "/search", "/search/"])
def test_a_query_is_posted_to_the_address_as_it_stands(path: str) -> None:
    """A server that has a route with a slash at its end refuses the one without, or redirects."""
    retriever = prompt(SERVER | {"url": f"http://127.0.0.1:8100{path}"}).retriever
    assert isinstance(retriever, UrlRetriever)
    assert retriever.url == f"http://127.0.0.1:8100{path}"


def test_documents_make_the_version_that_they_made_before() -> None:
    """The specification of a version is its digest: no field may come to it."""
    spec = {"documents": "a.jsonl", "k": 3, "k1": 1.5, "b": 0.75, "stopwords": "en"}
    assert prompt({"documents": "a.jsonl"}).identity()["retriever"] == spec
    assert prompt(spec).as_json() == prompt(spec).identity()


def test_another_state_of_the_store_is_another_version() -> None:
    assert prompt(SERVER).identity() != prompt(SERVER | {"index": "wiki-2"}).identity()
    assert prompt(PROGRAM).identity() != prompt(PROGRAM | {"index": "wiki-2"}).identity()
    moved = PROGRAM | {"folder": "/elsewhere"}
    assert prompt(PROGRAM).identity() == prompt(moved).identity()


@pytest.mark.parametrize(
    ("retriever", "field", "message"),
    [
        ({"k": 3}, "retriever", "give `documents` (a file), `url` or `endpoint` (a server), or"),
        ("manual.jsonl", "retriever", "give `documents` (a file), `url` or `endpoint`"),
        ({"url": SERVER["url"]}, "retriever.index", "missing"),
        ({"run": ["search"]}, "retriever.index", "missing"),
        ({**SERVER, "endpoint": "search"}, "retriever.url", "belongs to the endpoint"),
        ({"url": None, "index": "x"}, "retriever.url", "missing: give the server's url, or an"),
        ({"endpoint": None, "index": "x"}, "retriever.url", "missing: give the server's url"),
        ({**SERVER, "url": "ftp://host/a"}, "retriever.url", "must be an address such as"),
        ({**SERVER, "url": "http://me:secret@host/"}, "retriever.url", "a key is never stored"),
        ({**SERVER, "url": "${EVALHUB_SECRET_KEY}"}, "retriever.url", "belongs to this site"),
        ({**SERVER, "k": 101}, "retriever.k", "must be at most 100, not 101"),
        ({**SERVER, "kk": 1}, "retriever.kk", "did you mean k? (known: url, endpoint, key_env"),
        ({"documents": "a", "index": "x"}, "retriever.index", "isn't known here"),
        ({**SERVER, "token": "x"}, "retriever.token", "a key is never stored"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(retriever: Any, field: str, message: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        prompt(retriever)
    assert caught.value.field == field
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("retriever", "path", "message"),
    [
        (SERVER, ("retriever", "url"), "is an address of its own: name an `endpoint`"),
        (PROGRAM, ("retriever", "run", 0), "is a command, which no document from outside may"),
        ({"endpoint": "other", "index": "x"}, ("retriever", "endpoint"), "no operator has made"),
        ({"documents": "a.jsonl"}, ("retriever", "documents"), "names a file of this machine"),
    ],
)
def test_what_comes_by_web_names_an_alias_alone(
    retriever: Any, path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(OutsideError) as caught:
        check_from_web(prompt(retriever), uploaded=(), aliases=["search"])
    assert caught.value.place == path
    assert message in caught.value.message
    allowed = prompt({"endpoint": "search", "index": "wiki-1"})
    check_from_web(allowed, uploaded=(), aliases=["search"])
