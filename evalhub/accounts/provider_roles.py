"""Roles by the identity provider's groups: EVALHUB_OIDC_ROLES, applied at each sign-in by it.

In a project that the setting names, the provider's word holds for whoever signs in by it: the
highest role that their groups give, or none. Other projects and other ways in are left alone.
"""

import logging
from collections.abc import Mapping
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings

from evalhub.accounts.invitations import MembershipError
from evalhub.accounts.members import follow_provider
from evalhub.accounts.models import Project, Role, User

log = logging.getLogger(__name__)


def apply_provider_roles(*, user: User, provider: str, uid: str) -> None:
    """Gives a person who signs in by the provider the roles that their groups give them, and takes
    away what they don't. Changes are noted in the audit log; what can't be done is logged.

    Args:
        provider, uid: the account at the provider by which they come, as allauth keeps it.
    """
    if not settings.OIDC_ROLES:
        return
    account = SocialAccount.objects.get(user=user, provider=provider, uid=uid)
    groups = provider_groups(account.extra_data, settings.OIDC_GROUPS)
    if groups is None:
        log.warning(
            "the identity provider says no groups of account %d: it has no claim '%s' (is "
            "EVALHUB_OIDC_SCOPES missing?). They are taken to be in none.",
            user.pk,
            settings.OIDC_GROUPS,
        )
    for slug, groups_by_role in settings.OIDC_ROLES.items():
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            log.error("EVALHUB_OIDC_ROLES names a project '%s', which isn't there", slug)
            continue
        role = highest_role(groups or frozenset(), groups_by_role)
        try:
            follow_provider(project=project, user=user, role=role)
        except MembershipError as error:
            log.warning("%s: account %d keeps its role. %s", slug, user.pk, error)


def provider_groups(claims: Mapping[str, Any], claim: str) -> frozenset[str] | None:
    """The groups in a claim of the provider's answer; None where it has no such claim.

    Args:
        claims: `userinfo`, `id_token` or both, as allauth keeps them; userinfo is read first.
        claim: its name, or a path with dots into it (`realm_access.roles`). A claim that has
            exactly this name goes before a path.
    """
    for part in ("userinfo", "id_token"):
        value = _at(claims.get(part) or {}, claim)
        if isinstance(value, str):
            return frozenset([value])
        if isinstance(value, list):
            return frozenset(group for group in value if isinstance(group, str))
    return None


def highest_role(groups: frozenset[str], groups_by_role: Mapping[str, list[str]]) -> Role | None:
    """The highest role that one of these groups gives; None where none does."""
    for role in (Role.OWNER, Role.EVALUATOR, Role.REVIEWER):
        if groups.intersection(groups_by_role.get(role, ())):
            return role
    return None


def _at(claims: Any, path: str) -> Any:
    if isinstance(claims, Mapping) and path in claims:
        return claims[path]
    for name in path.split("."):
        if not isinstance(claims, Mapping):
            return None
        claims = claims.get(name)
    return claims
