"""A study judged by a score that all answers of a run have together, of counts that came along."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from evalhub.registry.models import Run, Score
from runners.metrics import Answer, scorer
from runners.outcome import finish
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)

ITEMS = 60
METRIC = {"name": "corpus_score", "score": "ter"}


def a_desk(tmp_path: Path, **test_set: Any) -> Desk:
    """Answers of 60 items, of which every third has 30 words and the others 10: the base has 4 or 6
    edits in each, the tuned arm 1 or 2."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {
        "triage": {"file": "triage.jsonl", "role": "primary", "metric": METRIC} | test_set
    }
    for arm, edits in (("base", 4), ("tuned", 1)):
        rows = (
            {"id": f"q{i}", "output": arm, "scores": counts(edits + i % 2 * edits // 2, i)}
            for i in range(ITEMS)
        )
        desk.rows(f"{arm}.triage.jsonl", rows)
    return desk


def counts(edits: float, item: int) -> dict[str, float]:
    return {"ter.edits": edits, "ter.reference_length": 30.0 if item % 3 == 0 else 10.0}


def test_its_mean_is_the_score_of_all_answers_and_the_verdict_is_on_that(
    tmp_path: Path, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """20 items of 30 words and 40 of 10 are 1,000 words; 300 edits of the base, 60 of the tuned."""
    desk = a_desk(tmp_path)
    assert run(["study", "run", str(desk.write()), "--json"]) == 0
    (tmp_path / "verdict.json").write_text(capsys.readouterr().out)
    decision = Decision.objects.get()
    [criterion] = decision.record["criteria"]
    assert (criterion["baseline"], criterion["candidate"]) == pytest.approx((30, 6))
    assert criterion["difference"] == pytest.approx(24)
    assert criterion["unit"] == "points of ter, linearised"
    edits = np.array([4 + i % 2 * 2 for i in range(ITEMS)])
    words = np.array([30 if i % 3 == 0 else 10 for i in range(ITEMS)])
    expected = 30 + ITEMS * (100 * edits / 1000 - 100 * 300 / 1000**2 * words)
    base = Score.objects.filter(output__run__version__model__slug="base")
    values = base.order_by("output__item__position").values_list("value", flat=True)
    assert list(values) == pytest.approx(list(expected))
    verify = ["decision", "verify", str(tmp_path / "verdict.json"), "--home", str(settings.HOME)]
    assert run(verify) == 0
    client.force_login(User.objects.create_superuser("opal"))
    page = client.get(reverse("site:criterion", args=[decision.pk, 1])).text
    assert "A score of all answers together, in points of ter, linearised" in page


def test_a_run_that_is_finished_again_keeps_its_scores(tmp_path: Path) -> None:
    run(["study", "run", str(a_desk(tmp_path).write())])
    first = Run.objects.order_by("pk")[0]
    before = list(Score.objects.order_by("pk").values_list("value", flat=True))
    digest = first.metrics.get().scores_digest
    Score.objects.filter(output__run=first).update(value=None, reason="lost")
    Run.objects.filter(pk=first.pk).update(state="running")
    finish(first.pk)
    assert list(Score.objects.order_by("pk").values_list("value", flat=True)) == before
    assert first.metrics.get().scores_digest == digest


def test_an_answer_without_counts_is_unscored_and_not_in_the_sum(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    file = tmp_path / "tuned.triage.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    del rows[0]["scores"]["ter.edits"]
    desk.rows(file.name, rows)
    assert run(["study", "run", str(desk.write())]) == 3
    aggregate = Run.objects.get(version__model__slug="tuned").metrics.get()
    assert (aggregate.scored, aggregate.unscored) == (ITEMS - 1, 1)
    assert aggregate.mean == pytest.approx(100 * 59 / 970)
    assert Score.objects.get(value=None).reason == "no count 'ter.edits' came with the answer"


def test_a_score_that_has_no_value_says_why_and_is_no_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = METRIC | {"score": "word_perplexity"}
    desk = a_desk(tmp_path, metric=metric)
    for arm in ("base", "tuned"):
        scores = {"word_perplexity.logprob": -3.0, "word_perplexity.size": 0}
        rows = ({"id": f"q{i}", "output": arm, "scores": scores} for i in range(ITEMS))
        desk.rows(f"{arm}.triage.jsonl", rows)
    assert run(["study", "run", str(desk.write())]) == 3
    assert "a perplexity takes documents that have a size" in capsys.readouterr().out
    assert Run.objects.all()[0].metrics.get().mean is None


def test_until_all_answers_are_there_it_is_unscored() -> None:
    score = scorer(**METRIC)(Answer("a", scores=counts(1, 1)))
    assert (score.value, score.reason) == (None, "scored when all answers are there")


def test_there_is_no_worst_answer_and_are_no_bounds_nor_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["study", "run", str(a_desk(tmp_path, bounds=[0, 100]).write())]) == 65
    told = capsys.readouterr().err
    assert "field 'test_sets.triage.bounds'" in told
    assert "are of single answers, and the score is of all of them together" in told
    assert run(["study", "run", str(a_desk(tmp_path, mix={"a": 0.5, "b": 0.5}).write())]) == 65
    told = capsys.readouterr().err
    assert "field 'test_sets.triage.mix'" in told
    assert "counts each alike" in told
    desk = a_desk(tmp_path)
    desk.study["policy"] = {"failures": "worst"}
    assert run(["study", "run", str(desk.write())]) == 65
    assert "corpus_score" in capsys.readouterr().err
