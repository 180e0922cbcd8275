"""Over random histories: what all claims may spend, of any item and of any candidate, is alpha."""

import random
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from evalhub.decision.levels import CHOSEN, Together, readings_worth
from evalhub.ledger.chain.follow import chain_faults
from evalhub.ledger.ledger import Claim, Looks, Standing, standing_of
from evalhub.ledger.ledger_origin import FirstLooks
from evalhub.ledger.models import Look
from evalhub.ledger.same_items import SameItems
from evalhub.ledger.taking import take
from evalhub.ledger.together import is_unread
from evalhub.registry.models import ModelVersion, Run, Study, TestSetVersion
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_study, a_test_set, a_version

pytestmark = pytest.mark.django_db

ALPHA, STEPS = 0.025, 25
MOST = 1.023 * ALPHA
"""What the choices of claims that were read beside others may add is .023 of alpha."""


class Asked(NamedTuple):
    """What a study asks: by arm its claims, those of rivals, and what arms share."""

    arms: list[list[Claim]]
    rivals: list[list[Claim]]
    together: Together


class Desk:
    """A set, two parts of it, and another; guards of two sets, of which one is added to; four
    candidates, of which two are builds of one line and one is one of these under another name; and
    four prompts, which are rivals or are tried themselves."""

    def __init__(self, team: Team, rng: random.Random) -> None:
        self.rng, self.tried = rng, list[Claim]()
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
        versions.append(
            a_version(team, "copy", parent=base, backend={"type": "recorded", "build": "one"})
        )
        self.prompts = [a_version(team, f"prompt-{i}", kind=Kind.PROMPTED) for i in range(4)]
        self.runs: dict[tuple[ModelVersion, TestSetVersion], Run] = {
            (version, on): a_run(version, on, scores=[1.0] * on.item_count)
            for version in (base, *versions, *self.prompts)
            for on in (*self.primaries, *self.guards)
        }
        self.base, self.versions = base, versions
        self.items = {
            on: frozenset(on.items.values_list("fingerprint", flat=True)) for on in self.primaries
        }
        self.study: Study = a_study(
            team, baseline=base, candidate=versions[0], primary=self.primaries[0]
        )

    def claim(
        self, version: ModelVersion, on: TestSetVersion, *, primary: bool, metric: str = ""
    ) -> Claim:
        """Of one of a few contents, so that some are asked again."""
        metric = metric or self.rng.choice(["exact_match", "exact_match", "contains"])
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

    def decision(self) -> Asked:
        """A primary and some guards, each of another set; now and then one is on the primary's. Of
        a third of them several arms are asked that share the look, beside others are rivals."""
        rivals = self.rng.sample(self.prompts, self.rng.randrange(3))
        arms = [self.rng.choice([*self.versions, *self.versions, *self.prompts])]
        if self.rng.random() < 0.4:
            arms = self.rng.sample(self.versions, self.rng.randrange(2, 4))
        primary = self.rng.choice([*self.primaries, *self.guards[:1]])
        sets = {each.test_set_id: each for each in self.guards if self.rng.random() < 0.5}
        sets[primary.test_set_id] = primary
        guards = self.rng.sample(list(sets.values()), self.rng.randrange(min(3, len(sets) + 1)))
        asked = [(primary, True), *((each, False) for each in guards)]
        metrics = [self.rng.choice(["exact_match", "exact_match", "contains"]) for _ in asked]
        alike = self.rng.choice([0.0, 0.5, 0.9])
        return Asked(
            [
                [
                    self.claim(arm, on, primary=is_primary, metric=metric)
                    for (on, is_primary), metric in zip(asked, metrics, strict=True)
                ]
                for arm in arms
            ],
            [
                [self.claim(each, primary, primary=True, metric=metrics[0])]
                for each in rivals
                if each not in arms
            ],
            Together(len(arms), (alike,) * len(asked), readings_worth(len(arms), alike)),
        )


def whole(looks: Looks) -> float:
    """What its last stage may err beyond what those before it spent: of arms that share it, any."""
    return Looks(looks.numbers[-1:], looks.arms, looks.tries[-1:]).level(ALPHA)


