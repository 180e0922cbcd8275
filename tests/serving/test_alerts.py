"""The alert rules and the documented metrics are those that /metrics has."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES = yaml.safe_load((DOCS / "how-to/alerts.yml").read_text(encoding="utf-8"))
PAGE = (DOCS / "reference/site-metrics.md").read_text(encoding="utf-8")
OF_THE_QUEUE = {"evalhub_queue_answers", "evalhub_queue_messages"}
"""Only of a site with Redis: tests/serving/test_workers_seen.py reads them there."""
DURATION = re.compile(r"\d+[smhd]")
ALL_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]


def series(text: str) -> dict[str, set[str]]:
    """The labels of each metric of an exposition by the name that a query has for it."""
    names: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(evalhub_\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        names.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return names


@pytest.fixture
def exposed(db: None) -> str:
    return Client().get("/metrics").content.decode()


def test_the_rules_are_well_formed() -> None:
    assert set(RULES) == {"groups"}
    for group in RULES["groups"]:
        assert set(group) == {"name", "rules"}
    names = [rule["alert"] for rule in ALL_RULES]
    assert len(names) == len(set(names)) >= 8
    for rule in ALL_RULES:
        assert {"alert", "expr", "labels", "annotations"} <= set(rule), rule
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z]\w+", rule["alert"])
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert DURATION.fullmatch(rule.get("for", "0s"))
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert all(DURATION.fullmatch(each) for each in re.findall(r"\[(.*?)\]", rule["expr"]))


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule["alert"])
def test_a_rule_names_metrics_and_labels_that_there_are(rule: dict[str, Any], exposed: str) -> None:
    there, used = series(exposed), set(re.findall(r"evalhub_\w+(?![\"\w])", rule["expr"]))
    names = {name for name in used if f'"{name}"' not in rule["expr"]}
    assert names <= set(there) | OF_THE_QUEUE
    if rule["alert"] != "EvalhubSiteDown":
        assert names
    for name, labels in re.findall(r"(evalhub_\w+)\{(.*?)\}", rule["expr"]):
        for label, value in re.findall(r'(\w+)="(.*?)"', labels):
            assert label in there[name]
            assert f'{label}="{value}"' in exposed
    told = " ".join(rule["annotations"].values())
    for label in re.findall(r"\$labels\.(\w+)", told):
        assert label == "instance" or any(label in there[name] for name in names)


def test_every_metric_is_documented_and_every_documented_one_is_there(exposed: str) -> None:
    rows = re.findall(r"^\| (`evalhub_.*?) \|", PAGE, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(evalhub_\w+)`", row)}
    there = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for name in series(exposed)
        if not name.endswith("_created")
    }
    assert documented == there | OF_THE_QUEUE
