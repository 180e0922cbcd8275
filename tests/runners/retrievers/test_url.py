"""A retriever that is a server: what it is sent, and every way in which it may answer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from pytest_django.fixtures import Settings

from evalhub.declare.keys import Reach
from runners.backends.asking import BackendError
from tests.fakes.retriever_server import DROP, HANG, RetrieverServer, answering
from tests.runners.retrievers.searches import results


def test_each_query_is_posted_with_k_and_answered_by_passages_in_order(
    store: RetrieverServer,
) -> None:
    [found] = results(store.retriever(k=3), "kettles")
    assert store.bodies == [{"query": "kettles", "k": 3}]
    assert found.passages == store.passages("kettles", 3)
    assert found.error == ""


def test_many_queries_of_very_different_times_are_all_answered_so_many_at_a_time(
    store: RetrieverServer,
) -> None:
    draws = np.random.default_rng(4).lognormal(mean=-6, sigma=1, size=200)
    store.latencies = [float(each) for each in draws]
    queries = [f"query {number}" for number in range(200)]
    found = results(store.retriever(concurrency=16), *queries)
    assert [each.passages for each in found] == [store.passages(query, 2) for query in queries]
    assert sorted(store.queries) == sorted(queries)
    assert 1 < store.most_at_once <= 16


def test_an_error_of_the_server_is_tried_again(store: RetrieverServer) -> None:
    busy = answering({"error": "busy"}, 503, **{"Retry-After": "0"})
    store.misbehave = lambda query, attempt: busy if attempt == 0 else None
    [found] = results(store.retriever(), "kettles")
    assert found.passages == store.passages("kettles", 2)
    assert len(store.queries) == 2


def response(text: str) -> web.Response:
    return web.Response(body=text, content_type="application/json")


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "the response is no object with `passages`"),
        ({"results": []}, "the response is no object with `passages`"),
        ({"passages": {}}, "passages are a list of {id, text, score}"),
        ({"passages": ["text"]}, "passage 1 is no object {id, text, score}"),
        ({"passages": [{"text": "a"}]}, "passage 1 needs an id, a text of 1 to 200 characters"),
        ({"passages": [{"id": True, "text": "a"}]}, "passage 1 needs an id, a text of 1 to 200"),
        ({"passages": [{"id": "a"}]}, "passage 1 needs a text"),
        ({"passages": [{"id": "a", "text": "", "score": "x"}]}, "passage 1 has a score that can't"),
        ({"passages": [{"id": "a", "text": "", "rank": 1}]}, "passage 1 has the field 'rank'"),
        (  # and repeats no more of it
            {"passages": [{"id": "a", "text": "", "x" * 10_000: 1}]},
            f"passage 1 has the field '{'x' * 200}'; there are id, text and score",
        ),
        (
            {"passages": [{"id": 1, "text": ""}, {"id": "1", "text": ""}]},
            "passage 2 has the id",
        ),
        ({"passages": [{"id": i, "text": ""} for i in range(3)]}, "3 passages, and at most 2 may"),
        ({"passages": [{"id": 1, "text": "a" * 101}]}, "the passages have 101 characters, and at"),
        ({"passages": [{"id": 1, "text": "\0"}]}, "the response isn't JSON that can be stored"),
    ],
)
def test_a_response_of_another_shape_is_that_item_s_error(
    store: RetrieverServer, document: Any, error: str
) -> None:
    store.misbehave = lambda query, attempt: answering(document)
    [found] = results(store.retriever(most_characters=100), "kettles")
    assert found.passages is None
    assert found.error.startswith(error)
    assert len(store.queries) == 1


def test_what_is_no_json_and_what_is_too_long_is_that_item_s_error(store: RetrieverServer) -> None:
    long = json.dumps({"passages": [{"id": "a", "text": "a" * 200_000}]})
    store.misbehave = lambda query, attempt: response("<p>" if query == "page" else long)
    page, much = results(store.retriever(most_characters=100), "page", "much")
    assert page.error.startswith("the response isn't JSON that can be stored: ")
    assert much.error.startswith("the response is longer than 101,200 bytes")


def test_no_passages_whole_numbers_as_ids_and_null_are_taken(store: RetrieverServer) -> None:
    some = {"passages": [{"id": 7, "text": "a", "score": None}], "index": "store-1"}
    documents = {"none": {"passages": []}, "one": some, "null": some | {"index": None}}
    store.misbehave = lambda query, attempt: answering(documents[query])
    none, one, null = results(store.retriever(), "none", "one", "null")
    assert null.passages == one.passages
    assert (none.passages, none.error) == ([], "")
    assert one.passages == [{"id": "7", "text": "a"}]


def test_a_server_that_is_late_is_an_error_of_the_item_once_all_attempts_were(
    store: RetrieverServer,
) -> None:
    store.misbehave = lambda query, attempt: HANG if query == "late" else None
    late, other = results(store.retriever(timeout_s=0.2, retries=1), "late", "other")
    assert late.error == "no passages within 0.2 s (2 attempts)"
    assert other.passages


def test_a_connection_that_breaks_is_an_error_of_the_item(store: RetrieverServer) -> None:
    store.misbehave = lambda query, attempt: DROP
    [found] = results(store.retriever(retries=0), "kettles")
    assert found.error.startswith("the connection broke: ")


def test_a_bad_request_is_an_error_of_the_item_and_is_not_tried_again(
    store: RetrieverServer,
) -> None:
    store.misbehave = lambda query, attempt: answering({"error": "what?"}, 400)
    [found] = results(store.retriever(), "kettles")
    assert found.error == "HTTP 400: what?"
    assert len(store.queries) == 1


def test_whoever_is_refused_asks_nothing_more(store: RetrieverServer) -> None:
    store.key = "a-key"
    with pytest.raises(BackendError, match="refuses: HTTP 401: who are you"):
        results(store.retriever(), "kettles")


def test_a_server_that_searches_another_store_is_not_believed(store: RetrieverServer) -> None:
    store.misbehave = lambda query, attempt: answering({"passages": [], "index": "store-2"})
    with pytest.raises(BackendError, match="searches the store 'store-2', and the version says"):
        results(store.retriever(), "kettles")


def test_a_server_that_is_not_there_is_named(store: RetrieverServer) -> None:
    spec = store.retriever(url="http://127.0.0.1:9/search", retries=0)
    with pytest.raises(BackendError, match="nothing answers at the retriever http:"):
        results(spec, "kettles")


def test_an_address_is_asked_for_an_operator_alone(store: RetrieverServer) -> None:
    with pytest.raises(BackendError, match="the prompt's retriever, field 'url': the study didn't"):
        results(store.retriever(), "kettles", reach=Reach())
    assert store.queries == []


def test_an_endpoint_of_the_operator_s_has_its_key(
    store: RetrieverServer, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEARCH_KEY", "a-key")
    store.key = "a-key"
    alias = {"url": store.url, "key_env": "SEARCH_KEY", "private": True}
    settings.ENDPOINTS = json.dumps({"search": alias})
    spec = {"endpoint": "search", "index": "store-1", "k": 2}
    [found] = results(spec, "kettles", reach=Reach())
    assert found.passages == store.passages("kettles", 2)
    settings.ENDPOINTS = json.dumps({"search": alias | {"private": False}})
    with pytest.raises(BackendError, match="on this machine or in a private network"):
        results(spec, "kettles", reach=Reach())
