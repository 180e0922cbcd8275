"""A review's judgments as a decision takes them. Pure."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalhub.decision.arm_scores import ItemLabel
from evalhub.declare.decision import EarlyStopLimits
from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.people import UnconfirmedUse


@dataclass(frozen=True, slots=True)
class Judgments:
    """A campaign's judgments; entry i of choices, items and raters is one judgment.

    Attributes:
        choices: "candidate", "baseline", "tie" or "both-bad".
        planned: how many judgments the campaign asks for.
        identical: items whose two answers read the same, which nobody is asked about: the win
            score is over the items whose answers differ, and this says how many it leaves out.
        early_stop: how the campaign's own rule ended it early, where it did.
        spent: share of alpha that looks by that rule could spend; a campaign that ran to its end
            is judged with the rest.
        plan: which of the plans for these answers that were judged this is, 1 for the first.
        opened: how many plans for these answers there are.
        plan_hash: SHA-256 of the sealed plan that they were given by; "" for those of a file.
        seal: SHA-256 over them, as the review was sealed when it ended; likewise.
        too_fast: of each judgment, whether it came before both texts could be read; empty: nobody
            took the time.
        looks: what is to be said of the answers' looks, in sentences.
        diverse: near-copies of an item were drawn last, so that items are no random sample.
        identities: who answers for each person who judged; empty: of a file.
        unconfirmed: what the policy makes of judgments of people whom nobody confirmed.
        weights: by item, how much it counts, above 0; empty: all alike.
        clusters: by item, what it belongs to with others, such as its user; none: to nothing.
    """

    choices: Sequence[str]
    items: Sequence[str]
    raters: Sequence[str]
    planned: int
    identical: int = 0
    early_stop: EarlyStopLimits | None = None
    spent: float = 0.0
    plan: int = 1
    opened: int = 1
    plan_hash: str = ""
    seal: str = ""
    too_fast: Sequence[bool] = ()
    looks: Sequence[str] = ()
    diverse: bool = False
    identities: Sequence[ReviewerIdentity] = ()
    unconfirmed: UnconfirmedUse = "exclude"
    weights: Mapping[str, float] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)

    def of_sample(self, items: Sequence[ItemLabel]) -> "Judgments":
        """The same with the items' weights and clusters, as far as these have some."""
        weights = {each.key: each.weight for each in items if each.weight is not None}
        clusters = {each.key: each.cluster for each in items if each.cluster}
        return replace(self, weights=weights, clusters=clusters)

    @property
    def judgment_weights(self) -> list[float] | None:
        """Each judgment's weight, which is its item's; None: all count alike, or not all have
        one."""
        if not self.weights or self.unweighted_items:
            return None
        return [self.weights[item] for item in self.items]

    @property
    def unweighted_items(self) -> int:
        """Of a weighted sample, number of judged items without a weight."""
        return len({*self.items} - self.weights.keys()) if self.weights else 0

    @property
    def units(self) -> list[Hashable]:
        """What each judgment is clustered by: its item's cluster, else its item."""
        of = self.clusters
        return [("cluster", of[item]) if of.get(item) else item for item in self.items]

    @property
    def left_out(self) -> int:
        """Number of judgments that were given and don't count."""
        return sum(each.left_out for each in self.identities)

    @property
    def complete(self) -> bool:
        """Whether no more judgments will come."""
        received = len(self.choices) + self.left_out
        return self.early_stop is not None or 0 < self.planned <= received

    @property
    def as_planned(self) -> bool:
        """Whether its items are a random sample of those whose answers differ, and all are
        judged."""
        as_drawn = self.early_stop is None and not self.diverse
        return self.complete and as_drawn and not self.left_out

    @property
    def reviewers(self) -> int:
        return len(set(self.raters))


@dataclass(frozen=True, slots=True)
class CountedReview:
    """The facts that may be read of an unfinished or changed review; fields as in `Judgments`."""

    judgments: int
    planned: int
    identical: int = 0
    plan: int = 1
    opened: int = 1
    plan_hash: str = ""
