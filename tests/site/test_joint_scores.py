"""What a study's page shows of labels and of confidences once a decision has read them."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.features.exporters.report import export_report
from evalhub.ledger.models import Decision
from evalhub.registry.models import Score, Study
from tests.studies.desks import ran
from tests.studies.label_desk import METRIC, label_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("opal"))
    return client


def answers_page(client: Client) -> str:
    """The answers tab of the only study, with single spaces."""
    address = reverse("site:study", args=[Study.objects.get().pk])
    return " ".join(client.get(address, {"tab": "answers"}).text.split())


def texts(html: str) -> list[str]:
    """The cells of a table's rows, as read."""
    return [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in html.split("<tr>")[1:]]


def test_labels_are_drawn_with_those_outside_the_list(tmp_path: Path, reader: Client) -> None:
    """150, 90 and 60 items. The base errs on every third, and of those on every fifth outside."""
    run(["study", "run", str(label_desk(tmp_path).write())])
    page = answers_page(reader)
    assert "Which labels were confused" in page
    assert "All 300 answers that both arms gave." in page
    base, tuned, figures = page.partition("Which labels were confused")[2].split("<table")[1:4]
    assert "base: 20 answers outside the list" in base
    assert "tuned: 10 answers outside the list" in tuned
    assert texts(base) == [
        "Right label ham spam ads outside Items",
        "ham 100 67% right 40 27% 0 10 6.7% 150",
        "spam 0 60 67% right 20 22% 10 11% 90",
        "ads 20 33% 0 40 67% right 0 60",
    ]
    assert texts(tuned)[3] == "ads 0 0 60 100% right 0 60"
    rows = texts(figures)
    assert rows[0] == "Score Label base tuned Difference"
    assert rows[1].startswith("Accuracy all 0.67 0.61 to 0.72 0.97 0.94 to 0.98 0.30 0.25 to 0.36")
    assert rows[3].startswith("Macro F1 all 0.68")
    assert [row.split()[:2] for row in rows[5:]] == [
        [score, label] for score in ("Precision", "Recall") for label in ("ham", "spam", "ads")
    ]


def test_no_label_is_counted_before_a_decision_has_read_the_scores(
    tmp_path: Path, reader: Client
) -> None:
    ran(label_desk(tmp_path))
    assert Score.objects.filter(parts__isnull=False).count() == 600
    page = answers_page(reader)
    assert "Which labels" not in page
    assert "outside" not in page


def test_confidences_are_drawn_as_a_reliability_curve(tmp_path: Path, reader: Client) -> None:
    """Of 300 answers the base says 90% of all and is right on two thirds; the tuned arm 95%, and is
    right on 290."""
    metric = {"name": "calibration_error", "confidence": "stated", "answer": "label: (.*?);"}
    desk = label_desk(tmp_path, metric)
    for arm, sure in (("base", "90%"), ("tuned", "0.95")):
        file = desk.folder / f"{arm}.mail.jsonl"
        text = re.sub(
            r'(label: )?(\w+)"}\n', rf'label: \2; confidence {sure}"}}\n', file.read_text()
        )
        file.write_text(text)
    run(["study", "run", str(desk.write())])
    page = answers_page(reader)
    assert "How sure answers were, and how often right" in page
    part = page.partition("How sure answers were")[2]
    assert "base: 67% right of 300 answers that were 90% sure, interval 61% to 72%" in part
    assert "tuned: 97% right of 300 answers that were 95% sure" in part
    curve, errors = part.split("<table")[1:3]
    assert texts(curve)[1] == "base, 0.80 to 0.90 300 0.900 0.667 0.610 to 0.720"
    assert texts(errors)[1] == "base 300 0.23 0.23 0.01"
    assert "Which labels" not in page


def test_reports_show_them_too(tmp_path: Path, reader: Client) -> None:
    """Of the study as it is exported, and of the files that `compare` reads."""
    desk = label_desk(tmp_path)
    run(["study", "run", str(desk.write())])
    page = tables(answers_page(reader))
    assert len(page) == 3
    study = " ".join(export_report(decision=Decision.objects.get(), by=None).split())
    assert tables(study) == page
    options = (f"{name}={json.dumps(METRIC[name])}" for name in ("score", "labels"))
    asked = ["--metric", "classification", "--extract", str(METRIC["extract"])]
    asked += [word for option in options for word in ("--option", option)]
    files = (str(desk.folder / f"{name}.jsonl") for name in ("base.mail", "tuned.mail", "mail"))
    base, tuned, items = files
    report = desk.folder / "report.html"
    compare = ["compare", base, tuned, "--test-set", items, *asked, "--report", str(report)]
    assert run(compare) == 0
    of_files = " ".join(report.read_text(encoding="utf-8").split())
    assert tables(of_files.replace(".mail", "")) == page


def tables(html: str) -> list[list[str]]:
    """The cells of the confusions and of the labels' scores."""
    part = html.partition("Which labels were confused")[2].partition("</details>")[0]
    return [texts(table) for table in part.split("<table")[1:]]


def test_a_report_of_invalid_evidence_shows_none(tmp_path: Path, reader: Client) -> None:
    run(["study", "run", str(label_desk(tmp_path, METRIC | {"labels": ["ham", "spam"]}).write())])
    assert "Which labels" not in export_report(decision=Decision.objects.get(), by=None)


def test_a_metric_of_single_answers_has_neither(tmp_path: Path, reader: Client) -> None:
    run(["study", "run", str(label_desk(tmp_path, {"name": "exact_match"}).write())])
    page = answers_page(reader)
    assert "Which labels" not in page
    assert "How sure answers were" not in page


def test_labels_are_those_of_the_study_s_metric(tmp_path: Path, reader: Client) -> None:
    run(["study", "run", str(label_desk(tmp_path, METRIC | {"labels": ["ham", "spam"]}).write())])
    assert "Invalid evidence shows no result" in answers_page(reader)
