"""What a record says of its policy where that was changed after a look at its items. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from evalhub.decision.code import code_digest
from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.policy_changes import Effect, PolicyChange
from evalhub.decision.policy_words import change_sentence
from evalhub.decision.sections.base import Section
from evalhub.declare.caveats import Caveat
from evalhub.declare.decision import Arms, Digest
from evalhub.declare.declaration import Declaration, validate
from evalhub.declare.home_bound import HOME_BOUND
from evalhub.declare.verdicts import Status, Verdict

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

EASED = "policy-eased"
LARGE_ALPHA = "large-alpha"
POLICY_CODES = (EASED, LARGE_ALPHA)
LARGEST_ALPHA = 0.05
"""A policy's alpha above this holds a ship until an owner accepts it."""


class ChangedDemand(Declaration):
    """A field of the policy that asks otherwise, and what that does to a verdict."""

    field: str
    was: JsonValue
    now: JsonValue
    effect: Literal["easier", "stricter", "incomparable", "decides-nothing"]


class PolicySection(Section):
    """What the policy asks otherwise than the last one that judged these items.

    Attributes:
        decision: of the decision that was made by that one.
        decided: when, as ISO 8601 has it.
    """

    title: ClassVar[str] = "Changed policy"
    method: ClassVar[str] = "policy-since"
    order: ClassVar[int] = 20

    decision: Annotated[str, HOME_BOUND] = Digest
    decided: Annotated[str, HOME_BOUND]
    changes: tuple[ChangedDemand, ...] = Field(min_length=1)

    def derive_status(self, arms: Arms) -> Status:
        effects = {change.effect for change in self.changes}
        if Effect.EASIER in effects:
            return Status.FAIL
        return Status.OPEN if Effect.OTHER in effects else Status.PASS

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        yield (
            "The policy was changed after a look at these items: it asks otherwise than the last "
            f"one that judged them, on {self.decided[:10]} (decision {self.decision[:12]})."
        )
        for change in self.changes:
            label = Effect(change.effect).label.capitalize()
            yield f"{label}: {change_sentence(change.field, change.was, change.now)}."

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """A policy that was eased and a large alpha are caveats. Earlier code had none."""
        if record.verdict is Verdict.INVALID or record.code.digest != code_digest():
            return
        due = [each.code for each in policy_caveats(record.policy_since, alpha=record.rule.alpha)]
        written = [each.code for each in record.caveats if each.code in POLICY_CODES]
        if written != due:
            yield Discrepancy(f"{at}caveats", written, due, "it is what the policy was changed to")


def policy_section(
    changes: Sequence[PolicyChange], *, digest: str, decided: str
) -> PolicySection | None:
    """The record's `policy_since`; None without changes.

    Args:
        digest, decided: of the last decision that judged these items, and when it was made.
    """
    if not changes:
        return None
    rows = tuple(
        validate(
            ChangedDemand,
            {
                "field": change.field,
                "was": change.was,
                "now": change.now,
                "effect": change.effect.value,
            },
        )
        for change in changes
    )
    return PolicySection(decision=digest, decided=decided, changes=rows)


def policy_caveats(
    section: PolicySection | None, *, alpha: float, subject: str = "", accepted: str = ""
) -> list[Caveat]:
    """Caveats on the policy that hold a ship until an owner accepts them.

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
        change = change_sentence(eased[0].field, eased[0].was, eased[0].now)
        sentences[EASED] = f"policy eased after the look: {change}{more}{end}"
    if alpha > LARGEST_ALPHA:
        end = " (accepted)" if accepted else ", which an owner has to accept"
        sentences[LARGE_ALPHA] = f"alpha is {alpha:g}, above {LARGEST_ALPHA:g}{end}"
    return [
        Caveat(code=code, sentence=sentence, holds=not accepted, subject=subject, accepted=accepted)
        for code, sentence in sentences.items()
    ]
