"""Two arms on the same items: intervals and tests."""

from evalhub.report.methods.method import Chapter, Method

TANGO = Method(
    key="tango",
    name="Tango score interval",
    pattern=r"Tango score interval",
    words=(
        "For scores that are right or wrong. Each difference that could be true is tried: would "
        "what was seen be surprising if it were? The interval holds those that would not be.",
        "The spread is the one that items would have if that difference were true, not the one "
        "seen. So an interval never shrinks to nothing, even where no item changed: a hundred "
        "items without a change still leave room for 3.7% of regressions.",
    ),
    formula="(wins − losses − n·D)² = z² · n · (2q + D·(1 − D))",
    symbols="D: the difference that is tried; n: items; q: the share of losses that fits best if "
    "D is true; z: 1.96 for a 95% interval. The interval's ends are the two solutions for D.",
    source="Tango 1998, Statistics in Medicine 17, 891–908.",
)

BOUNDED = Method(
    key="bounded-score",
    name="Bounded score interval",
    pattern=r"bounded score interval",
    words=(
        "The same idea for scores with any values: among all ways in which the items could be "
        "distributed with a mean of D, the one that fits what was seen best gives the spread.",
        "Both ends of the scale count, because what was never seen may still happen. It is used "
        "while few differences carry the result, and is wide on purpose: the usual formula "
        "promises more there than it holds.",
    ),
    formula="(d̄ − D)² = z² · V(D) / n",
    symbols="d̄: the mean difference seen; D: the difference that is tried; V(D): the variance of "
    "the best-fitting distribution with mean D on the values seen and on both ends of the scale.",
    source="Tango's interval and Wilson's (1927) are its special cases; the best fit is "
    "empirical likelihood's (Owen 1988, Biometrika 75, 237–249).",
)

SINGLE = Method(
    key="one-observation",
    name="One observation",
    pattern=r"of a single observation",
    words=(
        "All items belong to one cluster, or all judgments to one item. However many there are, "
        "that is one piece of evidence, and the interval is as wide as one piece allows.",
    ),
)

PAIRED_T = Method(
    key="paired-t",
    name="Paired t",
    pattern=r"\bpaired t\b",
    words=(
        "Each item's two scores are subtracted, so hard items weigh on neither arm. The interval "
        "is the mean difference plus and minus a multiple of its error, the multiple being a "
        "little larger where items are few.",
        "Used where at least 20 differences carry the variance: with fewer, an interval of this "
        "kind leaves out the truth too often.",
    ),
    formula="d̄ ± t(n − 1) · s / √n\np-value: twice the chance of a t beyond |d̄| · √n / s",
    symbols="d̄ and s: mean and standard deviation of the items' differences; n: items.",
    source="Student 1908, Biometrika 6, 1–25.",
)

CR2 = Method(
    key="cr2",
    name="Clusters (CR2)",
    pattern=r"\bCR2\b",
    words=(
        "Questions on one document, or turns of one customer, succeed and fail together: ten of "
        "them are not ten pieces of evidence. What is left over after the mean is summed within "
        "each cluster first, and the error is computed from these sums.",
        "The design effect says how many times larger the variance is than that of as many "
        "independent items. The t in the name has as many degrees of freedom as the clusters "
        "support, fewer where some are much larger than others.",
    ),
    formula="variance = Σ S_c² / (1 − n_c/n) / n²\ninterval: d̄ ± t(df) · √variance\n"
    "design effect = variance / (s²/n)",
    symbols="S_c: sum of cluster c's residuals; n_c: its items; n: all items.",
    source="Bell and McCaffrey 2002, Survey Methodology 28, 169–181; degrees of freedom by "
    "Satterthwaite's rule.",
)

WEIGHTED = Method(
    key="weights",
    name="Weighted items",
    pattern=r"\bweighted\b",
    words=(
        "The test set has other shares of each kind of item than production. Every item is "
        "counted more or less, so that the shares are production's. Unequal weights cost "
        "precision, and the design effect says how much.",
    ),
    formula="w = production's share of the kind / its share of the test set\nd̄ = Σ w·d / Σ w",
    source="Horvitz and Thompson 1952, JASA 47, 663–685.",
)

NO_NARROWER = Method(
    key="no-narrower",
    name="No narrower than the bounded score interval",
    pattern=r"no narrower than",
    words=(
        "Differences are rare here, or few clusters could differ at all. The clusters' formula "
        "alone would be too sure, so the interval is the wider of the two. For the second, the "
        "items count as fewer: as many as would be left if items of a cluster were alike by a "
        "correlation of at least 0.3.",
    ),
    formula="effective items = n / (1 + (m − 1)·0.3)",
    symbols="m: the size of a cluster, larger clusters counting more.",
    source="Kish 1965, Survey Sampling, for the formula; the 0.3 is Evalhub's, by simulation.",
)

