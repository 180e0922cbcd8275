"""A file of own metrics that can't be: a sentence of the doctor, and of a site that starts."""

from pathlib import Path

import pytest

from tests.database.homes import evalhub
from tests.runners.metrics.own import written


def test_the_doctor_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    house = written(tmp_path / "house.py", "def f(: pass")
    done = evalhub("doctor", at=tmp_path, EVALHUB_OWN_METRICS=str(house))
    assert done.returncode == 69
    assert "own metrics: " in done.stdout
    assert "can't be loaded: SyntaxError" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.heavy
@pytest.mark.parametrize(
    "words",
    [
        ("up", "--port", "0"),
        ("compare", "a.jsonl", "b.jsonl", "--test-set", "c.jsonl", "--metric", "own"),
    ],
)
def test_a_command_that_needs_it_ends_with_a_sentence(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = evalhub(*words, at=tmp_path, EVALHUB_OWN_METRICS=str(tmp_path / "no.py"))
    assert done.returncode == 64, done.stdout + done.stderr
    assert "no.py can't be read" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
