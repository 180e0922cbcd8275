"""Verifies a review's record: every hash chain is recomputed before anything is shown."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import batched
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from evalhub.io.canonical import digest_of
from reviews.chain.append import lock_record
from reviews.chain.links import (
    EVENTS,
    SealedJudgment,
    SealedTurn,
    after,
    at,
    event_link,
    guess_link,
    judgment_link,
    start,
    undo_link,
)
from reviews.chain.seal import exposure_links, pairs_digest
from reviews.errors import TamperedError
from reviews.models import (
    Assignment,
    AssignmentPurpose,
    AssignmentState,
    Campaign,
    EventKind,
    Guess,
    Judgment,
    Pair,
    Reviewer,
    Undo,
)

type Link = dict[str, Any]
type Links = dict[int, list[Link]]
"""{reviewer: the links of all that they have said, by their places}; each has its "place"."""

_AT_ONCE = 2000
"""Turns of which what was said is read by one query."""
_JUDGMENT = tuple(column.name for column in fields(SealedJudgment))
_PLACED = ("assignment", "place")


class _Turn(NamedTuple):
    pk: int
    reviewer: int
    token: UUID
    pair: int
    purpose: str
    repeats: int | None
    turn: int
    candidate_on_left: bool
    state: str


type Turns = dict[int, _Turn]


@dataclass(frozen=True, slots=True)
class Verified:
    """A campaign's chains as its rows give them, and in `faults` what doesn't match the heads.

    `heads` are each reviewer's, by pseudonym, from the start on: the last is the newest.
    """

    heads: dict[str, list[str]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def knows(self, head: str, campaign: Campaign) -> bool:
        """Whether a head is the campaign's seal, or was the head of one of its chains."""
        every = (self.events, *self.heads.values())
        return head == campaign.seal or any(head in passed for passed in every)


def check_unchanged(campaign: Campaign) -> None:
    """Raises TamperedError, which says what doesn't match, where the record was changed."""
    if faults := verify(campaign).faults:
        raise TamperedError(faults)


def verify(campaign: Campaign) -> Verified:
    """Follows every chain of a campaign again, by three queries for each 2,000 turns.

    It finds what was changed, removed, added or re-timed without the heads, and what doesn't
    agree with itself. Who changes the heads as well is found by a head that left the database.
    """
    verified = _follow(campaign)
    if verified.faults:  # or a row was added between two queries: once more while nobody can
        with transaction.atomic():
            lock_record(campaign)
            verified = _follow(campaign)
    return verified


def _follow(stale: Campaign) -> Verified:
    verified, campaign = Verified(), Campaign.objects.get(pk=stale.pk)
    if digest_of(campaign.plan) != campaign.plan_hash:
        verified.faults.append("The plan isn't the one that was sealed.")
    people = list(campaign.reviewers.order_by("pk"))
    turns = _turns_of(people)
    links = _links(campaign, turns)
    at_fault = _follow_reviewers(campaign, people, links, verified)
    _compare_with_turns(turns, links, verified)
    _follow_events(campaign, verified)
    if campaign.seal or campaign.sealed or campaign.sealed_as:
        _compare_with_seal(campaign, people, links, at_fault, verified)
    return verified


def _follow_reviewers(
    campaign: Campaign, people: list[Reviewer], links: Links, verified: Verified
) -> set[str]:
    """Follow each reviewer's chain; returns the pseudonyms of those with a fault."""
    at_fault = set()
    for person in people:
        key, many, own = person.key, person.links, links.get(person.pk, [])
        passed = verified.heads[key] = [start(campaign.plan_hash, key)]
        for link in own:
            passed.append(after(passed[-1], {k: v for k, v in link.items() if k != "place"}))
        if [link["place"] for link in own] != list(range(many)):
            verified.faults.append(
                f"Of reviewer {key} there are {len(own)} rows where {many} were recorded, or "
                "they aren't in their places: some were removed or added."
            )
        elif passed[-1] != person.head:
            verified.faults.append(
                f"What reviewer {key} said doesn't lead to the head that was recorded with it: "
                "a judgment was changed or re-timed, or a turn was."
            )
        else:
            continue
        at_fault.add(key)
    return at_fault


def _compare_with_turns(turns: Turns, links: Links, verified: Verified) -> None:
    """Check that the judgments' rows and the turns' states agree."""
    standing: dict[str, bool] = {}
    for own in links.values():
        for link in own:
            if link["what"] != "guess":
                standing[link["token"]] = link["what"] == "judgment"
    answered = (each for each in turns.values() if each.state == AssignmentState.DONE)
    by_state = {str(each.token) for each in answered}
    if by_state != {token for token, stands in standing.items() if stands}:
        verified.faults.append(
            "Turns are marked as answered whose judgment was taken back or isn't there, or the "
            "other way round."
        )


