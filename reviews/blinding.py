"""Which side an answer is shown on, and back from sides to arms. Pure and seeded.

Everything is ranked by a keyed SHA-256, so the same seed gives the same plan on any machine
and any Python, and no side follows from an item's id, position or length.
"""

import hashlib

BLOCK = 6  # turns in which each side comes up equally often


def draw(seed: int, *labels: object) -> int:
    """A 256-bit number that looks random, and is always the same for these arguments."""
    text = "\x1f".join(map(str, (seed, *labels)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def fraction(seed: int, *labels: object) -> float:
    """A number from 0 to just below 1 that looks uniform, and is always the same for these."""
    return (draw(seed, *labels) >> 203) / 2**53


def dealing_seed(seed: int, plan_hash: str) -> int:
    """The 63-bit seed of a campaign's orders and sides: its plan's, mixed with the whole plan.

    Seeds are small and often alike. Mixed so, a side can't be computed by who hasn't got the plan,
    and one person's sides in two campaigns have nothing in common.
    """
    return draw(seed, "dealing", plan_hash) >> 193


def candidate_on_left(seed: int, reviewer: str, turn: int) -> bool:
    """Whether the candidate is on the left at a reviewer's turn (0, 1, 2, …).

    Permuted blocks: of each BLOCK consecutive turns of one reviewer, half have the candidate
    on the left, in an order of that block's own.
    """
    block, offset = divmod(turn, BLOCK)
    ranked = sorted(range(BLOCK), key=lambda p: draw(seed, "side", reviewer, block, p))
    return ranked.index(offset) < BLOCK // 2


def canonical(choice: str, *, candidate_on_left: bool) -> str:
    """Maps a choice as presented ("left", "right", "tie", "both-bad") to the preferred arm.

    Returns "candidate", "baseline", "tie" or "both-bad". Raises KeyError for another choice.
    """
    left, right = ("candidate", "baseline") if candidate_on_left else ("baseline", "candidate")
    return {"left": left, "right": right, "tie": "tie", "both-bad": "both-bad"}[choice]
