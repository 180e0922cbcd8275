"""Browse single judgments with their reasons, by filters.

Until an owner has the models named, nothing here tells a pair's arms apart: its answers are A and
B, in an order that is drawn for each pair and has nothing to do with arm or side, and no filter
asks for an arm.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from evalhub.registry.models import ModelVersion, StudyArm
from reviews.blinding import draw
from reviews.models import RATED, AssignmentPurpose, Campaign, Pair, PairKind
from reviews.results.ended import check_ended
from reviews.results.judgment_data import JudgedPair, JudgmentData, JudgmentRow, judgment_data
from reviews.results.reviewer_quality import too_fast

LONGEST = 200
ARMS = ("baseline", "candidate")
NOTES: dict[str, str] = {
    AssignmentPurpose.REPEAT: "the same pair again, sides swapped",
    AssignmentPurpose.ADJUDICATION: "decides the disagreement",
}
VOTES = {"one": "one answer", "much": "one, much better", "tie": "a tie", "both-bad": "both bad"}
AGREEMENT = {
    "opposed": "some preferred the one, some the other",
    "differ": "not all said the same",
    "same": "all said the same",
}
REASON = {"yes": "with a reason", "no": "without a reason"}


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of an address; empty where it doesn't set one."""

    text: str = ""
    vote: str = ""
    agreement: str = ""
    reviewer: str = ""
    flag: str = ""
    reason: str = ""
    tag: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        names = [each.name for each in fields(cls)]
        values = {name: query.get(name, "").replace("\0", "").strip()[:LONGEST] for name in names}
        return cls(**values)

    @property
    def query(self) -> str:
        return urlencode({name: value for name, value in asdict(self).items() if value})


class ShownJudgment(NamedTuple):
    """A judgment as the page shows it; `found`: whether it matches the filters.

    `left` is the label of the answer that stood on the left, which a reason may speak of.
    """

    reviewer: str
    vote: str
    left: str
    answers: list[tuple[str, str]]
    flags: list[tuple[str, str]]
    rationale: str
    note: str
    fast: bool
    found: bool


class Browsed(NamedTuple):
    """A pair with its judgments. `labels` are in the order in which its answers are shown, which
    `arms` gives as "baseline" and "candidate"."""

    pair: JudgedPair
    arms: tuple[str, ...]
    labels: tuple[str, ...]
    said: list[ShownJudgment]


@dataclass(frozen=True, slots=True)
class Browsing:
    """The pairs with a matching judgment, and the values that filters may have.

    Each choice is (its value in an address, its label).
    """

    sought: Filters
    pairs: list[Browsed]
    judgments: int
    votes: list[tuple[str, str]]
    reviewers: list[str]
    flags: list[str]
    tags: list[str]
    compared: bool


def browse(campaign: Campaign, filters: Filters) -> Browsing:
    """The judgments of a campaign that has ended. A constant number of queries.

    Raises StillBlindError, TamperedError.
    """
    check_ended(campaign)
    data = judgment_data(campaign, rationales=True)
    names = _names(campaign, data) if campaign.unblinded is not None else {}
    people = {pk: f"r{i}" for i, pk in enumerate(data.reviewers, 1)}
    by_pair: dict[int, list[JudgmentRow]] = {}
    for judgment in data.judgments:
        if judgment.pair.kind != PairKind.PRACTICE:
            by_pair.setdefault(judgment.pair.pk, []).append(judgment)
    with_text = _with_text(campaign, filters.text) if filters.text else set()
    dimensions = {each.name: each.question for each in campaign.page_form.dimensions}
    pairs, judgments = [], 0
    for pair in data.pairs.values():
        own = by_pair.get(pair.pk, [])
        if not own or not _agreement(own, filters.agreement):
            continue
        matches = [
            _matches(judgment, filters, people, names, in_text=pair.pk in with_text)
            for judgment in own
        ]
        if any(matches):
            judgments += sum(matches)
            pairs.append(_browse_pair(campaign, pair, own, matches, people, names, dimensions))
    rows = [each for rows_of_pair in by_pair.values() for each in rows_of_pair]
    return Browsing(
        sought=filters,
        pairs=pairs,
        judgments=judgments,
        votes=[*VOTES.items(), *((f"v{pk}", name) for pk, name in names.items())],
        reviewers=list(people.values()),
        flags=sorted({flag for each in rows for own in each.flags.values() for flag in own}),
        tags=sorted({tag for each in data.pairs.values() for tag in each.tags}),
        compared=any(each.favours != RATED for each in rows),
    )


def _names(campaign: Campaign, data: JudgmentData) -> dict[int, str]:
    """By version: the study's name for it, else its own."""
    version_names = {
        pk
        for pair in data.pairs.values()
        for pk in (pair.baseline_version, pair.candidate_version)
        if pk is not None
    }
    versions = (
        ModelVersion.objects.select_related("model").filter(pk__in=version_names).order_by("pk")
    )
    names = {each.pk: str(each) for each in versions}
    arms = StudyArm.objects.filter(study=campaign.study_id, version__in=version_names)
    return names | dict(arms.values_list("version_id", "name"))


