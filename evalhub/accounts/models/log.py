"""The audit log: who did what, when."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from evalhub.accounts.models.people import Project, User


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
    ACCOUNT_CHANGED = "account-changed", "changed an account’s"
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
    ACCEPTED = "accepted", "accepted what held a ship:"
    PROMOTED = "promoted", "promoted to champion:"
    ROLLED_BACK = "rolled-back", "rolled back"
    CHAMPION_OVERRIDDEN = "champion-overridden", "made a version the champion, by no decision:"
    RETIRED = "retired", "retired"
    TEST_SET_RETIRED = "test-set-retired", "retired a test set’s version:"
    REOPENED = "reopened", "brought back as a candidate:"
    SHADOWED = "shadowed", "put in shadow:"
    EXPERIMENT_STARTED = "experiment-started", "started an experiment:"
    EXPERIMENT_OVERRIDDEN = (
        "experiment-overridden",
        "started an experiment, by no decision:",
    )
    EXPERIMENT_CHANGED = "experiment-changed", "changed how far an experiment reaches:"
    EXPERIMENT_ENDED = "experiment-ended", "ended an experiment:"
    MONITOR_ADDED = "monitor-added", "added a monitor:"
    MONITOR_ENDED = "monitor-ended", "ended a monitor:"
    FALSE_ALARMS_SET = "false-alarms-set", "set how many false alarms monitors may raise:"
    ALARM_ASSIGNED = "alarm-assigned", "said who answers for an alarm:"
    ALARM_ACKNOWLEDGED = "alarm-acknowledged", "acknowledged an alarm:"
    ALARM_SNOOZED = "alarm-snoozed", "snoozed an alarm:"
    ALARM_RESOLVED = "alarm-resolved", "resolved an alarm:"
    PROPOSAL_DECLINED = "proposal-declined", "declined to train again:"
    RETRAINED_LINKED = "retrained-linked", "said what came of a proposal:"
    BUDGET_SET = "budget-set", "set a budget:"
    DATA_CHECKED = "data-checked", "kept the report of training data:"
    DATA_SIGNED = "data-signed", "signed the report of training data:"
    STUDY_STARTED = "study-started", "started"
    POLICY_CHANGED = "policy-changed", "changed what a study asks:"
    QUEUE_CREATED = "queue-created", "created a queue of examples:"
    QUEUE_PAUSED = "queue-paused", "paused or resumed a queue of examples:"
    QUEUE_CLOSED = "queue-closed", "closed a queue of examples:"
    EXAMPLES_ADDED = "examples-added", "added examples:"
    TOKEN_MADE = "token-made", "made a token"
    TOKEN_REVOKED = "token-revoked", "revoked a token"
    SERVED_NAME_SET = "served-name-set", "said which version is served as"
    WEBHOOK_ADDED = "webhook-added", "added a webhook:"
    WEBHOOK_CHANGED = "webhook-changed", "changed a webhook:"
    WEBHOOK_REMOVED = "webhook-removed", "removed a webhook:"
    TRAFFIC_CHANGED = "traffic-changed", "changed what is kept of traffic:"
    TRAFFIC_ERASED = "traffic-erased", "erased a user’s traffic:"
    COMMENT_REMOVED = "comment-removed", "removed a comment:"
    DECISION_SHARED = "decision-shared", "made a link to a decision:"
    DECISION_UNSHARED = "decision-unshared", "withdrew a link to a decision:"
    ERASED = "erased", "erased a person"
    REDACTED = "redacted", "redacted a text"
    BACKED_UP = "backed-up", "backed the site up"
    RESTORED = "restored", "restored the site"
    MESSAGES_HELD = "messages-held", "held the site’s messages"
    MESSAGES_RESUMED = "messages-resumed", "let the site’s messages go out again"
    DEACTIVATED = "deactivated", "deactivated a person’s account"
    REACTIVATED = "reactivated", "reactivated a person’s account"


class LogEntryQuerySet(models.QuerySet["LogEntry"]):
    def in_sight_of(self, user: User) -> Self:
        """An owner's projects; for a superuser also what belongs to no project."""
        if user.is_superuser:
            return self
        return self.filter(project__in=Project.objects.owned_by(user))

    def of_action(self, action: Action, *, project: int, begins: str) -> Self:
        """Entries of this action in a project whose text begins with these words."""
        return self.filter(action=action, project=project, what__startswith=begins)

    def by_or_about(self, name: str) -> Self:
        """What the user of this name did, or what was done to them."""
        return self.filter(Q(by__username=name) | Q(about__username=name))

    def containing(self, query: str) -> Self:
        """Entries in whose text, or in whose people's names, each of these words is found."""
        entries = self
        for word in query.split():
            fields = ("what", "by__username", "about__username", "project__slug")
            entries = entries.filter(
                Q.create([(f"{field}__icontains", word) for field in fields], connector=Q.OR)
            )
        return entries


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
