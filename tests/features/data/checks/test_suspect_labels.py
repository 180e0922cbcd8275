"""Labels that look wrong, by confident learning and by neighbours."""

import importlib.util
import random
import re
from pathlib import Path

import numpy as np
import pytest

from evalhub.features.data.checks.confident_learning import confident_suspects
from evalhub.features.data.checks.near_prompts import groups_of_copies, near_pairs
from evalhub.features.data.checks.suspect_labels import CHECKS
from evalhub.ledger.leakage.fingerprints import normal_form, words_of
from evalhub.stats.tf_idf import tf_idf
from tests.features.data.checks.rows_of import result_of, row, rows_of, settings_of
from tests.features.data.checks.tickets import tickets

SUSPECT, NEAR = CHECKS
BY_NEIGHBOURS = settings_of(extras=False)
ROOT = Path(__file__).parents[4]
DECISION = ROOT / "docs" / "explanation" / "decisions" / "suspect-labels.md"
needs_cleanlab = pytest.mark.skipif(
    importlib.util.find_spec("cleanlab") is None, reason="needs the extra `labels`"
)


def recall_and_precision(lines: tuple[int, ...], planted: set[int]) -> tuple[float, float]:
    hits = len(planted & set(lines))
    return hits / len(planted), hits / len(lines)


def stated() -> list[tuple[int, str, float, float]]:
    """Words that tell a topic, method, recall and precision, as the decision states them."""
    cells = re.findall(r"^\| (\d) \| ([a-z ]+) \| (\S+) \| (\S+) \|$", DECISION.read_text(), re.M)
    return [(int(words), name, float(recall), float(right)) for words, name, recall, right in cells]


@needs_cleanlab
@pytest.mark.parametrize("telling", [4, 2])
def test_both_methods_find_what_the_decision_states(telling: int) -> None:
    """The same tickets for both; another version of a library may move the figures by .05."""
    rows, planted = tickets(2_000, wrong=0.05, telling=telling)
    rates = {name: (recall, right) for words, name, recall, right in stated() if words == telling}
    assert {*rates} == {"confident learning", "neighbours"}
    for name, settings in (("confident learning", None), ("neighbours", BY_NEIGHBOURS)):
        (finding,) = result_of(SUSPECT, rows, settings).findings
        assert recall_and_precision(finding.lines, planted) == pytest.approx(rates[name], abs=0.05)
        assert ("logistic regression" in finding.meaning) == (name == "confident learning")
        assert finding.to_people
        assert finding.weight == "important"


def test_a_clean_file_has_next_to_no_suspects() -> None:
    rows, _ = tickets(1_500, wrong=0)
    findings = result_of(SUSPECT, rows, BY_NEIGHBOURS).findings
    assert sum(finding.rows or 0 for finding in findings) <= 3


@needs_cleanlab
def test_near_copies_are_in_one_fold_so_that_a_wrong_label_can_t_vouch_for_its_copy() -> None:
    """50 of 600 tickets are wrong and have a copy that is as wrong. Learnt from its copy, hardly
    one of them looks wrong; learnt without it, most do."""
    rows, _ = tickets(600, wrong=0)
    planted: set[int] = set()
    for some in random.Random(8).sample(rows, 50):
        wrong = "bug" if some.answer != "bug" else "billing"
        rows[some.line - 1] = row(some.line, some.prompt, wrong)
        rows.append(row(len(rows) + 1, f"{some.prompt} !", wrong))
        planted |= {some.line, len(rows)}
    matrix = tf_idf([words_of(some.prompt) for some in rows])
    labels = [some.answer for some in rows]
    shares = []
    copies = groups_of_copies([normal_form(some.prompt) for some in rows])
    for groups in (copies, np.arange(len(rows))):
        suspects = confident_suspects(matrix, labels, groups, seed=0)
        assert suspects is not None
        lines = tuple(rows[suspect.row].line for suspect in suspects.suspects)
        shares.append(len(planted & {*lines}) / len(planted))
    assert shares[0] >= 0.6
    assert shares[1] <= 0.2


