"""Deactivating an account: ends its sessions, links, tokens and invitations at once."""

from django.db import transaction

from evalhub.accounts.models import ApiToken, MemberInvitation, SignInLink, User
from evalhub.accounts.sign_in import end_sessions
from evalhub.accounts.tokens import revoke_token


@transaction.atomic
def end_access(user: User) -> None:
    """Ends every session, token and sign-in link of a person, and the open invitations to projects
    that they made. Who comes back later needs new ones; password and passkeys stay.
    """
    end_sessions(user)
    for token in ApiToken.objects.filter(user=user, revoked=None).select_related("project", "user"):
        revoke_token(token=token, by=None)
    SignInLink.objects.filter(user=user, used=None).delete()
    MemberInvitation.objects.unanswered().filter(by=user).delete()
