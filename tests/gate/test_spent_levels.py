"""Over random histories: what all claims may spend, of any item and of any candidate, is alpha."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import pytest
from django.db import transaction

from evalhub.gate.ledger import Claim, Looks, Standing, standing_of
from evalhub.gate.ledger_origin import FirstLooks
from evalhub.gate.same_items import SameItems
from evalhub.gate.taking import take
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db

ALPHA, STEPS = 0.025, 25
MOST = 1.023 * ALPHA
"""What the choices of claims that were read beside others may add is .023 of alpha."""


class Desk:
    """A set, two parts of it, and another; guards of two sets, of which one is added to; three
    candidates, of which two are builds of one line."""

    def __init__(self, team: Team, rng: random.Random) -> None:
        self.rng = rng
        questions = [{"input": f"Question {i}?"} for i in range(6)]
        self.primaries = [
            a_test_set(team, "whole", items=questions),
            a_test_set(team, "part", items=questions[:3]),
            a_test_set(team, "other-part", items=questions[3:]),
            a_test_set(team, "fresh", items=4),
        ]
        self.guards = [a_test_set(team, "sums", items=n) for n in (3, 5)]
        self.guards.append(a_test_set(team, "words", items=4))
        base = a_version(team, "base", backend={"type": "recorded", "build": "b1"})
        versions = [a_version(team, "line", parent=base)] + [
            a_version(team, "built", parent=base, backend={"type": "recorded", "build": build})
            for build in ("one", "two")
        ]
        self.runs: dict[tuple[ModelVersion, TestSetVersion], Run] = {
            (version, on): a_run(version, on, scores=[1.0] * on.item_count)
            for version in (base, *versions)
            for on in (*self.primaries, *self.guards)
        }
        self.base, self.versions = base, versions
        self.items = {
            on: frozenset(on.items.values_list("fingerprint", flat=True)) for on in self.primaries
        }
        self.study: Study = a_study(
            team, baseline=base, candidate=versions[0], primary=self.primaries[0]
        )

    def claim(self, version: ModelVersion, on: TestSetVersion, *, primary: bool) -> Claim:
        """Of one of a few contents, so that some are asked again."""
        metric = self.rng.choice(["exact_match", "exact_match", "contains"])
        scores = self.rng.randrange(6)
        return Claim(
            on.test_set.slug,
            primary,
            True,
            self.runs[self.base, on],
            self.runs[version, on],
            asked={"metric": metric},
            scores=("", ""),
            content=f"{version.pk} {on.pk} {metric} {scores}",
        )

    def decision(self) -> list[Claim]:
        """A primary and some guards, each of another set; now and then one is on the primary's."""
        version = self.rng.choice(self.versions)
        primary = self.rng.choice([*self.primaries, *self.guards[:1]])
        sets = {each.test_set_id: each for each in self.guards if self.rng.random() < 0.5}
        sets[primary.test_set_id] = primary
        guards = self.rng.sample(list(sets.values()), self.rng.randrange(min(3, len(sets) + 1)))
        return [
            self.claim(version, primary, primary=True),
            *(self.claim(version, each, primary=False) for each in guards),
        ]


def spent(looks: Looks) -> float:
    """What its last stage may err beyond what those before it spent."""
    return Looks(looks.numbers[-1:], looks.arms, looks.tries[-1:]).level(ALPHA)


class Spent:
    """By what is to bound it (an item, a candidate), the most that each claim was judged at."""

    def __init__(self) -> None:
        self.most: dict[Hashable, dict[Hashable, float]] = defaultdict(dict)

    def add(self, of: Hashable, claim: Hashable, level: float) -> None:
        self.most[of][claim] = max(level, self.most[of].get(claim, 0.0))

    def sums(self) -> Iterable[tuple[Any, float]]:
        return ((of, sum(levels.values())) for of, levels in self.most.items())


def kept(desk: Desk, claims: list[Claim]) -> Standing:
    """As decisions are: judged as it stands, and written."""
    standing = standing_of(claims, counts="primaries", shared=SameItems())
    with transaction.atomic():
        assert take(standing, study=desk.study, shared=SameItems(), first=FirstLooks())
    again = standing_of(claims, counts="primaries", shared=SameItems())
    assert not again.is_news
    assert [at.judged_by(ALPHA) for at in again.positions] == [
        at.judged_by(ALPHA) for at in standing.positions
    ], "to decide again is free, and the same"
    return standing


@pytest.mark.parametrize("seed", range(6))
def test_no_item_and_no_candidate_spends_more_than_alpha(team: Team, seed: int) -> None:
    desk = Desk(team, random.Random(seed))
    history, spending = list[list[Claim]](), Spent()
    for _ in range(STEPS):
        again = history and desk.rng.random() < 0.2
        claims = desk.rng.choice(history) if again else desk.decision()
        history.append(claims)
        standing = kept(desk, claims)
        (primary, at), *guards = standing.pairs
        assert at.looks is not None
        level = spent(at.looks)
        for item in desk.items.get(primary.version, ()):
            spending.add(("item", item), primary.digest, level)
        who = primary.candidate_key, primary.baseline_key, primary.metric_key
        spending.add(("candidate", *who), primary.digest, level)
        for guard, beside in guards:
            if beside.counted or not beside.beside:
                continue
            level = spent(beside.judged_by(ALPHA))
            of = guard.candidate_key, guard.metric_key, guard.version.test_set_id
            spending.add(("guard", *of), guard.digest, level)
            for item in desk.items.get(primary.version, ()):
                spending.add(("beside", item, *of[1:]), (primary.digest, guard.digest), level)
    assert len(spending.most) > 10
    assert {of: total for of, total in spending.sums() if total > MOST} == {}
