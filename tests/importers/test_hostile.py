"""Logs as nobody should hand them in: each reader says what is wrong and where, and stays small."""

import gzip
import json
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.importers.kinds import KINDS, read_arms
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError
from tests.importers.logs import FILES, refusal, results, samples

WHOLE = {"promptfoo": "promptfoo/results.json", "json": "json/tuned.json"}
"""Read whole: a JSON document."""
LINES = {"openai-evals": "openai-evals/tuned.jsonl", "openai-chat": "openai-chat/tuned.jsonl"}
"""Read line by line."""
ALL = WHOLE | LINES


def against(kind: str, path: Path) -> tuple[str, ...]:
    if kind == "lm-eval":
        return ("lm-eval/base", "lm-eval/tuned")
    return (str(path), str(path))


@pytest.mark.parametrize("kind", ALL)
def test_a_truncated_log_is_refused_with_its_line(
    logs: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = Path(ALL[kind])
    text = path.read_text()
    path.write_text(text[: len(text) // 2])
    said = refusal(capsys, kind, *against(kind, path))
    assert said.startswith(f"evalhub: {path}, line ")
    assert "malformed JSON at column" in said


@pytest.mark.parametrize("kind", ALL)
def test_a_name_that_comes_twice_is_refused_with_its_line(
    logs: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = Path(ALL[kind])
    first = '[\n{"a": 1, "a": 2}]' if kind in WHOLE else '{"a": 1, "a": 2}\n'
    path.write_text(first)
    line = 2 if kind in WHOLE else 1
    said = refusal(capsys, kind, *against(kind, path))
    assert said.startswith(f"evalhub: {path}, line {line}, field 'a': named twice in one object")


@pytest.mark.parametrize("kind", ALL)
def test_what_is_a_million_deep_is_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = Path(ALL[kind])
    path.write_text('[{"a":' * 1_000_000 if kind in WHOLE else '{"a":' * 1_000_000)
    assert "nested too deeply" in refusal(capsys, kind, *against(kind, path))


@pytest.mark.parametrize("kind", ALL)
def test_two_writers_lines_in_one_another_are_refused(
    logs: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = Path(ALL[kind])
    text = path.read_text()
    middle = len(text) // 2
    path.write_text(text[:middle] + text[: middle // 2] + text[middle:])
    assert f"evalhub: {path}, line " in refusal(capsys, kind, *against(kind, path))


def test_lm_evals_files_are_held_to_the_same(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = against("lm-eval", Path())
    rows = samples("tuned", "sums")
    text = rows.read_text()
    rows.write_text(text[:-40])
    assert f"evalhub: {rows}, line 24: malformed JSON" in refusal(capsys, "lm-eval", *both)
    rows.write_text('{"doc_id": 1, "doc_id": 2}\n' + text)
    assert f"{rows}, line 1, field 'doc_id': named twice" in refusal(capsys, "lm-eval", *both)
    rows.write_text(text)
    of_run = results("tuned")
    for content, said in (
        ("[]", "line 1: has no 'results'"),
        ('{"results": [],\n"higher_is_better": {}}', "field 'results': an object with fields"),
        ('{"results": {"sums": 1}, "higher_is_better": {}}', "field 'results.sums': an object"),
        ('{"results": {}, "higher_is_better": {}}', "run lm_eval with --log_samples"),
    ):
        of_run.write_text(content)
        found = refusal(capsys, "lm-eval", *both)
        assert found.startswith(f"evalhub: {of_run}"), content
        assert said in found


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ALL)
def test_a_gzip_bomb_stays_packed(logs: Path, kind: str) -> None:
    row = b'{"a": "' + b"x" * (1 << 20) + b'"}\n' if kind in LINES else b" " * (1 << 20)
    path = Path("bomb.jsonl.gz" if kind in LINES else "bomb.json.gz")
    with gzip.open(path, "wb", compresslevel=1) as packed:
        for _ in range(140):
            packed.write(row)
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            read_arms(kind, path, WEB)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 3 * (WEB.decoded or 0)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", [each for each in KINDS if each in ALL])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_field_is_read_or_refused_and_never_a_crash(
    tmp_path: Path, kind: str, data: st.DataObject
) -> None:
    text = (FILES / ALL[kind]).read_text()
    document = json.loads(text) if kind in WHOLE else [json.loads(text.splitlines()[0])]
    if kind == "promptfoo":
        document["results"]["results"] = document["results"]["results"][:2]
    place = document
    while True:  # down to some value, which becomes another
        inside = list(place) if isinstance(place, dict) else list(range(len(place)))
        part = data.draw(st.sampled_from(inside))
        value = place[part]
        if not isinstance(value, dict | list) or not value or data.draw(st.booleans()):
            place[part] = data.draw(VALUES)
            break
        place = value
    path = tmp_path / ("log.json" if kind in WHOLE else "log.jsonl")
    path.write_text(json.dumps(document if kind in WHOLE else document[0]))
    with suppress(DataError):
        read_arms(kind, path)
