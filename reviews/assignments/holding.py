"""How many comparisons a reviewer may hold ahead of the one at hand. Pure.

Each is a turn under a lease, with its seat: whoever loses the connection goes on with them, and
others do without them as long as the lease lasts.
"""

from evalhub.declare.review import Form

MOST_AHEAD = 5
SHARE = 8
"""Of the seats that are free one person holds at most one in so many ahead, but always one, where
others may want them."""


def may_hold(*, free: int, wanted: int, contested: bool = True) -> int:
    """How many of the `wanted` comparisons a page may lease ahead, with so many `free` seats.

    They are `contested` unless each pair has a seat for everybody who reviews: then whoever holds
    one keeps nobody waiting.
    """
    fair = max(1, free // SHARE) if contested else MOST_AHEAD
    return min(wanted, MOST_AHEAD, fair)


def ends_block(turn: int, form: Form) -> bool:
    """Whether there is a pause after this turn."""
    return (turn + 1) % form.block == 0
