"""Claims and their positions on the ledger: which looks judge each, and which claim pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from evalhub.decision.levels import Together, level_of_stages
from evalhub.io.canonical import digest_of
from evalhub.ledger.candidates import candidate_digest
from evalhub.registry.models import Run, TestSetVersion


class Looks(NamedTuple):
    """The looks that judge a claim.

    Attributes:
        numbers: oldest first; several where items were added.
        arms: of items that were drawn from a pool, the arms that share the whole of alpha.
        tries: of such items, which of the candidate's tries each stage is; else empty.
        together: by look, the arms of one study that share it; empty: nobody shares any.
    """

    numbers: tuple[int, ...]
    arms: int | None = None
    tries: tuple[int, ...] = ()
    together: tuple[Together | None, ...] = ()

    def level(self, alpha: float) -> float:
        return level_of_stages(
            self.numbers,
            alpha=alpha,
            arms=self.arms,
            tries=self.tries,
            together=self.together,
        )

    @property
    def first(self) -> "Looks":
        return self._replace(
            numbers=self.numbers[:1], tries=self.tries[:1], together=self.together[:1]
        )


@dataclass(frozen=True)
class Claim:
    """What a decision claims on one test set: two runs and the question.

    Attributes:
        primary: the candidate must gain here.
        critical: a ship needs it shown.
        asked: whatever else the comparison rests on (metric, weights, items held back for choosing
            an arm), as JSON. Margins and gains don't belong to it: one interval answers for all.
        scores: SHA-256 of the baseline's and of the candidate's scores, by items' ids.
        content: SHA-256 of what is claimed (evalhub.ledger.claim_content); "" as long as there
            are no scores of it.
        measured: SHA-256 of the costs and times of both that a critical budget reads here; "" where
            none does.
        drawn_for: where its items were drawn from a pool, how many arms are judged on them.
        planned: what stands for the baseline's and the candidate's answers as long as they aren't
            there, so that a study can be looked at before it is run.
    """

    name: str
    primary: bool
    critical: bool
    baseline: Run
    candidate: Run
    asked: dict[str, Any]
    scores: tuple[str, str]
    content: str = ""
    measured: str = ""
    drawn_for: int | None = None
    planned: tuple[str, str] | None = None

    @property
    def version(self) -> TestSetVersion:
        return self.candidate.test_set_version

    @cached_property
    def question_digest(self) -> str:
        return digest_of(self.asked)

    @property
    def digest(self) -> str:
        """The digest that identifies it in the ledger; before there are scores, of what they will
        be read from."""
        if not self.content:
            return digest_of({**self.digests, "asked": self.asked, "scores": self.scores})
        if self.measured:
            return digest_of({"content": self.content, "measured": self.measured})
        return self.content

    @cached_property
    def candidate_key(self) -> str:
        return candidate_digest(self.candidate.version)

    @cached_property
    def baseline_key(self) -> str:
        return candidate_digest(self.baseline.version)

    @property
    def metric_key(self) -> str:
        metric: str = self.asked.get("metric", "")
        return metric

    @property
    def answers(self) -> tuple[str, str]:
        """SHA-256 of the baseline's and of the candidate's answers."""
        return self.planned or (self.baseline.answers_digest, self.candidate.answers_digest)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the items and of both arms' answers to them, by Look's fields."""
        baseline, candidate = self.answers
        return {
            "items_digest": self.version.digest,
            "candidate_answers": candidate,
            "baseline_answers": baseline,
        }


@dataclass(frozen=True, slots=True)
class Beside:
    """The looks that judge a guard beside one counted claim.

    Attributes:
        primary: the counted claim's digest.
        looks: of the counted claim's.
        taken: they judged it there before.
        charged: the last of them was, or would be, taken for the guard.
    """

    primary: str
    looks: Looks
    taken: bool
    charged: bool = False


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """Position of a claim in the ledger.

    Attributes:
        number: its own look at its items, whether that was taken already or would be the next.
        taken: whether it was.
        tries: where it is counted, which of its candidate's tries it is.
        extends: ids of the looks that it extends, oldest first.
        looks: what judges it where it is counted; None where it isn't.
        shares: digest of the claim of the same decision whose number it has; "" where the number
            is its own.
        alone: it was read before beside another claim, and takes this number now for itself.
        refused: its items were drawn for another look, which has spent all of alpha.
        beside: where it isn't counted, what judges it beside each counted claim, in their order.
        beginning: of a look that was taken: `Look.beginning`.
    """

    number: int
    taken: bool
    tries: int | None
    extends: tuple[int, ...]
    looks: Looks | None
    shares: str = ""
    alone: bool = False
    refused: bool = False
    beside: tuple[Beside, ...] = ()
    beginning: str = ""

    @property
    def pays(self) -> bool:
        return self.looks is not None

    @property
    def elsewhere(self) -> bool:
        """Whether its level comes from its candidate's tries on other items."""
        return (
            self.looks is not None and self.looks.arms is None and (self.tries or 1) > self.number
        )

    @property
    def is_charged(self) -> bool:
        """Whether a look was taken for it, or would be."""
        own = self.pays and not self.shares
        return own or any(each.charged for each in self.beside)

    @property
    def free(self) -> bool:
        """Whether no look is left to be taken for it."""
        return self.taken and not self.alone and all(each.taken for each in self.beside)

    def strictest_looks(self, alpha: float) -> Looks:
        """The looks that judge it: the strictest of the possible ones."""
        candidates = [self.looks] if self.looks else [each.looks for each in self.beside]
        return min(candidates, key=lambda looks: looks.level(alpha), default=Looks((1,)))


@dataclass(frozen=True, slots=True)
class Standing:
    """Positions of a decision's claims in the ledger `home`, valid while it has `entries` entries.

    Attributes:
        first: digest of the claim that is counted first, beside which the others are read.
        apart: digests of claims that are read by themselves, of which one is enough to ship.
    """

    claims: Sequence[Claim]
    positions: Sequence[LedgerPosition]
    home: str
    entries: int
    first: str = ""
    apart: frozenset[str] = frozenset()

    @property
    def is_news(self) -> bool:
        """Whether a look is still to be taken."""
        return not all(at.free for at in self.positions)

    @property
    def pairs(self) -> list[tuple[Claim, LedgerPosition]]:
        return list(zip(self.claims, self.positions, strict=True))
