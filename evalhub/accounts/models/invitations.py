"""Invitations, and the accounts that they made."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from evalhub.accounts.models.people import Project, Role, User


class InvitationQuerySet[M: models.Model](models.QuerySet[M]):
    def unanswered(self) -> Self:
        return self.filter(used=None, declined=None)

    def open(self) -> Self:
        """Those that can still be accepted."""
        return self.unanswered().filter(expires__gt=timezone.now())

    def waiting_for(self, user: User) -> Self:
        """Invitations that wait in this person's own list."""
        return self.open().filter(account=user, account__is_active=True)


class AnyInvitation(models.Model):
    """What every invitation has. It is for an account that is there, or for an address.

    An account's waits in its person's own list and has no link. An address's has one, which makes
    a new account, once; of its token only the SHA-256 is stored.
    """

    account = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="+", help_text="in whose list"
    )
    email = models.EmailField(blank=True, help_text="where there is no account yet")
    name = models.CharField(max_length=150, blank=True)
    digest = models.CharField(max_length=64, null=True, unique=True, editable=False)
    shown = models.BooleanField(default=True, help_text="whoever invited has seen the link")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    by_owner = models.BooleanField(
        default=False,
        db_default=False,
        help_text="an owner of the project, or who administers the site, named the person",
    )
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    declined = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    forms_read: ClassVar = ("expires", "used", "declined")

    class Meta:
        abstract = True

    @property
    def whom(self) -> str:
        """Who is invited, for whoever invited them."""
        return str(self.account) if self.account else self.email

    @property
    def inviter(self) -> str:
        return self.by.get_full_name() or self.by.get_username()


class MemberInvitation(AnyInvitation):
    """Asks somebody to be a member of a project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role.choices)

    objects: ClassVar = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", field],
                condition=Q(used=None, declined=None) & ~Q(**{field: empty}),
                name=f"member_invitation_{field}_once",
                violation_error_message="This person has an open invitation to the project.",
            )
            for field, empty in (("email", ""), ("account", None))
        ]

    def __str__(self) -> str:
        return f"{self.whom} as {self.role} of {self.project}"


class ProvenanceQuerySet(models.QuerySet["Provenance"]):
    def unconfirmed(self) -> Self:
        return self.filter(confirmed=None)

    def confirmable_by(self, user: User) -> Self:
        """Those that nobody has confirmed; and of links that somebody else made, those that only
        whoever made the link has."""
        by_its_maker = Q(confirmed_by=F("by")) & ~Q(by=user)
        return self.filter(Q(confirmed=None) | by_its_maker)


class Provenance(models.Model):
    """An account that an invitation's link made: who invited, and whether it is known whose it is.

    Whoever was shown the link may have opened it, so such an account is confirmed only by the
    link having gone by mail alone, or by an owner who says whose it is.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="provenance")
    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", help_text="who invited")
    by_owner = models.BooleanField(
        default=False, db_default=False, help_text="who invited was an owner, and named the person"
    )
    confirmed = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", help_text="empty: by mail"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = ProvenanceQuerySet.as_manager()

    forms_read: ClassVar = ("confirmed", "confirmed_by_id")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user}, {'confirmed' if self.confirmed else 'not confirmed'}"
