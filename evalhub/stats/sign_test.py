"""The sign test: of the pairs that differ, each is as likely to differ one way as the other.

For paired yes/no answers it is McNemar's exact test (1947).
"""


def sign_test(more: int, fewer: int) -> float:
    """One-sided exact p-value: at least `more` of the `more` + `fewer` pairs that differ do so by
    chance. 1.0 where no pair differs."""
    # Slow to import, and not needed by commands that import this one's callers.
    from evalhub.stats.distributions import binomial_cdf

    return binomial_cdf(fewer, more + fewer)


def two_sided_sign_test(a: int, b: int) -> float:
    """Two-sided exact p-value of `a` pairs that differ one way and `b` the other; 1.0 for none."""
    return min(1.0, 2 * sign_test(max(a, b), min(a, b)))
