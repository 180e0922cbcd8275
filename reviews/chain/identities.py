"""Who judged, and who answers for each reviewer being a person of their own.

An account that a link made may have been opened by whoever made the link. Its judgments are a
person's where somebody else answers for that: a mailbox, an identity provider, the operator, or an
owner who names them. While a review goes on that is looked up; its seal keeps it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db.models import Q

from evalhub.accounts.models import Membership, Provenance, ResultsSeen, Role, User
from evalhub.accounts.whose import mailbox
from evalhub.declare.identities import Ground
from reviews.models import Campaign, EventKind, Invitation, Reviewer


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose judgments a reviewer's are.

    Attributes:
        reviewer: the reviewer's number.
        key: their pseudonym.
        ground: who answers for them.
        person: the pseudonym of the first reviewer who reads the same mailbox: their own, unless
            one person has several accounts.
        address: a mail address of an account that a link made; empty for any other.
        link_by: the number of whoever made that link; None for any other.
    """

    reviewer: int
    key: str
    ground: Ground
    person: str
    address: str = ""
    link_by: int | None = None

    @property
    def confirmed(self) -> bool:
        return self.ground != "unknown"


def identities(campaign: Campaign) -> dict[int, Identity]:
    """By a reviewer's number who they are, in the order in which they came. Eleven queries at most.

    As the seal has it; of a review that goes on, or was sealed before seals said so, as it is now.
    """
    now = _as_it_is(campaign)
    sealed = (campaign.sealed_as or {}).get("reviewers", {})
    return {
        pk: replace(person, **identity)
        if (identity := sealed.get(person.key, {}).get("identity"))
        else person
        for pk, person in now.items()
    }


def identity_in_seal(identity: Identity) -> dict[str, str]:
    """The part of an identity that goes into the seal: no name and no address."""
    return {"ground": identity.ground, "person": identity.person}


def _as_it_is(campaign: Campaign) -> dict[int, Identity]:
    people = list(
        Reviewer.objects.filter(campaign=campaign)
        .select_related("user__provenance")
        .only("key", "campaign_id", "user__username", "user__email", "user__provenance")
        .order_by("pk")
    )
    users = {each.user_id for each in people}
    boxes = _mailboxes(each.user for each in people)
    reads_answers = _mailboxes(_who_read_answers(campaign))
    persons = _persons(people, boxes)
    grounds = _Grounds(campaign, users)
    identities_by_pk = {}
    for person in people:
        provenance = _provenance(person.user)
        ground = grounds.of(person, provenance)
        others = (own for pk, own in reads_answers.items() if pk != person.user_id)
        if provenance is not None and any(boxes[person.user_id] & own for own in others):
            ground = "unknown"  # whoever reads this mailbox can read the answers
        identities_by_pk[person.pk] = Identity(
            person.pk,
            person.key,
            ground,
            persons[person.pk],
            address=(person.user.email or person.user.username) if provenance else "",
            link_by=provenance.by_id if provenance else None,
        )
    return identities_by_pk


class _Grounds:
    """Decides on what ground each reviewer counts as a confirmed person; reads its data once."""

    def __init__(self, campaign: Campaign, users: Collection[int]) -> None:
        self.project = campaign.project_id
        events = list(
            campaign.events.filter(kind__in=[EventKind.OPENED, EventKind.VOUCHED]).values_list(
                "kind", "by", "detail"
            )
        )
        self.openers = {by for kind, by, _ in events if kind == EventKind.OPENED}
        self.vouched: dict[str, set[int | None]] = defaultdict(set)
        for kind, by, detail in events:
            if kind == EventKind.VOUCHED:
                self.vouched[detail["reviewer"]].add(by)
        owners = Membership.objects.filter(project=self.project, role=Role.OWNER)
        self.owners = set(owners.filter(user__is_active=True).values_list("user", flat=True))
        invitations = Invitation.objects.filter(
            campaign=campaign, by_owner=True, reviewer__isnull=False
        )
        self.named_by = dict(invitations.values_list("reviewer", "by"))
        self.by_provider = _users_of(SocialAccount.objects.filter(user__in=users))
        self.by_mail = _users_of(EmailAddress.objects.filter(user__in=users, verified=True))

    def of(self, reviewer: Reviewer, provenance: Provenance | None) -> Ground:
        user = reviewer.user_id
        if user in self.by_provider:
            return "provider"
        if provenance is None:
            return "operator"
        if (provenance.confirmed and provenance.confirmed_by_id is None) or user in self.by_mail:
            return "mail"
        if self.vouched[reviewer.key] - {provenance.by_id} or self._is_confirmed_here(provenance):
            return "vouched"
        namers = {self.named_by[reviewer.pk]} if reviewer.pk in self.named_by else set()
        if provenance.by_owner and provenance.project_id == self.project:
            namers.add(provenance.by_id)
        return self._ground_by(namers)

    def _is_confirmed_here(self, provenance: Provenance) -> bool:
        """By an owner of this project, other than who made the link."""
        by = provenance.confirmed_by_id
        return provenance.project_id == self.project and by is not None and by != provenance.by_id

    def _ground_by(self, by: set[int]) -> Ground:
        """Of a person whom these owners named: one who didn't ask for the comparison answers for
        them; one who did, only where no other owner could."""
        if any(self.openers and self.openers.isdisjoint({each, None}) for each in by):
            return "owner"
        return "maker" if any(not self.owners - {each} for each in by) else "unknown"


def _provenance(user: User) -> Provenance | None:
    return getattr(user, "provenance", None)


def _users_of(rows: Any) -> set[int]:
    return set(rows.values_list("user", flat=True))


def _who_read_answers(campaign: Campaign) -> "Iterable[User]":
    """Members who can read the answers, or could once."""
    members = Membership.objects.filter(project=campaign.project_id).exclude(role=Role.REVIEWER)
    seen = ResultsSeen.objects.filter(project=campaign.project_id)
    return User.objects.filter(
        Q(pk__in=members.values("user")) | Q(pk__in=seen.values("user"))
    ).only("username", "email")


def _mailboxes(users: Iterable[User]) -> dict[int, set[str]]:
    """By the user's number, the mailboxes that they read, as far as the site knows."""
    names = {each.pk: {each.email, each.username} for each in users}
    confirmed = EmailAddress.objects.filter(user__in=names, verified=True)
    for user, address in confirmed.values_list("user", "email"):
        names[user].add(address)
    at_provider = SocialAccount.objects.filter(user__in=names)
    for user, extra in at_provider.values_list("user", "extra_data"):
        names[user].update(_addresses(extra))
    return {pk: {mailbox(each) for each in own if "@" in each} for pk, own in names.items()}


def _addresses(extra: Any) -> set[str]:
    """The mail addresses that an identity provider told of a person, wherever they stand."""
    parts = [extra, *(extra.get(name) for name in ("userinfo", "id_token"))] if extra else []
    addresses = (each.get("email") for each in parts if isinstance(each, dict))
    return {each for each in addresses if isinstance(each, str)}


def _persons(people: list[Reviewer], boxes: dict[int, set[str]]) -> dict[int, str]:
    """By the reviewer's number, the pseudonym of the first who shares a mailbox with them."""
    first: dict[str, str] = {}
    persons = {}
    for person in people:
        shared = [first[box] for box in sorted(boxes[person.user_id]) if box in first]
        persons[person.pk] = shared[0] if shared else person.key
        for box in boxes[person.user_id]:
            first.setdefault(box, persons[person.pk])
    return persons
