"""How much is enough, looking early, and many tests at once."""

from evalhub.report.methods.method import Chapter, Method

PLANNING = Chapter(
    key="planning",
    title="How much is enough",
    lead="Sizes rest on what is planned, never on the difference that was seen.",
    methods=(
        Method(
            key="power",
            name="Power",
            words=(
                "The chance that this many items show what is true. The curve of a criterion "
                "draws it for the gap that was planned: a candidate that loses nothing, seen "
                "against a guard’s margin, or one that gains what was planned. At 80% four "
                "studies in five succeed.",
            ),
            formula="power = Φ( gap · √(n / design effect) / s − z(1 − α) )",
            symbols="Φ: the normal distribution; s: standard deviation of the items’ differences.",
            source="Cohen 1988, Statistical Power Analysis; Connor 1987, Biometrics 43, 207–211, "
            "for scores that are right or wrong.",
        ),
        Method(
            key="mde",
            name="Smallest difference that shows",
            words=(
                "Turned round: what these items would show with a chance of 80%. A margin or a "
                "gain smaller than this needs more items, whatever the result looks like.",
            ),
            formula="gap = (z(1 − α) + z(.8)) · s · √(design effect / n)",
        ),
        Method(
            key="effort",
            name="Items, clusters, answers, judgments, hours",
            words=(
                "Items that come in clusters need as many more clusters as they hold of items. "
                "More answers an item help only with the part of the variance that lies within "
                "items, so a number of answers may suffice, or none. Judgments are counted in "
                "reviewers’ hours.",
            ),
            formula="answers an item = within / ( n·gap² / (z² · design effect) − between )",
            symbols="within, between: the two parts of the variance of an item’s difference.",
            source="Miller 2024, arXiv 2411.00640.",
        ),
    ),
)

WATCHING = Chapter(
    key="watching",
    title="Looking early, and many tests",
    lead="A usual 95% interval that is looked at a hundred times leaves out the truth in 39% of "
    "studies.",
    methods=(
        Method(
            key="sequential",
            name="Confidence sequences",
            pattern=r"confidence sequence",
            words=(
                "Limits that hold at every look together, at about one and a half times the width, "
                "so that a review may be stopped early by its own rule. Bets of constant size are "
                "placed against each supposed win score, several sizes at once; a supposed score "
                "is excluded on one side once the wealth won against it has reached 2/α.",
                "A review that its own rule ended early keeps the interval of that rule: it holds "
                "at whichever look it ended.",
            ),
            formula="m is excluded once  mean over k of ∏ (1 + k·v_i·(x_i/m − 1)) ≥ 2/α",
            symbols="x: choices in [0, 1]; v: weights fixed before each choice; k: sizes of bets.",
            source="Waudby-Smith and Ramdas 2024, JRSS B 86, 1–27; Ville 1939.",
        ),
        Method(
            key="multiplicity",
            name="Holm",
            words=(
                "Holm keeps the chance of any false alarm; it is what calls harm. The table by tag "
                "isn't corrected and decides nothing.",
            ),
            formula="adjusted p(i) = max over j ≤ i of (m − j + 1)·p(j), p(1) ≤ … ≤ p(m)",
            source="Holm 1979, Scandinavian Journal of Statistics 6, 65–70.",
        ),
    ),
)