def test_labels_that_the_words_don_t_tell_are_not_suspected() -> None:
    rows, _ = tickets(600, wrong=0)
    rng = random.Random(9)
    rows = [row(some.line, some.prompt, rng.choice(["yes", "no"])) for some in rows]
    result = result_of(SUSPECT, rows, BY_NEIGHBOURS)
    assert result.findings == []
    assert "no suspicion can rest on them" in result.unchecked[0].reason


def test_where_the_extra_is_missing_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = tickets(300, wrong=0.05)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = result_of(SUSPECT, rows)
    assert "labels" in result.unchecked[-1].reason
    assert "Confident learning wasn't made" in result.unchecked[-1].reason
    assert "ten nearest texts" in result.measures[0].note


def test_free_text_is_left_to_the_random_audit() -> None:
    rows = rows_of([(f"Question {n}?", f"A longer answer with number {n}.") for n in range(200)])
    result = result_of(SUSPECT, rows)
    assert result.findings == []
    assert "read the random audit" in result.unchecked[0].reason


def test_a_label_field_and_a_key_in_json_are_labels_too() -> None:
    rows, planted = tickets(600, wrong=0.05)
    by_field = [
        row(some.line, some.prompt, f"A long answer to ticket {some.line}, as it was sent.",
            fields={"label": some.answer})
        for some in rows
    ]  # fmt: skip
    by_key = [row(some.line, some.prompt, f'{{"topic": "{some.answer}"}}') for some in rows]
    for some, place in ((by_field, "the field “label”"), (by_key, "the key “topic”")):
        (finding,) = result_of(SUSPECT, some, BY_NEIGHBOURS).findings
        assert finding.title.endswith(place)
        assert recall_and_precision(finding.lines, planted)[1] >= 0.8


def test_of_a_large_sample_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalhub.features.data.checks.suspect_labels.MOST_ROWS", 500)
    rows, _ = tickets(900, wrong=0)
    assert "of 500 rows" in result_of(SUSPECT, rows, BY_NEIGHBOURS).measures[0].note


def test_near_copies_of_a_prompt_with_another_label_are_shown_side_by_side() -> None:
    """20 of 400 prompts come again with one word more, 10 of them with another label."""
    rng = random.Random(10)
    words = [f"word{n}" for n in range(900)]
    prompts = [" ".join(rng.sample(words, 24)) for _ in range(400)]
    rows = rows_of([(prompt, rng.choice(["yes", "no"])) for prompt in prompts])
    for n in range(20):
        label = {"yes": "no", "no": "yes"}[rows[n].answer] if n < 10 else rows[n].answer
        rows.append(row(401 + n, f"{prompts[n]} please", label))
    (finding,) = result_of(NEAR, rows).findings
    assert finding.lines == tuple(range(401, 411))
    assert [example.beside for example in finding.examples] == [1, 2, 3, 4, 5]
    assert finding.to_people


def test_an_instruction_before_every_question_makes_no_near_copies() -> None:
    head = "Read the message of the customer below and answer with one of the labels in the list"
    texts = [f"{head} message {n} number {n * 7} about {n * 13} things" for n in range(300)]
    assert [*near_pairs(texts)] == []
    assert len(set(groups_of_copies(texts))) == 300


def test_copies_and_near_copies_are_one_group() -> None:
    base = [" ".join(f"w{n}x{k}" for k in range(20)) for n in range(50)]
    texts = [*base, base[3], f"{base[4]} more", f"{base[4]} more again"]
    groups = groups_of_copies(texts)
    assert groups[50] == groups[3]
    assert groups[51] == groups[52] == groups[4]
    assert len(set(groups)) == 50
    assert [*groups_of_copies([])] == []
