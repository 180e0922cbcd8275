"""What files say of two arms, sent to a site's ledger, and what that leaves: no texts, no answers.

An item is known by the fingerprints of its text, or by its id where a file holds no text. All of an
item's columns have its place in the list; a column that says nothing of any item is left out.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, JsonValue, model_validator

from evalhub.declare.declaration import Declaration, default_of, invalid
from evalhub.declare.measured_on import Mix
from evalhub.declare.outside import Outside
from evalhub.declare.policy import LEDGER, PRIMARIES, Alpha, Demand, LedgerScope, Primaries, Tier
from evalhub.declare.roles import DemandRole

MOST_CLAIMS = 1000
LONGEST = 255
MOST_TAGS = 100

Fingerprint = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Label = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class SentItems(Declaration):
    """A file's items, column by column."""

    ids: tuple[Label, ...] = Field((), description="in place of fingerprints: the items' ids")
    fingerprints: tuple[Fingerprint, ...] = Field(
        (), description="64 bits, signed, of the SHA-256 of each item's own text, folded"
    )
    in_context: tuple[Fingerprint, ...] = Field(
        (),
        description="the same of each text with its context; empty: no item has a context",
    )
    clusters: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (), description="the number of each item's cluster; 0: the item is by itself"
    )
    weights: tuple[Annotated[float, Field(gt=0)] | None, ...] = Field(
        (), description="how much each item counts, where a file says so"
    )
    tags: tuple[Annotated[tuple[Label, ...], Field(max_length=MOST_TAGS)], ...] = Field(
        (), description="of each item, where a `mix` weighs them"
    )

    @property
    def count(self) -> int:
        return len(self.fingerprints or self.ids)

    @model_validator(mode="after")
    def _columns_fit(self) -> "SentItems":
        if bool(self.ids) == bool(self.fingerprints):
            raise invalid(
                "give the items' fingerprints or their ids: one of the two", "fingerprints"
            )
        if self.in_context and not self.fingerprints:
            raise invalid("goes with fingerprints", "in_context")
        if len(set(self.ids)) < len(self.ids):
            raise invalid("an id is given twice", "ids")
        for name in ("in_context", "clusters", "weights", "tags"):
            column: Sequence[Any] = getattr(self, name)
            if column and len(column) != self.count:
                raise invalid(f"has {len(column)} values for {self.count} items", name)
        return self


class SentArm(Declaration):
    """An arm's scores."""

    scores: tuple[float | None, ...] = Field(
        description="of each answer; null: it has none. An item's answers follow each other"
    )
    places: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (), description="of which item each score is, from 0, ascending; empty: one score an item"
    )


class SentClaim(Declaration):
    """That one arm does better than another on some items by one metric."""

    test_set: Label
    role: DemandRole
    tier: Tier = default_of(Demand, "tier")
    metric: Label = Field(description="its name")
    options: dict[str, JsonValue] | None = Field(
        None, description="the metric's; null: its name alone is known"
    )
    higher_is_better: bool = True
    mix: Mix | None = None
    measured: str = Field(
        "",
        pattern="^([0-9a-f]{64})?$",
        description="SHA-256 of the costs that a critical budget reads on these items",
    )
    items: SentItems
    baseline: SentArm
    candidate: SentArm

    @model_validator(mode="after")
    def _is_whole(self) -> "SentClaim":
        if self.mix and not self.items.tags:
            raise invalid("a mix needs the items' tags", "items", "tags")
        for name, arm in (("baseline", self.baseline), ("candidate", self.candidate)):
            if not arm.places and len(arm.scores) != self.items.count:
                message = f"{len(arm.scores)} scores for {self.items.count} items: say their places"
                raise invalid(message, name, "scores")
            if arm.places and len(arm.places) != len(arm.scores):
                message = f"{len(arm.places)} places for {len(arm.scores)} scores"
                raise invalid(message, name, "places")
            if list(arm.places) != sorted(arm.places):
                raise invalid("aren't ascending", name, "places")
            if arm.places and arm.places[-1] >= self.items.count:
                message = f"{arm.places[-1]} is beyond the {self.items.count} items"
                raise invalid(message, name, "places")
        return self


Claims = Annotated[tuple[SentClaim, ...], Field(min_length=1, max_length=MOST_CLAIMS)]


class PeekRequest(Declaration):
    """Claims of files, to be judged by a site's ledger; they are what one decision reads."""

    claims: Claims | None = None
    file: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$"), Outside("file")] | None = Field(
        None,
        description="in place of `claims`: an upload, as sha256:DIGEST, of that array as JSON",
    )
    ledger: LedgerScope = LEDGER
    alpha: Alpha
    primaries: Primaries = PRIMARIES
    sources: tuple[Label, ...] = Field(
        min_length=1, max_length=100, description="names of what was read, for the ledger's row"
    )

    @model_validator(mode="after")
    def _has_claims(self) -> "PeekRequest":
        if (self.claims is None) == (self.file is None):
            raise invalid("give claims or a file: one of the two", "claims")
        return self
