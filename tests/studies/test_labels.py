"""A study judged by a score of labels, which all answers of a run have together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from evalhub.registry.models import RunMetric, Score
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)

ITEMS = 300
LABELS = ["ham", "spam", "ads"]
METRIC = {"name": "classification", "score": "macro_f1", "labels": LABELS, "extract": "label: (.*)"}


def golds() -> list[str]:
    """150 ham, 90 spam and 60 ads."""
    return [LABELS[0 if i % 10 < 5 else 1 if i % 10 < 8 else 2] for i in range(ITEMS)]


def label_desk(tmp_path: Path, metric: dict[str, Any] = METRIC) -> Desk:
    """The base is wrong on every third item, and of those every fifth is no label; the tuned arm is
    wrong on every thirtieth."""
    desk = Desk(tmp_path)
    desk.rows(
        "mail.jsonl",
        (
            {"id": f"q{i}", "input": f"mail {i}", "reference": gold}
            for i, gold in enumerate(golds())
        ),
    )
    desk.study["test_sets"] = {"mail": {"file": "mail.jsonl", "role": "primary", "metric": metric}}
    for arm, every in (("base", 3), ("tuned", 30)):
        rows = []
        for i, gold in enumerate(golds()):
            wrong = "junk" if i % 15 == 0 else LABELS[(LABELS.index(gold) + 1) % 3]
            rows.append({"id": f"q{i}", "output": f"label: {wrong if i % every == 0 else gold}"})
        rows[-1]["output"] = f"label: {golds()[-1]}" if arm == "tuned" else golds()[-1]
        desk.rows(f"{arm}.mail.jsonl", rows)
    return desk


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


def _macro_f1(tmp_path: Path) -> tuple[float, float]:
    """Both arms' macro F1, counted from the files."""
    desk = label_desk(tmp_path)
    scores = []
    for arm in ("base", "tuned"):
        text = (desk.folder / f"{arm}.mail.jsonl").read_text()
        said = [line.partition("label: ")[2][:-2] or "ads" for line in text.splitlines()]
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
