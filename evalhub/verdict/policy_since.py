"""What a record says of its policy where that was changed after the first look. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from evalhub.schemas.alarms import ChangedDemand, PolicySection
from evalhub.schemas.decision import DecisionRecord
from evalhub.schemas.declaration import declared
from evalhub.schemas.policy import Rule
from evalhub.schemas.study import StudySettings
from evalhub.schemas.verdicts import Status
from evalhub.verdict.policy_changes import Asked, Effect, policy_changes

_PEOPLE = ("min_agreement", "min_reviewers", "unconfirmed_reviewers")
_CRITERION = ("role", "tier", "metric", "higher_is_better")
_BY_ROLE = {"primary": ("min_gain", "planned_gain"), "guard": ("margin",)}


def asked_of_record(record: DecisionRecord) -> Asked:
    """What a study's record was judged by: its policy, and what its criteria had to keep to."""
    asked = declared(StudySettings, record.policy)
    settings = {name: getattr(asked, name) for name in Rule.model_fields} | asked.as_json()
    options = {each.test_set: each.metric_options for each in record.evidence}
    criteria: dict[str, dict[str, Any]] = {}
    for each in record.criteria:
        if each.role in ("primary", "guard"):
            relative = each.relative_margin is not None
            demands = ("relative_margin",) if relative else _BY_ROLE[each.role]
            criteria[each.name] = {
                **{name: getattr(each, name) for name in (*_CRITERION, *demands)},
                **({} if each.tails is None else {"tails": each.tails}),
                "options": options.get(each.test_set),
            }
    names = [name for name in (*Rule.model_fields, "noise_floor", "blessed") if name != "budgets"]
    return Asked(
        {name: settings[name] for name in names},
        {name: settings[name] for name in _PEOPLE},
        criteria,
        settings["budgets"],
        {name: settings.get(name) for name in ("development", "prices", "ownership")},
    )


def policy_section(
    first: DecisionRecord, now: DecisionRecord, *, digest: str, decided: str
) -> PolicySection | None:
    """The record's `policy_since`; None where it asks what the first decision asked.

    Args:
        digest, decided: of the first decision, and when it was made.
    """
    found = policy_changes(asked_of_record(first), asked_of_record(now))
    if not found:
        return None
    changes = tuple(
        declared(
            ChangedDemand,
            {"field": each.field, "was": each.was, "now": each.now, "effect": each.effect.value},
        )
        for each in found
    )
    return PolicySection(decision=digest, decided=decided, changes=changes)


def changed_status(section: PolicySection) -> Status:
    effects = {each.effect for each in section.changes}
    if Effect.EASIER in effects:
        return Status.FAIL
    return Status.OPEN if Effect.OTHER in effects else Status.PASS


def policy_sentences(section: PolicySection) -> Iterator[str]:
    yield (
        f"The policy was changed after the first look at these items, which was on "
        f"{section.decided[:10]} (decision {section.decision[:12]})."
    )
    for each in section.changes:
        was, now = (_said(value) for value in (each.was, each.now))
        yield f"{Effect(each.effect).label.capitalize()}: {each.field}, from {was} to {now}."


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
