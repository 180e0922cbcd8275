"""Was it blind? Everything that can be checked afterwards, as numbers and in words.

The document is canonical JSON, so that the same campaign gives the same SHA-256 whenever it is
asked for.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, cast

from evalhub.declare.review import Show
from evalhub.io.canonical import digest_of
from evalhub.io.tools import with_calls
from evalhub.registry.models import StudyArm
from reviews.audit.account_checks import accounts, identities
from reviews.audit.check import LEVEL, AuditCheck, Status, judge_checks, status_of
from reviews.audit.people_checks import control, gold, guesses, position, repeats
from reviews.audit.record_check import record_check
from reviews.audit.scan import Answers, Scan
from reviews.audit.side_checks import (
    balance,
    independence,
    sides_of_items,
    sides_of_seed,
    tokens,
    turns_dealt,
)
from reviews.audit.text_checks import artefacts, hidden_bytes, leaks, telling
from reviews.identifiability import AnswerPair, draw_items, tell
from reviews.models import Campaign, Guess, Pair, PairKind
from reviews.results.judgment_data import judgment_data
from reviews.results.looks import telling_when_sealed
from reviews.texts import display_text

SCHEMA = "evalhub.review-audit/2"
FALSE_ALARMS: dict[str, Any] = {
    "at_most": LEVEL,
    "method": "Holm's correction over all p-values of the audit, weighted",
    "simulated": {"fair_campaigns": 10_000, "called_for_a_look": 39, "interval": [0.0028, 0.0053]},
    "text_alone": {"fair_reviews": 24_000, "p_of_01_or_less": 151, "interval": [0.0053, 0.0074]},
}
"""How often the tests call for a look at a fair campaign (`tests/benchmarks/audit_rate.py`), and
how often text alone is said to tell arms that don't differ, before the correction
(`tests/benchmarks/telling_rate.py`); 95% intervals."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The document, its canonical text and that text's SHA-256."""

    checks: list[AuditCheck]
    events: list[dict[str, str]]
    text: str
    sha256: str

    @property
    def false_alarms(self) -> dict[str, Any]:
        return FALSE_ALARMS

    @property
    def unchanged(self) -> bool:
        """Whether the record is what was recorded; if it isn't, nothing else was tested."""
        return not any(check.key == "record" for check in self.attention)

    @property
    def attention(self) -> list[AuditCheck]:
        return self._with("attention")

    @property
    def not_established(self) -> list[AuditCheck]:
        return self._with("not established")

    @property
    def headline(self) -> str:
        """One sentence that counts the checks by their status."""
        look, passed = len(self.attention), len(self._with("pass"))
        return (
            f"{passed} check{'' if passed == 1 else 's'} passed, {len(self.not_established)} not "
            f"established, {look} call{'s' if look == 1 else ''} for a look"
        )

    def _with(self, status: Status) -> list[AuditCheck]:
        return [check for check in self.checks if check.status == status]


def audit(campaign: Campaign) -> Audit:
    """Every check of a campaign. A constant number of queries; texts are read one by one."""
    record = record_check(campaign)
    if record.status != "pass":
        return _document(campaign, [record], judgments=None)
    data, dealt, show = judgment_data(campaign), turns_dealt(campaign), campaign.page_form.show
    scan, texts = Scan(_names(campaign), show), hashlib.sha256()
    items = {pair.item for pair in data.pairs.values() if pair.kind == PairKind.MAIN}
    tell_result = tell(
        _pairs_as_shown(scan.passing(_texts(campaign, texts)), draw_items(items), show)
    )
    guessed = Guess.objects.filter(assignment__reviewer__campaign=campaign)
    checks = judge_checks(
        [
            record,
            _plan(campaign, texts.hexdigest()),
            sides_of_seed(campaign.seed, dealt),
            balance(dealt, data),
            independence(dealt, data),
            sides_of_items(dealt, data),
            leaks(scan),
            telling(tell_result, len(items), show, telling_when_sealed(campaign)),
            artefacts(scan, data),
            hidden_bytes(scan),
            tokens(dealt),
            control(data),
            position(data),
            repeats(data),
            gold(data),
            identities(campaign, data),
            accounts(campaign, data),
            guesses(guessed.values_list("side", "assignment__candidate_on_left")),
        ]
    )
    return _document(campaign, checks, judgments=len(data.judgments))