def _follow_events(campaign: Campaign, verified: Verified) -> None:
    rows = list(campaign.events.order_by("pk").values_list("kind", "by_id", "detail", "created"))
    verified.events.append(start(campaign.plan_hash, EVENTS))
    for kind, by, detail, created in rows:
        link = event_link(kind=kind, by=by, detail=detail, created=created)
        verified.events.append(after(verified.events[-1], link))
    if verified.events[-1] != (campaign.events_head or verified.events[0]):
        verified.faults.append(
            "What was done to the review was changed: an event is not as it was."
        )
    kinds = {kind for kind, *_ in rows}
    if (campaign.unblinded is not None) != (EventKind.UNBLINDED in kinds):
        verified.faults.append(
            "The models were named, and the review is marked as if they weren't."
            if campaign.unblinded is None
            else "The models are marked as named, and there is no record of who had them named."
        )
    sealed = [detail.get("seal") for kind, _, detail, _ in rows if kind == EventKind.SEALED]
    if sealed != ([campaign.seal] if campaign.seal else []):
        verified.faults.append("The seal isn't the one that was recorded.")


def _compare_with_seal(
    campaign: Campaign, people: list[Reviewer], links: Links, at_fault: set[str], verified: Verified
) -> None:
    """Compare the chains with the seal, without the reviewers `at_fault` already."""
    sealed = campaign.sealed_as or {}
    if digest_of(sealed) != campaign.seal or campaign.sealed is None:
        verified.faults.append("The seal isn't the digest of what was sealed.")
        return
    if at(campaign.sealed) != sealed["sealed"]:
        verified.faults.append("The time of the seal was changed.")
    for key, chain in sealed["reviewers"].items():
        passed = verified.heads.get(key, [])
        if key not in at_fault and passed[chain["links"] : chain["links"] + 1] != [chain["head"]]:
            verified.faults.append(f"What reviewer {key} said isn't what was sealed.")
    later = {
        link["purpose"]
        for person in people
        for link in links.get(person.pk, [])[
            sealed["reviewers"].get(person.key, {"links": 0})["links"] :
        ]
        if link["what"] == "judgment"
    }
    if later - {AssignmentPurpose.ADJUDICATION}:
        verified.faults.append("There are judgments from after the seal.")
    events = sealed["events"]
    if verified.events[events["links"] : events["links"] + 1] != [events["head"]]:
        verified.faults.append("What was done to the review before its seal isn't what was sealed.")
    exposures = exposure_links(campaign.project_id)[: sealed["exposures"]["rows"]]
    if digest_of(exposures) != sealed["exposures"]["digest"]:
        verified.faults.append("Who had seen results before the seal isn't what was sealed.")
    if pairs_digest(campaign) != sealed["pairs"]:
        verified.faults.append("The pairs that were compared aren't those that were sealed.")


def _turns_of(people: list[Reviewer]) -> Turns:
    rows = Assignment.objects.filter(reviewer__in=[each.pk for each in people]).order_by()
    return {each.pk: each for each in (_Turn(*row) for row in rows.values_list(*_Turn._fields))}


def _links(campaign: Campaign, turns: Turns) -> Links:
    """Read without a join or an order, which PostgreSQL without statistics takes for a reason to
    go through all turns for each judgment."""
    positions = dict(
        Pair.objects.filter(campaign=campaign).order_by().values_list("pk", "position")
    )
    own: Links = defaultdict(list)
    for some in batched(turns, _AT_ONCE):
        for turn, position, link in _links_of(some, turns, positions):
            own[turns[turn].reviewer].append(link | {"place": position})
    for links in own.values():
        links.sort(key=lambda link: (link["place"], link["what"]))
    return own


def _links_of(
    some: tuple[int, ...], turns: Turns, positions: dict[int, int]
) -> Iterator[tuple[int, int, Link]]:
    """(turn, position in the chain, link) of all judgments, undos and guesses of some turns."""
    judgments, undos, guesses = (
        model.objects.filter(assignment__in=some).order_by() for model in (Judgment, Undo, Guess)
    )
    for pk, position, *values in judgments.values_list(*_PLACED, *_JUDGMENT):
        row = turns[pk]
        earlier = turns.get(row.repeats) if row.repeats else None
        turn = SealedTurn(
            token=row.token,
            position=positions.get(row.pair, -1),
            purpose=row.purpose,
            repeats=earlier and earlier.token,
            turn=row.turn,
            candidate_on_left=row.candidate_on_left,
        )
        yield pk, position, judgment_link(turn, SealedJudgment(*values))
    for pk, position, revision, created in undos.values_list(*_PLACED, "revision", "created"):
        link = undo_link(token=turns[pk].token, revision=revision, created=created)
        yield pk, position, link
    for pk, position, side, created in guesses.values_list(*_PLACED, "side", "created"):
        yield pk, position, guess_link(token=turns[pk].token, side=side, created=created)
