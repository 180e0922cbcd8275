"""Tokens are counted by the tokenizer that is named, and what a context cuts is said."""

from pathlib import Path
from typing import Any

import pytest
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from evalhub.declare.data_report import CheckOptions, DataReport
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks import tokens
from evalhub.features.data.checks.check import CheckSettings
from tests.features.data.training_files import chat, write_jsonl

TEMPLATE = (
    "{% for message in messages %}"
    "{% if loop.index0 == 0 and message['role'] != 'user' %}"
    "{{ raise_exception('the first message is the user\\'s') }}{% endif %}"
    "{{ message['role'] + ' ' + message['content'] + ' end ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant ' }}{% endif %}"
)


@pytest.fixture
def word_tokenizer(tmp_path) -> Path:
    """A token a word, and a template that puts the role before a message and a word after it."""
    inner = Tokenizer(models.WordLevel({"[UNK]": 0, "end": 1}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", eos_token=" end"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    return tmp_path / "tokenizer"


def checked(tmp_path, rows: list[Any], **options: Any) -> DataReport:
    settings = CheckSettings(options=CheckOptions(**options))
    return check_file(write_jsonl(tmp_path / "train.jsonl", rows), settings, (tokens.CHECK,))


def words(count: int) -> str:
    return " ".join(["word"] * count)


def test_a_chat_has_the_tokens_that_the_template_writes(tmp_path, word_tokenizer):
    """Two messages with a role and an end each: 4 tokens beside their words."""
    rows = [chat(words(n), words(2 * n)) for n in range(1, 101)]
    report = checked(tmp_path, rows, tokenizer=str(word_tokenizer))
    (table,) = report.tables
    figures = dict(zip(table.columns, table.rows[0], strict=True))
    assert (figures["rows"], figures["shortest"], figures["half"]) == (100, 7, 154)
    assert figures["longest"] == 304
    (total,) = report.measures
    assert (total.value, total.lower) == (sum(3 * n + 4 for n in range(1, 101)), None)


def test_other_rows_have_the_tokens_of_prompt_answer_and_the_end(tmp_path, word_tokenizer):
    rows = [{"prompt": words(3), "completion": f" {words(4)}"}]
    report = checked(tmp_path, rows, tokenizer=str(word_tokenizer))
    assert report.measures[0].value == 8


def test_a_context_cuts_ends_and_whole_answers(tmp_path, word_tokenizer):
    """Of 24 tokens: 7 + 7 + 4 = 18 fit; 7 + 20 + 4 = 31 lose 7; 30 + 5 + 4 = 39 lose 15, and the
    33 before the answer (the user's 32 and the assistant's role) leave none of it."""
    rows = [*[chat(words(7), words(7))] * 98, chat(words(7), words(20)), chat(words(30), words(5))]
    report = checked(tmp_path, rows, tokenizer=str(word_tokenizer), context=24)
    cut, whole = report.findings
    assert (whole.rows, whole.lines, whole.weight) == (1, (100,), "important")
    assert "33 tokens come before the answer" in whole.examples[0].text
    assert (cut.rows, cut.lines, cut.weight) == (2, (99, 100), "important")
    assert "31 tokens, of which 7 are cut" in cut.examples[0].text
    values = {each.name: each.value for each in report.measures}
    assert (values["rows_cut"], values["answers_cut"]) == (2, 1)
    assert values["tokens_lost"] == pytest.approx(100 * 22 / (98 * 18 + 31 + 39), abs=0.005)


def test_rows_that_the_template_refuses_are_a_serious_finding(tmp_path, word_tokenizer):
    rows = [chat(words(3), words(3)), chat("Q", "A", "a system prompt")]
    report = checked(tmp_path, rows, tokenizer=str(word_tokenizer))
    (finding,) = report.findings
    assert (finding.weight, finding.lines) == ("serious", (2,))
    assert "the first message is the user's" in finding.examples[0].text


def test_of_a_sample_the_total_has_limits(tmp_path, word_tokenizer):
    rows = [chat(words(1 + n % 20), words(5)) for n in range(1_000)]
    report = checked(tmp_path, rows, tokenizer=str(word_tokenizer), sample=200, context=20)
    values = {each.name: each for each in report.measures}
    total = sum(1 + n % 20 + 9 for n in range(1_000))
    assert values["tokens"].lower < total < values["tokens"].upper
    assert values["rows_cut"].lower < 45 < values["rows_cut"].upper  # 9 of 20 have more than 20


def test_without_a_tokenizer_the_check_says_how_to_make_it(tmp_path):
    (unchecked,) = checked(tmp_path, [chat("Q", "A")]).unchecked
    assert "a folder with tokenizer.json" in unchecked.reason
    missing = str(tmp_path / "nowhere")
    (unchecked,) = checked(tmp_path, [chat("Q", "A")], tokenizer=missing).unchecked
    assert f"there is no folder {missing}" in unchecked.reason
    (tmp_path / "empty").mkdir()
    empty = str(tmp_path / "empty")
    (unchecked,) = checked(tmp_path, [chat("Q", "A")], tokenizer=empty).unchecked
    assert "can't be loaded" in unchecked.reason
