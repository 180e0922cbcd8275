"""Metrics of an answer's form: what each finds, and what it leaves alone."""

import gettext
from collections import Counter
from pathlib import Path

import django
import pytest

from runners.metrics import Answer, scorer
from runners.metrics.language import language_of
from runners.metrics.refusal import refusal_phrase


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, but as an AI language model I cannot provide medical advice.",
        "Sorry, but I can't do this.",
        "I cannot in good conscience help you write this letter.",
        "I am not able to assist with this request. Please ask somebody else.",
        "I must respectfully decline to answer.",
        "**I can't assist with that.**",
        "Unfortunately, I won't be able to help with your request.",
        "Writing this would be against my guidelines.",
        "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
        "Leider darf ich diese Frage nicht beantworten.",
        "Je suis désolé, mais je ne peux pas répondre à cette question.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Desculpe, mas não posso fornecer essa informação.",
        "Mi dispiace, ma non posso aiutarti.",
        "Het spijt me, maar daar kan ik je niet mee helpen.",
        "Извините, но я не могу ответить на этот вопрос.",
        "抱歉，我无法回答这个问题。",
        "申し訳ありませんが、そのご質問にはお答えできません。",
    ],
)
def test_a_refusal_is_found_by_its_opening(text: str) -> None:
    score = scorer("refusal")(Answer(text))
    assert score.value == 1
    assert score.reason.startswith("it says ")


@pytest.mark.parametrize(
    "text",
    [
        "I can't find any error in this function.",
        "I'm sorry to hear that. Is there anything I can do to help?",
        "Dear team, I am sorry to inform you that I am unable to accept your offer.",
        "I don't know who that was.",
        "You can't help but smile at it.",
        "Your router is unable to connect: restart it.",
        "Leider ist Ihr Paket noch nicht angekommen.",
        "AI assistants are becoming popular as they can provide many services.",
        "Paris " * 200 + "I'm sorry, but I can't help with that.",
        "",
    ],
)
def test_what_only_sounds_like_a_refusal_is_none(text: str) -> None:
    assert refusal_phrase(text) is None
    assert scorer("refusal")(Answer(text)).value == 0


def test_phrases_of_a_models_own_are_refusals_too() -> None:
    score = scorer("refusal", phrases=["please contact our staff"])
    assert score(Answer("For that, PLEASE contact our staff.")).value == 1


EN = "The parcel was sent to your address on Monday, and it should have been there by now."
DE = "Das Paket ist am Montag an Ihre Adresse gegangen und sollte nun bei Ihnen sein."
FR = "Le colis est parti lundi pour votre adresse et il devrait être arrivé chez vous."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (EN, "en"),
        (DE, "de"),
        (FR, "fr"),
        (
            "Посылка была отправлена в понедельник, и она уже должна быть у вас, но её ещё нет.",
            "ru",
        ),
        ("包裹已于星期一寄出，现在应该到了。", "zh"),
        ("荷物は月曜日に発送されましたので、もう届いているはずです。", "ja"),
        ("소포는 월요일에 발송되었으므로 지금쯤 도착했을 것입니다.", "ko"),
        ("Paris", None),
        ("42", None),
        ("", None),
        ("```\nthe of and to is in that it was for\n```", None),
    ],
)
def test_a_language_is_told_where_it_can_be(text: str, code: str | None) -> None:
    assert language_of(text) == code


def test_languages_are_told_of_djangos_own_translations_and_hardly_ever_wrongly() -> None:
    told = Counter[bool | None]()
    texts = Path(django.__file__).parent / "conf" / "locale"
    codes = "de fr es pt it nl sv da fi pl cs ro hu tr id vi ru uk bg sr el he ar fa th ko ja"
    for code in codes.split():
        with (texts / code / "LC_MESSAGES" / "django.mo").open("rb") as file:
            catalog = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        for key, text in catalog.items():
            if len(text) >= 60 and text != key and "%" not in text:
                found = language_of(text)
                told[found and found == code] += 1
    assert told[True] > 0.5 * told.total()
    assert told[False] <= 0.005 * told.total()


def test_a_language_is_switched_where_it_isnt_that_of_reference_or_question() -> None:
    score = scorer("language_switch")
    assert score(Answer(DE, asked=DE), []).value == 0
    switched = score(Answer(FR, asked=DE), [])
    assert (switched.value, switched.reason[:18]) == (1, "fr in place of de:")
    assert score(Answer(FR, asked=DE), [FR]).value == 0  # the translation that was asked for
    assert score(Answer(DE, asked=DE), [FR]).value == 1
    assert score(Answer(DE + "\n\n" + FR, asked=DE), []).value == 1
    assert score(Answer(FR, asked="?"), ["oui"]).value == 0
    assert scorer("language_switch", expected="en")(Answer(FR), []).value == 1


