"""How often verdict and intervals are right, as docs/verdict-rates.md and docs/statistics.md have
it: both are printed by benchmarks, and a test holds these rows to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Of 10,000 simulated studies the shares by verdict; `false` is the share of false ships."""

    scores: str
    truth: str
    items: int
    guards: int
    ship: str
    hold: str
    more: str
    false: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often a nominal 95% interval held the truth, of 2,000 draws."""

    items: str
    changes: str
    clusters: str
    correlation: str
    evalhub: str
    normal: str
    bootstrap: str


RATES = (
    Rate("continuous", "all equal", 1000, 4, "0.003", "0.024", "0.974", "0.0029 ± 0.0005"),
    Rate("continuous", "primary +.04, guards 0", 2500, 4, "0.668", "0.000", "0.332", ""),
    Rate(
        "continuous",
        "one guard exactly −margin",
        2500,
        4,
        "0.021",
        "0.008",
        "0.972",
        "0.0208 ± 0.0014",
    ),
    Rate("continuous", "one guard −.05", 2500, 4, "0.000", "0.997", "0.003", "0.0000 ± 0.0000"),
    Rate("continuous", "primary −.03", 2500, 4, "0.000", "0.773", "0.227", "0.0000 ± 0.0000"),
    Rate(
        "continuous",
        "primary 0, guards surely kept",
        2500,
        16,
        "0.024",
        "0.026",
        "0.951",
        "0.0235 ± 0.0015",
    ),
    Rate("yes/no", "all equal", 1000, 4, "0.002", "0.025", "0.974", "0.0016 ± 0.0004"),
    Rate(
        "yes/no",
        "one guard −margin, the rest sure",
        2500,
        16,
        "0.021",
        "0.003",
        "0.976",
        "0.0215 ± 0.0015",
    ),
)

COVERAGES = (
    Coverage("20", ".04/.01", "–", "–", ".999", ".634", ".553"),
    Coverage("200", ".04/.01", "–", "–", ".945", ".932", ".943"),
    Coverage("1000", ".30/.20", "–", "–", ".946", ".945", ".960"),
    Coverage("200", ".30/.20", "20", ".3", ".951", ".934", ".683"),
    Coverage("1000", ".04/.01", "20", ".3", ".998", ".657", ".313"),
)
