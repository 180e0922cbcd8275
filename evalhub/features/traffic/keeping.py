"""What a project keeps of its traffic: its settings, and the key of its users' hashes."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self

from django.db import transaction
from pydantic import Field, model_validator

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import check_owns
from evalhub.declare.declaration import Declaration, DeclarationError, invalid, validate
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.traffic.privacy.languages import detectable

LONGEST_DAYS = 1_100
HASH_DIGITS = 32


class KeepingRules(Declaration):
    """What is kept of requests: bounds of the settings."""

    text_share: float = Field(ge=0, le=1, description="of the requests, whose texts are kept")
    text_days: int = Field(gt=0, le=LONGEST_DAYS, description="how long a text is kept")
    days: int = Field(gt=0, le=LONGEST_DAYS, description="how long a request is kept")
    languages: tuple[str, ...] = Field(
        max_length=50, description="codes that may be detected, as de; empty: any"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.text_days > self.days:
            raise invalid("a text is kept no longer than its request", "text_days")
        return self


def settings_of(project: Project) -> TrafficSettings:
    """The project's settings; made with a random salt when they are first needed."""
    settings, _ = TrafficSettings.objects.get_or_create(
        project=project, defaults={"salt": secrets.token_hex(32)}
    )
    return settings


def text_time(settings: TrafficSettings) -> timedelta:
    """How long after a request's day its texts, and the item made from it, are kept."""
    return timedelta(days=min(settings.text_days, settings.days))


def user_hash(user: str, settings: TrafficSettings) -> str:
    """What is stored of a user's id. "" stays."""
    return pseudonym(user, settings.salt) if user else ""


def pseudonym(user: str, salt: str) -> str:
    """The keyed hash of a user's id: HMAC-SHA-256 with the project's salt, its first 128 bits.

    Whoever has the salt can try ids until one fits: it is a pseudonym, and not anonymous.
    """
    return hmac.digest(salt.encode(), user.encode(), "sha256").hex()[:HASH_DIGITS]


@transaction.atomic
def change_settings(
    *,
    project: Project,
    by: User | None,
    text_share: float | None = None,
    text_days: int | None = None,
    days: int | None = None,
    languages: Sequence[str] | None = None,
) -> TrafficSettings:
    """Changes what is kept from now on; None changes nothing. Fewer days reach what is stored.

    Raises:
        DeclarationError: a value that can't be, with its field.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    check_owns(by, project, "change what is kept of its traffic")
    settings_of(project)
    settings = TrafficSettings.objects.select_for_update().get(project=project)
    current = {name: getattr(settings, name) for name in KeepingRules.model_fields}
    stated = {
        "text_share": text_share,
        "text_days": text_days,
        "days": days,
        "languages": None if languages is None else list(dict.fromkeys(languages)),
    }
    changed: dict[str, Any] = {
        name: value
        for name, value in stated.items()
        if value is not None and value != current[name]
    }
    rules = validate(KeepingRules, current | changed)
    _check_languages(rules.languages)
    for name, value in changed.items():
        setattr(settings, name, value)
    if changed:
        settings.save(update_fields=list(changed))
        note(Action.TRAFFIC_CHANGED, by=by, project=project, what=", ".join(changed), **changed)
    return settings


def _check_languages(codes: Sequence[str]) -> None:
    unknown = sorted(set(codes) - detectable()) if codes else []
    if unknown:
        names = ", ".join(sorted(detectable()))
        raise DeclarationError(f"{unknown[0]!r} can't be detected; one of {names}", "languages")
