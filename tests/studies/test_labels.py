"""A study judged by a score of labels, which all answers of a run have together."""

from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db.models import F

from evalhub.cli.app import run
from evalhub.decision.outcomes import Outcome
from evalhub.features.beside.pairs import measure_pair, pair_runs, shared_metrics
from evalhub.ledger.differences import differences_of, items_by_outcome, runs_of_evidence
from evalhub.ledger.models import Decision
from evalhub.registry.models import Item, RunMetric, Score
from tests.studies.desks import Desk
from tests.studies.label_desk import ITEMS, LABELS, METRIC, golds, label_desk

ARMS = ("base", "tuned")
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_verdict_is_on_the_score_of_all_and_labels_outside_the_list_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sklearn_f1 = _macro_f1(tmp_path)
    desk = label_desk(tmp_path)
    assert run(["study", "run", str(desk.write()), "--json"]) == 0
    (tmp_path / "verdict.json").write_text(capsys.readouterr().out)
    [criterion] = Decision.objects.get().record["criteria"]
    assert (criterion["baseline"], criterion["candidate"]) == pytest.approx(sklearn_f1)
    assert criterion["unit"] == "linearised macro_f1"
    parts = Score.objects.filter(output__run__version__model__slug="base")
    first = parts.order_by("output__item__position").values_list("parts", flat=True)[0]
    assert first == ["ham", None]
    aggregate = RunMetric.objects.get(run__version__model__slug="base")
    assert (aggregate.scored, aggregate.unscored, aggregate.extraction_misses) == (ITEMS, 0, 1)
    values = np.array(parts.values_list("value", flat=True))
    assert values.mean() == pytest.approx(criterion["baseline"])
    verify = ["decision", "verify", str(tmp_path / "verdict.json"), "--home", str(settings.HOME)]
    assert run(verify) == 0


def test_an_item_that_both_arms_answer_alike_is_a_tie_wherever_it_is_counted(
    tmp_path: Path,
) -> None:
    """Of 300 mails the base is wrong on every third; the tuned arm is wrong on every thirtieth, in
    the words of the base."""
    desk = label_desk(tmp_path)
    run(["study", "run", str(desk.write())])
    said = [_said(desk, arm) for arm in ARMS]
    changed = sum(before != after for before, after in zip(*said, strict=True))
    assert changed == 90
    decision = Decision.objects.get()
    [criterion] = decision.record["criteria"]
    counts = (criterion["wins"], criterion["losses"], criterion["ties"])
    assert counts == (changed, 0, ITEMS - changed)
    [compared] = runs_of_evidence(decision.study, decision.document.evidence).values()
    listed = items_by_outcome(compared)
    assert (len(listed[Outcome.WON]), len(listed[Outcome.SAME])) == (changed, ITEMS - changed)
    tied = differences_of(compared, listed[Outcome.SAME][:5].tolist())
    assert {each.difference for each in tied} == {0.0}
    assert all(each.baseline != each.candidate for each in tied)
    pair = pair_runs(compared.baseline, compared.candidate)
    beside = measure_pair(pair, shared_metrics(pair)[0]).by_outcome
    assert (len(beside[Outcome.WON]), len(beside[Outcome.SAME])) == (changed, ITEMS - changed)


def test_weights_leave_two_runs_scores_of_labels_as_they_are(tmp_path: Path) -> None:
    run(["study", "run", str(label_desk(tmp_path).write())])
    decision = Decision.objects.get()
    [compared] = runs_of_evidence(decision.study, decision.document.evidence).values()
    for position, weight in ((0, 5.0), (1, 0.5)):
        Item.objects.annotate(half=F("position") % 2).filter(half=position).update(weight=weight)
    pair = pair_runs(compared.baseline, compared.candidate)
    assert {item.weight for item in pair.items} == {5.0, 0.5}
    found = measure_pair(pair, shared_metrics(pair)[0]).comparison
    assert found is not None
    assert (found.baseline, found.candidate) == pytest.approx(_macro_f1(tmp_path))


def _said(desk: Desk, arm: str) -> list[str]:
    """An arm's labels; the base's last answer is its label alone."""
    lines = (desk.folder / f"{arm}.mail.jsonl").read_text().splitlines()
    return [line.partition("label: ")[2][:-2] or "ads" for line in lines]


def _macro_f1(tmp_path: Path) -> tuple[float, float]:
    """Both arms' macro F1, counted from the files."""
    desk = label_desk(tmp_path)
    scores = []
    for arm in ARMS:
        said = _said(desk, arm)
        f1 = []
        for label in LABELS:
            both = sum(a == g == label for a, g in zip(said, golds(), strict=True))
            f1.append(2 * both / (said.count(label) + golds().count(label)))
        scores.append(sum(f1) / 3)
    return scores[0], scores[1]


def test_too_few_of_a_label_leave_the_study_without_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = label_desk(tmp_path, METRIC | {"labels": [*LABELS, "rare"]})
    assert run(["study", "run", str(desk.write())]) == 3
    assert "and label 4 of the list has 0" in capsys.readouterr().out


def test_an_accuracy_of_labels_has_the_intervals_of_right_and_wrong(tmp_path: Path) -> None:
    desk = label_desk(tmp_path, METRIC | {"score": "accuracy"})
    run(["study", "run", str(desk.write())])
    [criterion] = Decision.objects.get().record["criteria"]
    assert criterion["candidate"] == pytest.approx(1 - 10 / 300)
    assert criterion["method"] in ("exact score interval", "Tango score interval")
