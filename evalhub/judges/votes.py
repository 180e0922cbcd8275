"""What a judge has said of two runs' answers, read once: for what it shows, and for a decision."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field, replace

from django.db.models import F, IntegerField, OuterRef, Subquery
from django.db.models.functions import Length

from evalhub.declare.decision import AgreementValue
from evalhub.declare.judges import JudgeFigures
from evalhub.judges.models import JudgeRun
from evalhub.registry.models import Output, Run
from evalhub.registry.repeated import clusters_by_item
from evalhub.stats.both_orders import BothOrders, both_orders
from evalhub.stats.levels import ALPHA
from evalhub.stats.sides import PositionBias, Side, position_bias


@dataclass(frozen=True, slots=True)
class JudgeVotes:
    """A judge's verdicts by item, in the order in which it was told, the candidate's first or
    second.

    `unreadable` are replies that were no verdict. `clusters` has a label an item, `lengths` the
    characters of (candidate, baseline), `weights` how much an item counts; empty: all alike.
    """

    first: dict[Hashable, str] = field(default_factory=dict)
    second: dict[Hashable, str] = field(default_factory=dict)
    unreadable: int = 0
    clusters: dict[Hashable, Hashable] = field(default_factory=dict)
    lengths: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    weights: dict[Hashable, float] = field(default_factory=dict)

    @property
    def clustered(self) -> bool:
        return len(set(self.clusters.values())) < len(self.clusters)

    def both(self, alpha: float = ALPHA) -> BothOrders:
        """The votes of pairs with a verdict in both orders, and how often it turned."""
        clusters = self.clusters if self.clustered else None
        return both_orders(self.first, self.second, clusters=clusters, alpha=alpha)

    def position(self, alpha: float = ALPHA) -> PositionBias:
        """Whether the answer that stands first wins: "left" is first. Of pairs seen in both
        orders, so that whoever is better stands first just as often."""
        rows: list[tuple[str, Side, Hashable]] = []
        for item in (each for each in self.first if each in self.second):
            rows.append((self.first[item], "left", self.clusters[item]))
            rows.append((self.second[item], "right", self.clusters[item]))
        return position_bias(
            [choice for choice, _, _ in rows],
            [side for _, side, _ in rows],
            items=[item for _, _, item in rows],
            alpha=alpha,
        )


def votes_of(judge_run: JudgeRun, items: Collection[str] | None = None) -> JudgeVotes:
    """What the judge said of these items (their keys), or of all."""
    rows = (
        judge_run.votes.order_by("item__position", "candidate_first")
        .annotate(
            key=F("item__key"),
            cluster=F("item__cluster"),
            weight=F("item__weight"),
            ours=_length(judge_run.candidate),
            theirs=_length(judge_run.baseline),
        )
        .values_list(
            "key", "cluster", "candidate_first", "choice", "ours", "theirs", "item", "weight"
        )
    )
    joined = clusters_by_item(judge_run.candidate.test_set_version)
    votes = JudgeVotes()
    unreadable = 0
    for key, own_cluster, candidate_first, choice, ours, theirs, item, weight in rows:
        if items is not None and key not in items:
            continue
        cluster = joined.get(item, own_cluster)
        votes.clusters[key] = f"c {cluster}" if cluster else f"i {key}"
        votes.lengths[key] = (ours or 0, theirs or 0)
        if weight is not None:
            votes.weights[key] = weight
        if choice:
            (votes.first if candidate_first else votes.second)[key] = choice
        else:
            unreadable += 1
    return replace(votes, unreadable=unreadable)


def _length(run: Run) -> "Subquery[IntegerField[int, int]]":
    answers = Output.objects.filter(run=run, item=OuterRef("item"), sample=0)
    return Subquery(answers.values(n=Length("text"))[:1])


def figures_of(votes: JudgeVotes, *, pairs: int, alpha: float = ALPHA) -> JudgeFigures:
    """Consistency figures of the judge over so many pairs, without which arm it preferred."""
    both, position = votes.both(alpha), votes.position(alpha)
    return JudgeFigures(
        pairs=pairs,
        read=both.pairs,
        unreadable=votes.unreadable,
        flipped=both.flipped,
        wavered=both.wavered,
        flip_rate=AgreementValue(value=both.flip_rate, lower=both.lower, upper=both.upper),
        first=AgreementValue(value=position.share_left, lower=position.lower, upper=position.upper),
        first_p=position.p_value,
    )
