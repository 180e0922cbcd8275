"""Confusions and reliability curves in Chromium: by keyboard, on a phone, in the dark, by axe."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.features.exporters.report import export_report
from evalhub.ledger.models import Decision
from evalhub.registry.models import Study
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.studies.label_desk import METRIC, label_desk

pytestmark = [pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]

SURE = {"name": "calibration_error", "confidence": "stated", "answer": "label: (.*?);"}


@pytest.mark.parametrize(
    ("metric", "heading"),
    [(METRIC, "Which labels were confused"), (SURE, "How sure answers were, and how often right")],
    ids=["labels", "confidences"],
)
def test_what_all_answers_have_together_is_read_on_any_screen(
    opens: Opens,
    axe: Callable[[Page], None],
    tmp_path: Path,
    metric: dict[str, Any],
    heading: str,
) -> None:
    desk = label_desk(tmp_path, metric)
    if metric is SURE:
        for arm, sure in (("base", "90%"), ("tuned", "0.95")):
            file = desk.folder / f"{arm}.mail.jsonl"
            said = rf'label: \2; confidence {sure}"}}\n'
            file.write_text(re.sub(r'(label: )?(\w+)"}\n', said, file.read_text()))
    run(["study", "run", str(desk.write())])
    opal = User.objects.create_superuser("opal")
    address = reverse("site:study", args=[Study.objects.get().pk]) + "?tab=answers"
    report = tmp_path / "report.html"
    report.write_text(export_report(decision=Decision.objects.get(), by=None), encoding="utf-8")
    for way in WAYS:
        page = opens(opal, address, **way)
        page.locator("summary", has_text=heading).press("Enter")
        expect(page.locator("details[open] table").last).to_be_visible()
        assert not overflows(page)
        axe(page)
        page.goto(report.as_uri())
        page.locator("summary", has_text=heading).press("Enter")
        expect(page.locator("details[open] table").last).to_be_visible()
        assert not overflows(page)
        axe(page)
