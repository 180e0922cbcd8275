"""Was it blind? Everything that can be checked afterwards, as numbers and in words.

The document is canonical JSON, so that the same campaign gives the same SHA-256 whenever it is
asked for.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from evalhub.files.canonical import digest_of
from evalhub.registry.models import StudyArm
from reviews.audit.check import LEVEL, Check, judged, status_of
from reviews.audit.leaks import Scan
from reviews.audit.people_checks import control, gold, guesses, position, repeats
from reviews.audit.side_checks import (
    balance,
    dealt_turns,
    independence,
    sides_of_items,
    sides_of_seed,
    tokens,
)
from reviews.audit.text_checks import artefacts, leaks
from reviews.models import Campaign, Guess, Pair, PairKind
from reviews.results.judgment_data import judgment_data

SCHEMA = "evalhub.review-audit/1"
FALSE_ALARMS: dict[str, Any] = {
    "at_most": LEVEL,
    "method": "Holm's correction over all p-values of the audit, weighted",
    "simulated": {"fair_campaigns": 10_000, "called_for_a_look": 30},
}
"""How often the tests call for a look at a fair campaign (`tests/benchmarks/audit_rate.py`)."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The document, its canonical text and that text's SHA-256."""

    checks: list[Check]
    events: list[dict[str, str]]
    text: str
    sha256: str

    @property
    def false_alarms(self) -> dict[str, Any]:
        return FALSE_ALARMS

    @property
    def attention(self) -> list[Check]:
        return [check for check in self.checks if check.status == "attention"]


def audit(campaign: Campaign) -> Audit:
    """Every check of a campaign. A constant number of queries; texts are read one by one."""
    found, dealt, scan = judgment_data(campaign), dealt_turns(campaign), Scan(_names(campaign))
    texts = hashlib.sha256()
    scan.read(_texts(campaign, texts))
    guessed = Guess.objects.filter(assignment__reviewer__campaign=campaign)
    checks = judged(
        [
            _plan(campaign, texts.hexdigest()),
            sides_of_seed(campaign.seed, dealt),
            balance(dealt, found),
            independence(dealt, found),
            sides_of_items(dealt, found),
            leaks(scan),
            *artefacts(scan, found),
            tokens(dealt),
            control(found),
            position(found),
            repeats(found),
            gold(found),
            guesses(guessed.values_list("side", "assignment__candidate_on_left")),
        ]
    )
    events = [
        {"kind": kind, "by": by or "the site", "at": at.isoformat()}
        for kind, by, at in campaign.events.order_by("pk").values_list(
            "kind", "by__username", "created"
        )
    ]
    document = {
        "schema": SCHEMA,
        "campaign": campaign.pk,
        "plan_hash": campaign.plan_hash,
        "judgments": len(found.judgments),
        "false_alarms": FALSE_ALARMS,
        "checks": [asdict(check) for check in checks],
        "events": events,
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Audit(checks, events, text, hashlib.sha256(text.encode()).hexdigest())


def _plan(campaign: Campaign, texts: str) -> Check:
    same, words = digest_of(campaign.plan) == campaign.plan_hash, texts == campaign.plan["texts"]
    return Check(
        "plan",
        "The sealed plan",
        "The plan and the texts that were shown are hashed again and compared with what was "
        "sealed before the first comparison was dealt.",
        ("The plan is the one that was sealed" if same else "The plan is NOT the one sealed")
        + ("; so are all texts." if words else "; the texts are NOT those that were sealed."),
        status_of(True, same and words),
        {"plan_hash": campaign.plan_hash, "plan_unchanged": same, "texts_unchanged": words},
    )


def _texts(campaign: Campaign, digest: Any) -> Iterator[tuple[str, str, str]]:
    """(item, baseline's text, candidate's text) of main pairs; all texts go into the digest."""
    rows = (
        Pair.objects.filter(campaign=campaign)
        .order_by("position")
        .values_list("kind", "item__key", "baseline_output__text", "candidate_output__text",
                     "candidate_output")
    )  # fmt: skip
    for kind, item, baseline, candidate, second in rows.iterator(chunk_size=500):
        for text in (baseline, candidate) if second is not None else (baseline,):
            digest.update(hashlib.sha256(str(text).encode()).hexdigest().encode())
        if kind == PairKind.MAIN:
            yield item, baseline or "", candidate or ""


def _names(campaign: Campaign) -> list[str]:
    versions = [campaign.baseline_id, campaign.candidate_id]
    arms = StudyArm.objects.filter(study=campaign.study_id, version__in=versions)
    models = (campaign.baseline.model.slug, campaign.candidate.model.slug)
    return sorted({*arms.values_list("name", flat=True), *models})