def _with_text(campaign: Campaign, text: str) -> set[int]:
    """The pairs whose item or answers hold the text; SQLite keeps an input's letters escaped."""
    escaped = json.dumps(text)[1:-1]
    pairs = Pair.objects.filter(campaign=campaign).annotate(
        input=Cast("item__input", TextField()), context=Cast("item__context", TextField())
    )
    anywhere = (
        Q(item__key__icontains=text)
        | Q(baseline_output__text__icontains=text)
        | Q(candidate_output__text__icontains=text)
    )
    for spelling in {text, escaped}:
        anywhere |= Q(input__icontains=spelling) | Q(context__icontains=spelling)
    return set(pairs.filter(anywhere).values_list("pk", flat=True))


def _agreement(judgments: Iterable[JudgmentRow], wanted: str) -> bool:
    if wanted not in AGREEMENT:
        return True
    votes = [each.favours for each in judgments if each.purpose == AssignmentPurpose.MAIN]
    if wanted == "same":
        return len(votes) > 1 and len(set(votes)) == 1
    return set(ARMS) <= set(votes) if wanted == "opposed" else len(set(votes)) > 1


def _matches(
    judgment: JudgmentRow,
    filters: Filters,
    people: Mapping[int, str],
    names: Mapping[int, str],
    *,
    in_text: bool,
) -> bool:
    flags = {flag for side_flags in judgment.flags.values() for flag in side_flags}
    return (
        _matches_vote(judgment, filters.vote, names)
        and filters.reviewer in ("", people[judgment.reviewer])
        and (not filters.flag or filters.flag in flags)
        and (filters.reason not in REASON or bool(judgment.rationale) == (filters.reason == "yes"))
        and (not filters.tag or filters.tag in judgment.pair.tags)
        and (
            not filters.text or in_text or filters.text.casefold() in judgment.rationale.casefold()
        )
    )


def _matches_vote(judgment: JudgmentRow, vote: str, names: Mapping[int, str]) -> bool:
    """Whether a judgment matches the vote filter; one by version only where versions are named."""
    if vote in ("one", "much"):
        return judgment.favours in ARMS and (judgment.much or vote == "one")
    if vote in VOTES:
        return judgment.favours == vote
    versions = {
        "candidate": judgment.pair.candidate_version,
        "baseline": judgment.pair.baseline_version,
    }
    choices = {f"v{pk}" for pk in names}
    return vote not in choices or vote == f"v{versions.get(judgment.favours)}"


def _browse_pair(
    campaign: Campaign,
    pair: JudgedPair,
    own: Iterable[JudgmentRow],
    matches: Iterable[bool],
    people: Mapping[int, str],
    names: Mapping[int, str],
    dimensions: Mapping[str, str],
) -> Browsed:
    labels = _labels(campaign, pair, names)

    def read(judgment: JudgmentRow, wanted: bool) -> ShownJudgment:
        left = "candidate" if judgment.candidate_side == "left" else "baseline"
        return ShownJudgment(
            reviewer=people[judgment.reviewer],
            vote=_vote(judgment, labels),
            left=labels.get(left, "") if len(labels) > 1 else "",
            answers=[
                (dimensions.get(name, name), labels.get(str(value), str(value).replace("-", " ")))
                for name, value in judgment.answers.items()
            ],
            flags=[
                (labels.get(arm, "The answer"), flag)
                for arm in (*labels, "answer")
                for flag in judgment.flags.get(arm, ())
            ],
            rationale=judgment.rationale,
            note=NOTES.get(judgment.purpose, ""),
            fast=too_fast(judgment),
            found=wanted,
        )

    judgments = [read(each, wanted) for each, wanted in zip(own, matches, strict=True)]
    return Browsed(pair, tuple(labels), tuple(labels.values()), judgments)


def _labels(campaign: Campaign, pair: JudgedPair, names: Mapping[int, str]) -> dict[str, str]:
    """By arm what its answer is called, in the order in which the answers are shown."""
    if pair.candidate_version is None:
        return {"baseline": names.get(pair.baseline_version, "The answer")}
    if not names:
        first = draw(campaign.seed, "browsed", pair.position) % 2
        return {ARMS[first]: "Answer A", ARMS[1 - first]: "Answer B"}
    versions = pair.baseline_version, pair.candidate_version
    if versions[0] == versions[1]:
        return {arm: f"{names[versions[0]]}, {i}" for i, arm in enumerate(ARMS, 1)}
    return {arm: names[version] for arm, version in zip(ARMS, versions, strict=True)}


def _vote(judgment: JudgmentRow, labels: Mapping[str, str]) -> str:
    if judgment.favours == RATED:
        return "rated"
    if judgment.favours in labels:
        return f"{labels[judgment.favours]} is {'much ' if judgment.much else ''}better"
    return {"tie": "a tie", "both-bad": "both bad"}[judgment.favours]