@pytest.mark.parametrize(
    ("reason", "cut"), [("length", 1), ("MAX_TOKENS", 1), ("stop", 0), ("end_turn", 0)]
)
def test_the_server_says_whether_an_answer_was_cut(reason: str, cut: float) -> None:
    assert scorer("truncation")(Answer("whatever, ", finish_reason=reason)).value == cut


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Paris", 0),
        (EN * 4, 0),
        (EN * 4 + " We are sorry for the delay, and will look into it with the", 1),
        (EN * 4 + " We are sorry for the delay, and will look into it, for instance (", 1),
        (EN * 4 + "\n- and one more thing that people forget when they send parcels to us", 0),
        (EN * 4 + "\nYours sincerely", 0),
        (EN * 4 + " All of it stands in full at https://example.org/parcels/late", 0),
        ("Here you are:\n```python\nprint(1)", 1),
        ("Here you are:\n```python\nprint(1)\n```", 0),
    ],
)
def test_without_a_servers_word_the_text_tells_and_the_score_says_so(text: str, cut: float) -> None:
    score = scorer("truncation")(Answer(text))
    assert score.value == cut
    assert score.reason == "by its text: nobody recorded why the model stopped"


def test_repetition_is_the_share_of_runs_that_stood_before() -> None:
    score = scorer("repetition")
    assert score(Answer("one two three four five six")).value == 0
    # Of ten words there are seven runs of four, of which two are distinct: ABAB and BABA.
    assert score(Answer("a b a b a b a b a b")).value == pytest.approx(5 / 7)
    assert score(Answer("no no")).value == 0
    assert score(Answer("哈" * 20)).value == pytest.approx(16 / 17)
    assert (score(Answer("a" * 4000)).value or 0) > 0.9
    assert scorer("repetition", words=2)(Answer("a b a b")).value == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "empty"), [("", 1), (" \n\t\u200b", 1), ("+", 0), ("?", 0), ("\U0001f44d", 0)]
)
def test_an_answer_is_empty_where_nothing_of_it_is_seen(text: str, empty: float) -> None:
    assert scorer("empty")(Answer(text)).value == empty


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("# Parcels", 1),
        ("Well:\n- one\n- two", 1),
        ("1. one\n2) two", 1),
        ("It is **late**.", 1),
        ("| a | b |\n|---|---|", 1),
        ("```json\n{}\n```", 1),
        ("<p>It is late.</p>", 1),
        ("3. Paris", 0),
        ("2 ** 3 is 8, and 2 * 3 * 4 is 24.", 0),
        ('{"a": 1}', 0),
        ("Is a < b > c?", 0),
        ("", 0),
    ],
)
def test_markup_is_told_from_plain_text(text: str, marked: float) -> None:
    assert scorer("markup")(Answer(text)).value == marked


@pytest.mark.parametrize("name", ["refusal", "language_switch", "markup", "repetition", "empty"])
def test_texts_made_to_stall_are_scored_all_the_same(name: str) -> None:
    hostile = ["I am not " * 3000, "|" * 60_000, "**a" * 20_000, "<p " * 20_000, "` " * 30_000]
    hostile += [" \u200b" * 30_000, "a" * 60_000, "- " * 30_000, "\n\n" * 30_000]
    for score in scorer(name).batch([(Answer(text), []) for text in hostile]):
        assert score.value is not None


@pytest.mark.parametrize(
    ("text", "length", "marked"),
    [
        ('```json\n{"a": 1}\n```', 8, 0),
        ('~~~~\n{"a": 1}\n~~~~', 8, 0),
        ('{"a": 1}', 8, 0),
        ("```json\n{a: 1}\n```", 18, 1),
        ('Here it is:\n```json\n{"a": 1}\n```', 32, 1),
        ('```json\n{"a": 1}\n```\n```json\n{"b": 1}\n```', 41, 1),
    ],
)
def test_a_fence_around_json_is_left_out_where_it_is_all(
    text: str, length: int, marked: int
) -> None:
    for name, value in (("length", length), ("markup", marked)):
        left_out = scorer(name, json_fence="left-out")
        assert left_out(Answer(text)).value == value
