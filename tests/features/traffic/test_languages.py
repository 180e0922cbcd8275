"""The language of a question: named where it is rather sure, unknown otherwise."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from evalhub.features.traffic.privacy.languages import (
    LEAST_PROBABILITY,
    READ,
    detectable,
    language_of,
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my invoice? I ordered two weeks ago.", "en"),
        ("Wo ist meine Rechnung? Ich habe sie nicht erhalten.", "de"),
        ("Bonjour, je voudrais annuler ma commande", "fr"),
        ("Kan ik mijn factuur krijgen?", "nl"),
        ("请问我的发票在哪里？", "zh"),
    ],
)
def test_a_sentence_has_its_language(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text", ["", "ok", "invoice?", "12345678901", "asdf qwer", "Rechnung", "print('hello')"]
)
def test_a_word_or_what_is_no_language_is_unknown(text: str) -> None:
    assert language_of(text) == ""


def test_weights_of_32_bits_say_what_the_librarys_own_say(shared_data: Path) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    stored = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    lines = (shared_data / "alpacaeval" / "testset.jsonl").read_text().splitlines()[:100]
    for text in (json.loads(line)["instruction"] for line in lines):
        code, probability = stored.classify(text[:READ].strip())
        assert language_of(text) == (code if probability >= LEAST_PROBABILITY else "")


def test_english_instructions_are_english_or_unknown(shared_data: Path) -> None:
    """AlpacaEval's 805 instructions; docs/explanation/decisions/languages.md has the numbers."""
    lines = (shared_data / "alpacaeval" / "testset.jsonl").read_text().splitlines()
    texts = [json.loads(line)["instruction"] for line in lines]
    assert Counter(map(language_of, texts)) == {"en": 772, "": 33}


def test_a_projects_list_leaves_fewer_to_mix_up() -> None:
    assert language_of("Merci beaucoup") == ""
    assert language_of("Merci beaucoup", ["de", "en", "fr"]) == "fr"


def test_a_language_that_is_not_on_the_list_is_unknown() -> None:
    assert language_of("Hola, necesito ayuda con mi pedido", ["de", "en"]) == ""
    assert language_of("请问我的发票在哪里？", ["de", "en"]) == ""


def test_only_the_beginning_is_read() -> None:
    german = "Wo ist meine Rechnung? Ich habe sie leider noch nicht erhalten. " * 5
    assert language_of(german + "Where is my invoice? " * 100_000) == "de"


def test_every_code_fits_its_column() -> None:
    assert {"de", "en", "fr", "wa"} < detectable()
    assert all(2 <= len(code) <= 3 and code.isascii() for code in detectable())


def test_the_model_is_not_loaded_before_a_text_is_looked_at() -> None:
    code = (
        "import evalhub.features.traffic.privacy.languages, sys; print('py3langid' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
