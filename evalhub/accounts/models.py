"""Who there is: people, the projects they share, and what each may do there."""

from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac


class User(AbstractUser):
    """A person who signs in."""

    sign_outs = models.PositiveIntegerField(
        default=0, editable=False, help_text="how often they signed out everywhere else"
    )

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What each session carries: another password ends it, and so does `sign_outs`."""
        kept: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if not self.sign_outs:
            return kept
        salt = "evalhub.accounts.sign_outs"
        return salted_hmac(salt, f"{kept} {self.sign_outs}", algorithm="sha256").hexdigest()


class Role(models.TextChoices):
    OWNER = "owner", "owner"
    EVALUATOR = "evaluator", "evaluator"
    REVIEWER = "reviewer", "reviewer"


class ProjectQuerySet(models.QuerySet["Project"]):
    def seen_by(self, user: User) -> Self:
        """Projects whose results this person may look at: reviewers stay blind."""
        if user.is_superuser:
            return self
        return self.filter(
            memberships__user=user, memberships__role__in=[Role.OWNER, Role.EVALUATOR]
        )

    def owned_by(self, user: User) -> Self:
        return self.filter(memberships__user=user, memberships__role=Role.OWNER)

    def empty(self) -> Self:
        """Those in which there are no people and nothing of a registry, half-written or whole."""
        people = self.filter(memberships=None, invitations=None)
        return people.filter(test_sets=None, models=None, studies=None)


class OfProjectQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to a project, which `project_field` leads to."""

    project_field = "project"

    def seen_by(self, user: User) -> Self:
        """Those of the projects whose results this person may look at."""
        return self.filter(**{f"{self.project_field}__in": Project.objects.seen_by(user)})


class Project(models.Model):
    """The space of one team."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """One person's role in one project."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        ordering = ["project", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"],
                name="membership_once",
                violation_error_message="This person is already a member of the project.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} of {self.project}"


class InvitationQuerySet[M: models.Model](models.QuerySet[M]):
    def unanswered(self) -> Self:
        return self.filter(used=None, declined=None)

    def open(self) -> Self:
        """Those that can still be accepted."""
        return self.unanswered().filter(expires__gt=timezone.now())

    def waiting_for(self, user: User) -> Self:
        """What stands in this person's own list."""
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
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)
    declined = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

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


class Provenance(models.Model):
    """An account that an invitation's link made: who invited, and whether it is known whose it is.

    Whoever was shown the link may have opened it, so such an account is confirmed only by the
    link having gone by mail alone, or by an owner who says whose it is.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="provenance")
    project = models.ForeignKey(Project, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", help_text="who invited")
    confirmed = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", help_text="empty: by mail"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = ProvenanceQuerySet.as_manager()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.user}, {'confirmed' if self.confirmed else 'not confirmed'}"


class SignInLink(models.Model):
    """A link that signs one person in, once. Of its token only the SHA-256 is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="sign_in_links")
    digest = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class Scope(models.TextChoices):
    """What a token may be for. Each says what it opens; none says more than the person may."""

    READ = "read", "read everything that its person may see"
    INGEST = "ingest", "hand in test sets, versions, answers and scores"
    RUN = "run", "start studies and runs, and stop them"
    DECIDE = "decide", "decide, sign off and bless"
    REVIEW = "review", "open and close reviews, and invite people to them"
    ADMIN = "admin", "manage members, tokens and webhooks"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> Self:
        """Those that still open something: neither revoked nor expired."""
        return self.filter(revoked=None, expires__gt=timezone.now(), user__is_active=True)

    def in_sight_of(self, user: User) -> Self:
        """An owner's projects' tokens, and everybody's own."""
        if user.is_superuser:
            return self
        return self.filter(Q(project__in=Project.objects.owned_by(user)) | Q(user=user))


