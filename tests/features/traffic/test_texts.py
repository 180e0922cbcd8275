"""What is stored of a request's texts: the stated share, masked, in its language."""

import hashlib
import json
from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.privacy.texts import is_in_share, kept_comment, kept_texts
from evalhub.features.traffic.rows import RequestRow, SignalRow

QUESTION = "Where is my invoice? I am olga@example.org."
MESSAGES = [
    {"role": "system", "content": "You help customers."},
    {"role": "user", "content": QUESTION},
]


def request(**fields: Any) -> RequestRow:
    row = {"id": "r1", "time": "2026-11-28T10:00:00Z", "model": "m"}
    return validate(RequestRow, row | fields)


def settings(**fields: Any) -> TrafficSettings:
    return TrafficSettings(**({"text_share": 1.0} | fields))


def test_texts_are_masked_alike_in_the_messages_and_the_answer() -> None:
    row = request(messages=MESSAGES, output="Dear OLGA@example.org, ask billing@example.org.")
    texts = kept_texts(row, settings())
    assert texts.kept
    assert texts.messages == [
        MESSAGES[0],
        {"role": "user", "content": "Where is my invoice? I am [mail-1]."},
    ]
    assert texts.output == "Dear [mail-1], ask [mail-2]."
    assert texts.masked == 3


def test_parts_and_arguments_of_tools_are_masked_too() -> None:
    call = {"function": {"name": "find", "arguments": '{"mail": "a@example.org"}'}}
    content = [{"type": "text", "text": "I am a@example.org"}, {"type": "image", "n": 3}]
    messages = [{"role": "user", "content": content}, {"role": "assistant", "tool_calls": [call]}]
    texts = kept_texts(request(messages=messages), settings())
    assert "example.org" not in json.dumps(texts.messages)
    assert json.dumps(texts.messages).count("[mail-1]") == texts.masked == 2


def test_the_tools_that_an_answer_calls_are_masked_with_its_texts() -> None:
    call = {"name": "find", "arguments": {"mail": "a@example.org", "again": ["b@example.org"]}}
    texts = kept_texts(request(output="Of b@example.org.", tool_calls=[call]), settings())
    masked = {"mail": "[mail-2]", "again": ["[mail-1]"]}
    assert texts.tool_calls == [{"name": "find", "arguments": masked}]
    assert (texts.kept, texts.output, texts.masked) == (True, "Of [mail-1].", 3)
    off = kept_texts(request(tool_calls=[call]), settings(text_share=0))
    assert (off.kept, off.tool_calls, off.masked) == (False, None, 0)


def test_with_texts_off_the_language_and_the_digest_stay() -> None:
    texts = kept_texts(request(messages=MESSAGES, output="Here."), settings(text_share=0))
    assert (texts.kept, texts.messages, texts.output, texts.masked) == (False, None, None, 0)
    assert texts.language == "en"
    assert len(texts.digest) == 64


def test_the_digest_is_of_the_messages_as_they_were_sent() -> None:
    canonical = json.dumps(MESSAGES, sort_keys=True, separators=(",", ":"))
    texts = kept_texts(request(messages=MESSAGES, digest="0" * 64), settings())
    assert texts.digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert kept_texts(request(digest="0" * 64), settings()).digest == "0" * 64


def test_a_request_without_texts_has_none() -> None:
    texts = kept_texts(request(), settings())
    assert (texts.kept, texts.messages, texts.language, texts.digest) == (False, None, "", "")


@pytest.mark.parametrize(
    ("messages", "language"),
    [
        ([{"role": "user", "content": "Wo ist meine Rechnung? Ich habe sie nicht."}], "de"),
        ([*MESSAGES, {"role": "assistant", "content": "Bonjour, je vous écoute, madame."}], "en"),
        ([{"role": "user", "content": [{"text": "Kan ik mijn factuur krijgen?"}]}], "nl"),
        ([{"role": "user", "content": "invoice?"}], ""),
        ([{"role": "user", "content": None}, {"content": 7}], ""),
        ([], ""),
    ],
)
def test_the_language_is_that_of_the_last_question(
    messages: list[dict[str, Any]], language: str
) -> None:
    assert kept_texts(request(messages=messages), settings()).language == language


def test_a_language_that_the_sender_says_is_taken() -> None:
    assert kept_texts(request(messages=MESSAGES, language="fr"), settings()).language == "fr"


def test_the_projects_languages_are_those_that_compete() -> None:
    row = request(messages=[{"role": "user", "content": "Merci beaucoup"}])
    assert kept_texts(row, settings()).language == ""
    assert kept_texts(row, settings(languages=["de", "fr"])).language == "fr"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_of_requests_is_kept_and_the_same_ones_each_time(share: float) -> None:
    """10,000 sequential ids: a share of .5 has a standard error of .005."""
    inside = [is_in_share(f"request-{number}", share) for number in range(10_000)]
    assert abs(sum(inside) / 10_000 - share) < 0.02
    assert inside == [is_in_share(f"request-{number}", share) for number in range(10_000)]


def test_a_larger_share_keeps_what_a_smaller_one_keeps() -> None:
    ids = [f"request-{number}" for number in range(1_000)]
    small, large = ({key for key in ids if is_in_share(key, share)} for share in (0.2, 0.4))
    assert small < large


def test_a_comment_is_masked_and_kept_with_its_request() -> None:
    fields = {"id": "s", "time": "2026-11-28T10:00:00Z", "name": "edit", "request": "r1"}
    row = validate(SignalRow, fields | {"text": "Write to olga@example.org"})
    assert kept_comment(row, settings()) == "Write to [mail-1]"
    assert kept_comment(row, settings(text_share=0)) is None
    assert kept_comment(validate(SignalRow, fields), settings()) is None
