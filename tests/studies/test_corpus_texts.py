"""A study judged by BLEU or chrF of all answers, which Evalhub counts itself."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)

ITEMS = 80
TEXT = "the a cat dog sat ran on under mat tree red big small house today they we saw"
WORDS = tuple(TEXT.split(" "))


def texts(share: float, *, seed: int) -> tuple[list[str], list[list[str]]]:
    """Answers that keep such a share of the first of two references' words."""
    references, rng = random.Random(1), random.Random(seed)
    answers, every = [], []
    for _ in range(ITEMS):
        first, second = (references.choices(WORDS, k=12) for _ in range(2))
        kept = [word if rng.random() < share else rng.choice(WORDS) for word in first]
        answers.append(" ".join(kept))
        every.append([" ".join(first), " ".join(second)])
    return answers, every


def a_desk(tmp_path: Path, metric: dict[str, Any]) -> Desk:
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": {"file": "t.jsonl", "role": "primary", "metric": metric}}
    _, every = texts(0, seed=0)
    rows = ({"id": f"q{i}", "input": f"Say {i}", "reference": each} for i, each in enumerate(every))
    desk.rows("t.jsonl", rows)
    for seed, (arm, share) in enumerate((("base", 0.6), ("tuned", 0.8))):
        desk.answers(arm, "triage", texts(share, seed=seed)[0])
    return desk


@pytest.mark.parametrize(
    ("metric", "unit", "sacrebleu"),
    [
        ({"name": "corpus_bleu", "lower": True}, "bleu", BLEU(lowercase=True)),
        ({"name": "corpus_chrf", "words": True}, "chrf++", CHRF(word_order=2)),
    ],
)
def test_the_verdict_is_on_the_score_that_sacrebleu_has(
    tmp_path: Path,
    client: Client,
    capsys: pytest.CaptureFixture[str],
    metric: dict[str, Any],
    unit: str,
    sacrebleu: Any,
) -> None:
    assert run(["study", "run", str(a_desk(tmp_path, metric).write()), "--json"]) == 0
    (tmp_path / "verdict.json").write_text(capsys.readouterr().out)
    decision = Decision.objects.get()
    [criterion] = decision.record["criteria"]
    (base, every), (tuned, _) = (texts(share, seed=seed) for seed, share in enumerate((0.6, 0.8)))
    streams = [list(stream) for stream in zip(*every, strict=True)]
    theirs = [sacrebleu.corpus_score(answers, streams).score for answers in (base, tuned)]
    assert (criterion["baseline"], criterion["candidate"]) == pytest.approx(tuple(theirs), abs=1e-9)
    assert criterion["unit"] == f"points of {unit}, linearised"
    assert criterion["lower"] > 0
    named = [("base", base), ("tuned", tuned)]
    _, results = PairedTest(named, {unit: sacrebleu}, streams, "bs", n_samples=1000)()
    [(_, paired)] = [columns for name, columns in results.items() if name != "System"]
    [row] = decision.record["resampled"]["test_sets"]
    assert (row["items"], row["score"], row["p_value"]) == (ITEMS, unit, paired.p_value)
    assert row["candidate"] - row["baseline"] == pytest.approx(criterion["difference"])
    assert row["lower"] == pytest.approx(criterion["lower"], abs=0.3 * criterion["difference"])
    verify = ["decision", "verify", str(tmp_path / "verdict.json"), "--home", str(settings.HOME)]
    assert run(verify) == 0
    client.force_login(User.objects.create_superuser("opal"))
    page = client.get(reverse("site:criterion", args=[decision.pk, 1])).text
    assert f"A score of all answers together, in points of {unit}, linearised" in page
    assert "Paired bootstrap" in client.get(reverse("site:record", args=[decision.pk])).text


def test_an_answer_without_a_reference_is_no_part_of_the_corpus(tmp_path: Path) -> None:
    desk = a_desk(tmp_path, {"name": "corpus_bleu"})
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    rows[0]["reference"] = [" "]
    desk.rows("t.jsonl", rows)
    run(["study", "run", str(desk.write())])
    aggregate = Run.objects.get(version__model__slug="base").metrics.get()
    answers, every = texts(0.6, seed=0)
    streams = [list(stream) for stream in zip(*every[1:], strict=True)]
    expected = BLEU().corpus_score(answers[1:], streams).score
    assert (aggregate.scored, aggregate.unscored) == (ITEMS - 1, 1)
    assert aggregate.mean == pytest.approx(expected, abs=1e-9)