class ApiToken(models.Model):
    """Lets a program act in one project for a person. Of the token only the SHA-256 is stored.

    It may never do more than its person may now, and of that no more than its scopes.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="tokens")
    user = models.ForeignKey(
        User, models.PROTECT, related_name="tokens", help_text="the person for whom it acts"
    )
    name = models.CharField(max_length=80, help_text="what it is for")
    scopes = models.JSONField(help_text="what it may do: a list of Scope")
    shown = models.CharField(max_length=20, editable=False, help_text="how it begins")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="who made it; empty: operator"
    )
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, editable=False, help_text="to the minute")
    revoked = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["project", "-created", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(revoked=None),
                name="api_token_name",
                violation_error_message="The project has a token of this name: revoke it first.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"

    @property
    def expired(self) -> bool:
        return self.expires <= timezone.now()


class ResultsSeen(models.Model):
    """A person has seen which model gave which answer in a project: they can't judge blindly.

    It outlives the role by which they saw it: the database refuses to change or delete it.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="results_seen")
    user = models.ForeignKey(User, models.PROTECT, related_name="results_seen")
    how = models.CharField(max_length=200, help_text="role or page by which they saw it")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "look at results"
        verbose_name_plural = "looks at results"
        ordering = ["project", "user"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="results_seen_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.project}"


class Action(models.TextChoices):
    """What the audit log keeps. Whoever adds a verb of these kinds notes it."""

    SIGNED_IN = "signed-in", "signed in"
    SIGN_IN_FAILED = "sign-in-failed", "failed to sign in"
    LOCKED_OUT = "locked-out", "was locked out after too many tries"
    LINK_MADE = "link-made", "made a sign-in link"
    LINK_USED = "link-used", "used a sign-in link"
    USER_ADDED = "user-added", "added a user"
    INVITED = "invited", "invited"
    INVITATION_USED = "invitation-used", "accepted an invitation"
    INVITATION_REFUSED = "invitation-refused", "declined an invitation"
    INVITATION_WITHDRAWN = "invitation-withdrawn", "withdrew an invitation"
    ROLE_CHANGED = "role-changed", "changed a role"
    CONFIRMED = "confirmed", "confirmed whose an account is"
    MEMBER_REMOVED = "member-removed", "removed a member"
    REVIEW_OPENED = "review-opened", "opened a review"
    REVIEW_PAUSED = "review-paused", "paused or resumed a review"
    REVIEW_CLOSED = "review-closed", "closed a review"
    UNBLINDED = "unblinded", "had the models named"
    SAW_RESULTS = "saw-results", "saw results"
    EXPORTED = "exported", "exported"
    DECIDED = "decided", "decided"
    SIGNED = "signed", "signed a decision off"
    OVERRODE = "overrode", "overrode a decision"
    BLESSED = "blessed", "made a version the baseline:"
    BUDGET_SET = "budget-set", "set a budget:"
    POLICY_CHANGED = "policy-changed", "changed what a study asks:"
    TOKEN_MADE = "token-made", "made a token"
    TOKEN_REVOKED = "token-revoked", "revoked a token"
    WEBHOOK_ADDED = "webhook-added", "added a webhook:"
    WEBHOOK_CHANGED = "webhook-changed", "changed a webhook:"
    WEBHOOK_REMOVED = "webhook-removed", "removed a webhook:"
    ERASED = "erased", "erased a person"
    REDACTED = "redacted", "redacted a text"
    BACKED_UP = "backed-up", "backed the site up"
    RESTORED = "restored", "restored the site"


class LogEntryQuerySet(models.QuerySet["LogEntry"]):
    def in_sight_of(self, user: User) -> Self:
        """An owner's projects; for a superuser also what belongs to no project."""
        if user.is_superuser:
            return self
        return self.filter(project__in=Project.objects.owned_by(user))

    def of_action(self, action: Action, *, project: int, begins: str) -> Self:
        """What was done so in a project, of which the text begins with these words."""
        return self.filter(action=action, project=project, what__startswith=begins)

    def by_or_about(self, name: str) -> Self:
        """What the user of this name did, or what was done to them."""
        return self.filter(Q(by__username=name) | Q(about__username=name))

    def containing(self, words: str) -> Self:
        """Entries in whose text, or in whose people's names, each of these words is found."""
        found = self
        for word in words.split():
            fields = ("what", "by__username", "about__username", "project__slug")
            found = found.filter(
                Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR)
            )
        return found


class LogEntry(models.Model):
    """Something that a person did, or the site. Rows are added, never changed.

    People stand in it by their rows alone, never by name or address: who is erased there is
    erased here too. Nothing in it says which answer is whose or what anybody voted.
    """

    action = models.CharField(max_length=30, help_text="an Action")
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="empty: the site's operator"
    )
    about = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="to whom it was done"
    )
    project = models.ForeignKey(
        Project, models.PROTECT, null=True, related_name="+", help_text="empty: the whole site"
    )
    what = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar = LogEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "log entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="log_of_project"),
            models.Index(fields=["by", "action"], name="log_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.said} {self.what}".strip()

    @property
    def said(self) -> str:
        """The action in words."""
        return Action(self.action).label
