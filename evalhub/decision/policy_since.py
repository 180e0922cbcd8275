"""What a record says of its policy where that was changed after a look at its items. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from evalhub.decision.policy_changes import Effect, PolicyChange
from evalhub.declare.alarms import ChangedDemand, PolicySection
from evalhub.declare.caveats import Caveat
from evalhub.declare.declaration import declared
from evalhub.declare.verdicts import Status

EASED = "policy-eased"
LARGE_ALPHA = "large-alpha"
POLICY_CODES = (EASED, LARGE_ALPHA)
LARGEST_ALPHA = 0.05
"""A policy's alpha above this holds a ship until an owner accepts it."""


def policy_section(
    changes: Sequence[PolicyChange], *, digest: str, decided: str
) -> PolicySection | None:
    """The record's `policy_since`; None where nothing was changed.

    Args:
        digest, decided: of the last decision that judged these items, and when it was made.
    """
    if not changes:
        return None
    rows = tuple(
        declared(
            ChangedDemand,
            {"field": each.field, "was": each.was, "now": each.now, "effect": each.effect.value},
        )
        for each in changes
    )
    return PolicySection(decision=digest, decided=decided, changes=rows)


def changed_status(section: PolicySection) -> Status:
    effects = {each.effect for each in section.changes}
    if Effect.EASIER in effects:
        return Status.FAIL
    return Status.OPEN if Effect.OTHER in effects else Status.PASS


def policy_sentences(section: PolicySection) -> Iterator[str]:
    yield (
        f"The policy was changed after a look at these items: it asks otherwise than the last one "
        f"that judged them, on {section.decided[:10]} (decision {section.decision[:12]})."
    )
    for each in section.changes:
        was, now = (_text(value) for value in (each.was, each.now))
        yield f"{Effect(each.effect).label.capitalize()}: {each.field}, from {was} to {now}."


def policy_caveats(
    section: PolicySection | None, *, alpha: float, subject: str = "", accepted: str = ""
) -> list[Caveat]:
    """What holds a ship because of the policy that judged it, until an owner accepts it.

    Args:
        section: the record's `policy_since`.
        alpha: the policy's own, before the ledger takes its part.
        subject: SHA-256 of the policy; "" where no home keeps who accepts it.
        accepted: the reason of who accepted it; "": nobody has.
    """
    eased = [each for each in section.changes if each.effect == "easier"] if section else []
    sentences = {}
    if eased:
        more = f" and {len(eased) - 1} more" if len(eased) > 1 else ""
        end = " (accepted)" if accepted else ""
        sentences[EASED] = f"policy eased after the look: {_change(eased[0])}{more}{end}"
    if alpha > LARGEST_ALPHA:
        end = " (accepted)" if accepted else ", which an owner has to accept"
        sentences[LARGE_ALPHA] = f"alpha is {alpha:g}, above {LARGEST_ALPHA:g}{end}"
    return [
        Caveat(code=code, sentence=sentence, holds=not accepted, subject=subject, accepted=accepted)
        for code, sentence in sentences.items()
    ]


def _change(change: ChangedDemand) -> str:
    name = change.field.removeprefix("criteria.")
    if change.now is None:
        return f"{name} left out"
    if isinstance(change.was, dict) or isinstance(change.now, dict):
        return f"{name} asks less"
    return f"{name} from {_text(change.was)} to {_text(change.now)}"


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