WIDENED = Method(
    key="widened",
    name="Widened to 0",
    pattern=r"widened to 0",
    words=(
        "Interval and test are two formulas and may disagree at the edge: four wins and no loss "
        "have an interval above 0 but a p-value of .06. Where they do, the interval is widened to "
        "hold 0, so that a page never says both.",
    ),
)

SHARE = Method(
    key="relative",
    name="Relative margin",
    pattern=r"of candidate − .*·baseline",
    words=(
        "A margin as a share of the baseline's own value, for baselines that are low or have a "
        "unit of their own: losing 2 points of 90 is not losing 2 of 10. What is tested item by "
        "item is the candidate less that share of the baseline, so the uncertainty of the "
        "baseline is part of the interval.",
    ),
    formula="holds if the lower end of  candidate − (1 − m)·baseline  is above 0",
    symbols="m: the share that may be lost.",
    source="Fieller 1954, JRSS B 16, 175–185: the test of a ratio by a difference.",
)

FIELLER = Method(
    key="fieller",
    name="Ratio of means (Fieller)",
    pattern=r"^Fieller",
    words=(
        "For costs such as latency and tokens: how many times the baseline's mean the candidate's "
        "is. Both means are uncertain, and both arms were measured on the same items. The "
        "interval holds every ratio r at which the candidate less r times the baseline can't be "
        "told from 0.",
    ),
    formula="(c̄ − r·b̄)² = t² · var(c̄ − r·b̄)",
    symbols="c̄, b̄: means of candidate and baseline; t: Student's. The interval's ends are the two "
    "solutions for r.",
    source="Fieller 1954, JRSS B 16, 175–185.",
)

NO_RATIO = Method(
    key="no-ratio",
    name="No interval of a ratio",
    pattern=r"^no interval of a ratio|nothing can be a share",
    words=(
        "Below eight items (or eight clusters), and below fifty that all have the same ratio, an "
        "interval of a ratio doesn't hold what it promises; where the baseline's mean isn't above "
        "0 there is no ratio at all. The page says so rather than show a number: more items are "
        "needed.",
    ),
)

SAME_RUN = Method(
    key="same-run",
    name="The same run for both arms",
    pattern=r"^the same run for both arms|^none: the arms are one here",
    words=(
        "On this test set the candidate is the baseline: the same answers count for both. Nothing "
        "can differ, so a guard holds without a test, and nothing can be gained.",
    ),
)

MCNEMAR = Method(
    key="mcnemar",
    name="Mid-p McNemar",
    pattern=r"mid-p McNemar",
    words=(
        "Only items on which the arms disagree say anything. If neither were better, wins would "
        "fall like heads of a fair coin. The p-value is the chance of a split at least as uneven "
        "as the one seen, which itself counts half. One win against seven losses: p = .039.",
    ),
    formula="p = 2·P(X ≤ fewer) − P(X = fewer)",
    symbols="X: heads in wins + losses throws of a fair coin; fewer: the smaller of the two.",
    source="Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91.",
)

SIGN_FLIP = Method(
    key="sign-flip",
    name="Sign-flip test",
    pattern=r"sign-flip",
    words=(
        "If neither arm is better, each item's difference might as well have had the other sign. "
        "The p-value is the share of all sign patterns whose sum is as large as the one seen: "
        "exact where the sizes share a unit, else from 9,999 seeded random patterns.",
    ),
    formula="p = share of patterns with |Σ ± d| ≥ |Σ d|",
    source="Fisher 1935, The Design of Experiments, section 21.",
)

CHAPTER = Chapter(
    key="comparing",
    title="Two arms on the same items",
    lead="Both arms answer the same items, and items are compared one by one. Which method is "
    "used follows from the data, never from the result, and stands beside each criterion.",
    methods=(
        TANGO,
        BOUNDED,
        PAIRED_T,
        CR2,
        WEIGHTED,
        NO_NARROWER,
        WIDENED,
        SINGLE,
        SHARE,
        FIELLER,
        NO_RATIO,
        SAME_RUN,
        MCNEMAR,
        SIGN_FLIP,
        Method(
            key="samples",
            name="Several answers an item",
            words=(
                "Answers to one item are averaged before anything else: five answers to one "
                "question are not five questions. The variance of a difference has a part "
                "between items, which only more items reduce, and a part within them, which more "
                "answers reduce too.",
            ),
            formula="variance = (ω² + σ_A²/K_A + σ_B²/K_B) / n",
            symbols="ω²: between items; σ²: within an item, of either arm; K: answers an item.",
            source="Miller 2024, arXiv 2411.00640.",
        ),
    ),
)
