"""How a run's answers ended, counted in the database as the rule counts them."""

from typing import Any

import pytest

from evalhub.io.items import UNSEEN
from evalhub.ledger.answers import tallies
from evalhub.registry.models import Output
from tests.cast import Team, a_run, a_test_set, a_version

pytestmark = pytest.mark.django_db

BLANK = ["", " ", "\n\t\r ", "\u00a0\u2003", "\u200b\ufeff", "\x1b", " \n" * 400]
SEEN = ["no", " 0 ", "\n.\n", "\u200bx", "!", "ÿ", "\U0001f600", "日本"]


def test_what_a_database_finds_empty_is_what_shows_nothing(team: Team) -> None:
    texts = [*BLANK, *SEEN]
    questions = a_test_set(team, items=len(texts))
    run = a_run(a_version(team, "tuned"), questions, scores=[1.0] * len(texts))
    for output, text in zip(run.outputs.order_by("item__position"), texts, strict=True):
        Output.objects.filter(pk=output.pk).update(text=text)
    found = tallies({run.pk})[run.pk]
    shows = [each for each in texts if each and not UNSEEN.fullmatch(each)]
    assert found.counts().empty == len(texts) - len(shows) == len(BLANK)
    assert found.ends["empty"].keys() == {f"q{at:04}" for at in range(len(BLANK))}


def test_calls_answers_that_are_to_be_empty_errors_and_reasons_are_told_apart(team: Team) -> None:
    items: list[dict[str, Any]] = [{"references": ["x"]} for _ in range(5)] + [{"references": [""]}]
    questions = a_test_set(team, items=items)
    run = a_run(a_version(team, "tuned"), questions, scores=[1.0] * 6)
    fields: list[dict[str, Any]] = [
        {"text": "", "tool_calls": [{"name": "look", "arguments": {}}]},
        {"text": "", "finish_reason": "length", "served_model": "m-1"},
        {"text": None, "error": "too long", "finish_reason": "content_filter"},
        {"text": "x", "finish_reason": "STOP", "served_model": "m-2", "fingerprint": "fp"},
        {"text": "x", "finish_reason": "max_tokens", "served_model": "m-2"},
        {"text": ""},
    ]
    for output, values in zip(run.outputs.order_by("item__position"), fields, strict=True):
        Output.objects.filter(pk=output.pk).update(**values)
    found = tallies({run.pk})[run.pk]
    counts = found.counts()
    assert (counts.answers, counts.failed, counts.empty) == (6, 1, 1)
    assert counts.finish_reasons == {"length": 1, "content_filter": 1, "STOP": 1, "max_tokens": 1}
    assert (counts.models, counts.fingerprints) == ({"m-2": 2, "m-1": 1}, {"fp": 1})
    assert {end: set(items) for end, items in found.ends.items()} == {
        "empty": {"q0001"},
        "cut": {"q0001", "q0004"},
        "failed": {"q0002"},
        "withheld": {"q0002"},
    }
