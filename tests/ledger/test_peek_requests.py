"""A claim of files is the same claim once it has been sent to a site."""

import json
import random

import numpy as np
import pytest

from evalhub.decision.arm_scores import ArmScores, ItemLabel, by_item
from evalhub.decision.requirements import Requirement
from evalhub.declare.declaration import validate
from evalhub.declare.peeks import SentClaim
from evalhub.ledger.claim_content import content_digest
from evalhub.ledger.file_claims import FileClaim
from evalhub.ledger.peek_requests import from_sent_claim, to_sent_claim

TAGS = ["easy", "hard", "rare"]
ODD = [0.1 + 0.2, -0.0, 1e-300, 1.0, None]


def a_claim(rng: random.Random) -> FileClaim:
    """Items with or without clusters, weights, tags, contexts and several answers."""
    count = rng.randrange(1, 40)
    clustered, weighted, tagged, samples = (rng.random() < 0.5 for _ in range(4))
    labels = [
        ItemLabel(
            f"q{i}",
            rng.choice(["", "one", "two"]) if clustered else "",
            rng.sample(TAGS, 2) if tagged else (),
            rng.choice([None, 0.5, 2.0]) if weighted else None,
        )
        for i in range(count)
    ]
    own = [rng.randrange(-(2**63), 2**63) for _ in labels]
    whole = own if rng.random() < 0.5 else [each ^ 1 for each in own]

    def arm(name: str) -> ArmScores:
        answers = [rng.randrange(4) if samples and i else 1 for i in range(count)]
        return ArmScores(name, *by_item([rng.choices(ODD, k=each) for each in answers]))

    return FileClaim(
        Requirement(
            name="triage",
            role=rng.choice(["primary", "guard"]),
            test_set="triage",
            metric="f1",
            higher_is_better=rng.random() < 0.5,
        ),
        labels,
        list(zip(own, whole, strict=True)) if rng.random() < 0.8 else None,
        arm("base"),
        arm("tuned"),
        "f1",
        rng.choice([None, {}, {"threshold": 0.1 + 0.2, "labels": ["a", "b"]}]),
        dict.fromkeys(TAGS, 1 / 3) if tagged and rng.random() < 0.5 else None,
        rng.choice(["", "0" * 64]),
    )


def digest(claim: FileClaim) -> str:
    prints = claim.prints or [(i, i) for i, _ in enumerate(claim.items)]
    items = [
        label._replace(fingerprint=own) for label, (own, _) in zip(claim.items, prints, strict=True)
    ]
    return content_digest(items, claim.baseline, claim.candidate, question={}, mix=claim.mix)


@pytest.mark.parametrize("seed", range(200))
def test_what_is_received_has_the_content_of_what_was_sent(seed: int) -> None:
    claim = a_claim(random.Random(seed))
    text = json.dumps(to_sent_claim(claim).as_json())
    received = from_sent_claim(validate(SentClaim, json.loads(text)))
    assert digest(received) == digest(claim)
    assert received.prints == claim.prints
    if claim.prints is None:
        assert [each.key for each in received.items] == [each.key for each in claim.items]
    else:
        assert '"q0"' not in text
    for name in ("role", "tier", "test_set", "metric", "higher_is_better"):
        assert getattr(received.requirement, name) == getattr(claim.requirement, name)
    for name in ("metric", "options", "mix", "measured"):
        assert getattr(received, name) == getattr(claim, name)
    for sent, there in (
        (claim.baseline, received.baseline),
        (claim.candidate, received.candidate),
    ):
        assert np.array_equal(sent.item_indices, there.item_indices)
        assert np.array_equal(sent.values, there.values, equal_nan=True)
