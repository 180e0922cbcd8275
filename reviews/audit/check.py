"""One thing that the blind audit looks at, and the family that its tests are judged in. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from evalhub.stats.multiplicity import holm

Status = Literal["not established", "attention", "pass"]

LEVEL = 0.01
"""Chance that a fair campaign calls for a look by any of its tests, at most."""
DEALING, PEOPLE = 1, 5
"""Weights in the family: shares of LEVEL.

A fault of dealing goes through every turn and gives a p-value near 0, so its tests need little;
what people do is seen in few judgments.
"""


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """One check of the audit: its title, what was tested, the result in words and numbers.

    A statistical test has its own `p` and, once judged, its p corrected for all tests of the
    audit. "not established": there was nothing to test, or too little to say so.
    """

    key: str
    title: str
    tested: str
    found: str
    status: Status
    numbers: dict[str, Any]
    p: float | None = None
    weight: int = 0
    corrected: float | None = None


def status_of(something: bool, fine: bool) -> Status:
    return "not established" if not something else "pass" if fine else "attention"


def a_test(
    key: str,
    title: str,
    tested: str,
    measured: str,
    p: float | None,
    weight: int,
    numbers: dict[str, Any],
    *,
    enough: bool = True,
) -> AuditCheck:
    """A check with a p-value; its status is decided together with all others (`judge_checks`).

    `p` is None where there was nothing to test. Where there wasn't `enough` to say that all is
    well, a test that calls for no look hasn't passed either.
    """
    status = status_of(p is not None and enough, True)
    return AuditCheck(key, title, tested, measured, status, numbers, p, weight)


def judge_checks(checks: Iterable[AuditCheck]) -> list[AuditCheck]:
    """The checks with their p-values corrected together (Holm, weighted), and judged by LEVEL;
    what isn't established first, then what calls for a look.

    The chance that any of them calls for a look where all hypotheses hold is at most LEVEL, however
    the tests depend on each other.
    """
    all_checks = list(checks)
    tests = [(each.key, each.p, each.weight) for each in all_checks if each.p is not None]
    family = holm([p for _, p, _ in tests], [weight for *_, weight in tests])
    corrected = {key: float(p) for (key, *_), p in zip(tests, family, strict=True)}
    judged_checks = [
        replace(
            check,
            corrected=corrected[check.key],
            status="attention" if corrected[check.key] <= LEVEL else check.status,
        )
        if check.key in corrected
        else check
        for check in all_checks
    ]
    return sorted(judged_checks, key=lambda check: get_args(Status).index(check.status))


def binomial_p(count: int, total: int, share: float = 0.5, alternative: str = "two-sided") -> float:
    """P-value of scipy's exact binomial test; scipy is imported on the first call (slow)."""
    from scipy.stats import binomtest

    return float(binomtest(count, total, share, alternative=alternative).pvalue)


def times(p_values: Iterable[float]) -> float | None:
    """One p-value for several (Bonferroni); None without any."""
    ps = list(p_values)
    return min(1.0, len(ps) * min(ps)) if ps else None