def event(claim: Claim, looks: Looks) -> Hashable:
    """What errs once: a claim, or all arms' that share its look."""
    if not looks.together or looks.together[-1] is None:
        return claim.digest
    return Look.objects.get(claim=claim.digest).reading


class Spent:
    """By what is to bound it (an item, a candidate), the most that each claim was judged at."""

    def __init__(self) -> None:
        self.most: dict[Hashable, dict[Hashable, float]] = defaultdict(dict)

    def add(self, of: Hashable, claim: Hashable, level: float) -> None:
        self.most[of][claim] = max(level, self.most[of].get(claim, 0.0))

    def sums(self) -> Iterable[tuple[Any, float]]:
        return ((of, sum(levels.values())) for of, levels in self.most.items())


def kept(desk: Desk, asked: Asked) -> list[Standing]:
    """As decisions are: each arm judged as it stands, and written; the first with those that share
    its look, where nobody has read them."""
    shared, standings = SameItems(), list[Standing]()
    unread = [claims for claims in asked.arms if is_unread(claims, "primaries")]
    for claims in asked.arms:
        together = asked.together if len(unread) > 1 and claims in unread else None

        def stand(claims: list[Claim], together: Together | None) -> Standing:
            return standing_of(claims, counts="primaries", together=together, shared=shared)

        standing = stand(claims, together)
        for claim, at in standing.pairs:
            if at.alone and Look.objects.rivals().filter(claim=claim.digest):
                read = Look.objects.filter(test_set_version__in=shared.of(claim.version))
                assert at.number > CHOSEN * read.count(), "a rival that is tried pays for all"
                desk.tried.append(claim)
        beside = list[Standing]()
        if together and any(at.pays and not at.taken for at in standing.positions):
            beside = [stand(other, together) for other in unread if other is not claims]
        with transaction.atomic():
            assert take(
                standing,
                study=desk.study,
                shared=shared,
                first=FirstLooks(),
                arms=beside,
                together=together,
                rivals=asked.rivals,
            )
        again = stand(claims, None)
        assert not again.is_news
        assert [at.strictest_looks(ALPHA) for at in again.positions] == [
            at.strictest_looks(ALPHA) for at in standing.positions
        ], "to decide again is free, and the same"
        standings.append(standing)
    return standings


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(6))
def test_no_item_and_no_candidate_spends_more_than_alpha(team: Team, seed: int) -> None:
    desk = Desk(team, random.Random(seed))
    history, spending, sharing = list[Asked](), Spent(), 0
    for _ in range(STEPS):
        again = history and desk.rng.random() < 0.3
        asked = desk.rng.choice(history) if again else desk.decision()
        if again and asked.rivals and desk.rng.random() < 0.6:  # the one that was read, by itself
            asked = Asked(asked.rivals[:1], [], asked.together)
        history.append(asked)
        for standing in kept(desk, asked):
            (primary, at), *guards = standing.pairs
            assert at.looks is not None
            sharing += bool(at.looks.together)
            level, errs = whole(at.looks), event(primary, at.looks)
            for item in desk.items.get(primary.version, ()):
                spending.add(("item", item), errs, level)
            who = primary.candidate_key, primary.baseline_key, primary.metric_key
            spending.add(("candidate", *who), errs, level)
            for guard, beside in guards:
                if beside.pays or not beside.beside:
                    continue
                looks = beside.strictest_looks(ALPHA)
                level, errs = whole(looks), event(guard, looks)
                of = guard.candidate_key, guard.metric_key, guard.version.test_set_id
                spending.add(("guard", *of), errs, level)
                pair = (event(primary, at.looks), errs)
                for item in desk.items.get(primary.version, ()):
                    spending.add(("beside", item, *of[1:]), pair, level)
    assert len(spending.most) > 10
    assert sharing > 10
    assert Look.objects.rivals().count() > 3
    assert desk.tried
    assert chain_faults() == []
    assert {of: total for of, total in spending.sums() if total > MOST} == {}
