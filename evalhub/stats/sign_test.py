"""The exact sign test: McNemar's (1947) test of paired yes/no answers is one."""


def sign_test(more: int, fewer: int) -> float:
    """One-sided p: at least `more` of the `more` + `fewer` pairs that differ do so by chance.

    Under the hypothesis each pair is as likely to differ one way as the other, so the count is
    binomial with probability 1/2. 1.0 where no pair differs.
    """
    from scipy.stats import binom  # slow to import, and commands import this file

    return float(binom.sf(more - 1, more + fewer, 0.5))
