"""People, the projects they share, and what each may do there."""

from evalhub.accounts.models.invitations import (
    AnyInvitation,
    InvitationQuerySet,
    MemberInvitation,
    Provenance,
)
from evalhub.accounts.models.log import Action, LogEntry, LogEntryQuerySet
from evalhub.accounts.models.mail import MailDay
from evalhub.accounts.models.people import (
    Membership,
    OfProjectQuerySet,
    Project,
    ProjectQuerySet,
    Role,
    User,
)
from evalhub.accounts.models.results_seen import ResultsSeen
from evalhub.accounts.models.tokens import ApiToken, Scope, SignInLink

__all__ = [
    "Action",
    "AnyInvitation",
    "ApiToken",
    "InvitationQuerySet",
    "LogEntry",
    "LogEntryQuerySet",
    "MailDay",
    "MemberInvitation",
    "Membership",
    "OfProjectQuerySet",
    "Project",
    "ProjectQuerySet",
    "Provenance",
    "ResultsSeen",
    "Role",
    "Scope",
    "SignInLink",
    "User",
]