def _document(campaign: Campaign, checks: list[AuditCheck], *, judgments: int | None) -> Audit:
    """`judgments` is None where the record was changed: then there is no figure in it."""
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
        "seal": campaign.seal,
        "judgments": judgments,
        "show": campaign.page_form.show.as_json(),
        "false_alarms": FALSE_ALARMS,
        "checks": [asdict(check) for check in checks],
        "events": events,
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Audit(checks, events, text, hashlib.sha256(text.encode()).hexdigest())


def _plan(campaign: Campaign, texts: str) -> AuditCheck:
    same, same_texts = (
        digest_of(campaign.plan) == campaign.plan_hash,
        texts == campaign.plan["texts"],
    )
    return AuditCheck(
        "plan",
        "The sealed plan",
        "The plan and the texts that were shown are hashed again and compared with what was "
        "sealed before the first comparison was dealt.",
        ("The plan is the one that was sealed" if same else "The plan is NOT the one sealed")
        + ("; so are all texts." if same_texts else "; the texts are NOT those that were sealed."),
        status_of(True, same and same_texts),
        {"plan_hash": campaign.plan_hash, "plan_unchanged": same, "texts_unchanged": same_texts},
    )


def _texts(campaign: Campaign, digest: Any) -> Iterator[Answers]:
    """The answers of the main pairs; the digest is updated with all texts."""
    rows = (
        Pair.objects.filter(campaign=campaign)
        .order_by("position")
        .values_list("kind", "item__key", "item__cluster", "baseline_output__text",
                     "candidate_output__text", "baseline_output__run__version_id",
                     "candidate_output__run__version_id", "baseline_output__text_sha256",
                     "candidate_output__text_sha256", "baseline_output__tool_calls",
                     "candidate_output__tool_calls")
    )  # fmt: skip
    both = campaign.baseline_id, campaign.candidate_id
    rated: dict[str, dict[int, str]] = {}
    for kind, item, cluster, text, other, version, second, *more in rows.iterator(chunk_size=500):
        was, (calls, others) = more[:2], cast("list[Any]", more[2:])
        text = None if text is None else with_calls(text, calls)
        other = None if other is None else with_calls(other, others)
        for own_text, redacted in zip((text, other), was, strict=True):
            if own_text is not None:  # of what was redacted the digest is kept
                digest.update((redacted or hashlib.sha256(own_text.encode()).hexdigest()).encode())
        if kind == PairKind.MAIN and second is not None:
            yield Answers(item, text or "", other or "", cluster, (version, second) == both)
        elif kind == PairKind.MAIN and version in both:
            own = rated.setdefault(item, {})
            own[version] = text or ""
            if len(own) == 2:
                del rated[item]
                yield Answers(item, own[both[0]], own[both[1]], cluster)


def _pairs_as_shown(
    rows: Iterable[Answers], items: Collection[str], show: Show
) -> Iterator[AnswerPair]:
    """The baseline's and the candidate's answers to these items as they were shown."""
    for row in rows:
        if row.arms and row.item in items:
            yield AnswerPair(
                row.item,
                row.cluster,
                display_text(row.baseline, show),
                display_text(row.candidate, show),
            )


def _names(campaign: Campaign) -> list[str]:
    versions = [campaign.baseline_id, campaign.candidate_id]
    arms = StudyArm.objects.filter(study=campaign.study_id, version__in=versions)
    models = (campaign.baseline.model.slug, campaign.candidate.model.slug)
    return sorted({*arms.values_list("name", flat=True), *models})
