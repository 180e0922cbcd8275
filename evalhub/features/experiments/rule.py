"""The rule that routes users: a hash, and two ranges of it. Pure.

A user's unit is the keyed hash of their id that traffic stores (`keeping.user_hash`). Its place is
the first 13 hexadecimal digits of SHA-256("SALT:UNIT") over 16¹³, a number from 0 up to 1 that
every language computes exactly. With the challenger's weight w and the coverage c the champion has
the places from 0 up to c·(1 − w), the challenger those from 1 − w up to 1 − w + c·w. Who is in
neither isn't in the experiment, and is served as if there was none. More coverage lengthens both
ranges at their ends, so that nobody changes the arm; another weight moves users, and is a new epoch
with a new salt.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

DIGITS = 13


class Variant(StrEnum):
    """The arms of an experiment, as requests and flags name them."""

    CHAMPION = "champion"
    CHALLENGER = "challenger"


def place(salt: str, unit: str) -> float:
    """Where a unit stands, from 0 up to but not 1."""
    digest = sha256(f"{salt}:{unit}".encode()).hexdigest()
    return int(digest[:DIGITS], 16) / 16.0**DIGITS


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Who is in which arm.

    Attributes:
        salt: of the epoch.
        weight: the challenger's share of those in the experiment, above 0 and below 1.
        coverage: the share of all users in the experiment, from 0 to 1.
    """

    salt: str
    weight: float
    coverage: float

    @property
    def share(self) -> float:
        """The challenger's share of all users."""
        return self.weight * self.coverage

    @property
    def ranges(self) -> dict[Variant, tuple[float, float]]:
        """Of each arm the places from the first up to the second."""
        start = 1 - self.weight
        return {
            Variant.CHAMPION: (0.0, start * self.coverage),
            Variant.CHALLENGER: (start, start + self.weight * self.coverage),
        }

    def variant(self, unit: str) -> Variant | None:
        """The unit's arm; None: it isn't in the experiment."""
        at = place(self.salt, unit)
        for variant, (first, end) in self.ranges.items():
            if first <= at < end:
                return variant
        return None
