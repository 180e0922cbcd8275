"""What people say: preference, agreement, and a judge beside them."""

from evalhub.report.methods.method import Chapter, Method

WIN_SCORE = Method(
    key="win-score",
    name="Win score, clustered by item and by reviewer",
    pattern=r"clustered by item|the interval's own",
    words=(
        "The share of judgments that the candidate won, a tie counting half; “both bad” counts as "
        "a tie and is always shown apart. Above one half, people prefer the candidate.",
        "Judgments of one item resemble each other, and so do those of one reviewer: a hundred "
        "judgments of ten items by two people are far from a hundred. The interval adds what "
        "items and what reviewers contribute. With one reviewer it says nothing of others, and "
        "says that. There is no other test than the interval itself.",
    ),
    formula="half-width = t(df) · √( V_items + max(0, V_reviewers − V_judgments) )",
    symbols="V: the variance with judgments summed by item, by reviewer and not at all (CR2); df: "
    "V² / (V_items²/df_items + V_reviewers²/df_reviewers), after Satterthwaite.",
    source="Cameron, Gelbach and Miller 2011, Journal of Business & Economic Statistics 29, "
    "238–249.",
)

CHAPTERS = (
    Chapter(
        key="preference",
        title="What people prefer",
        lead="Reviewers compare two answers without knowing which arm gave which.",
        methods=(
            WIN_SCORE,
            Method(
                key="bradley-terry",
                name="Several arms: Bradley-Terry and Davidson",
                words=(
                    "Where several arms were compared in pairs, each gets one strength on a "
                    "common scale. The chance to win depends on the difference of two strengths, "
                    "and a tie is likeliest between equals. A liking for the left side, or for "
                    "the longer answer, can be a term of its own.",
                ),
                formula="win : loss : tie = e^(η/2) : e^(−η/2) : ν",
                symbols="η: difference of the strengths; ν: how common ties are.",
                source="Bradley and Terry 1952, Biometrika 39, 324–345; Davidson 1970, JASA 65, "
                "317–328.",
            ),
            Method(
                key="position",
                name="Position bias and self-consistency",
                words=(
                    "Sides are dealt by a fair coin, so the left should be chosen half the time: "
                    "an exact test says whether it was. Pairs that are shown twice with the sides "
                    "swapped say how often a reviewer chooses the same answer, and how often the "
                    "same side.",
                ),
                formula="p = P(a split of left and right at least as uneven | a fair coin)",
                source="Exact binomial test; limits by Clopper and Pearson 1934.",
            ),
            Method(
                key="length",
                name="Length control",
                words=(
                    "Longer answers tend to win. The model of the win score gets the difference "
                    "of the logarithms of both lengths, and the score is read where they are "
                    "equal, beside the raw one.",
                ),
                source="Dubois and others 2024, arXiv 2404.04475.",
            ),
        ),
    ),
    Chapter(
        key="agreement",
        title="How far reviewers agree",
        lead="Three figures stand together because each misleads alone.",
        methods=(
            Method(
                key="raw-agreement",
                name="Raw agreement",
                words=(
                    "The share of pairs of judgments of one item that are equal. It is high by "
                    "chance where one answer is common.",
                ),
            ),
            Method(
                key="alpha",
                name="Krippendorff’s α",
                words=(
                    "How much less reviewers disagree than judgments dealt at random would: 1 is "
                    "full agreement, 0 is chance. Any number of reviewers, judgments may be "
                    "missing, labels may be ordered. It falls to 0 where nearly all judgments are "
                    "the same, however well people agree.",
                ),
                formula="α = 1 − observed disagreement / expected disagreement",
                source="Krippendorff 2011, Computing Krippendorff’s Alpha-Reliability. Intervals "
                "from 2,000 seeded bootstrap draws of items.",
            ),
            Method(
                key="ac1",
                name="Gwet’s AC1",
                words=(
                    "The same question with another idea of chance, which stays sensible where "
                    "one answer is common. A policy’s floor on agreement is a floor on AC1: below "
                    "it judgments are no evidence, and the verdict is “invalid”.",
                ),
                formula="AC1 = (p_a − p_e) / (1 − p_e),   p_e = Σ π_k·(1 − π_k) / (q − 1)",
                symbols="p_a: raw agreement; π_k: how common label k is; q: number of labels.",
                source="Gwet 2008, British Journal of Mathematical and Statistical Psychology 61, "
                "29–48.",
            ),
            Method(
                key="kappa",
                name="Cohen’s, Fleiss’ and Brennan-Prediger’s κ; Dawid and Skene",
                words=(
                    "Other figures of the same kind, for those who know them. With 123 of 125 "
                    "items on one common label, raw agreement is .944, Cohen’s κ −.023 and AC1 "
                    ".941: nothing is decided on κ. Dawid and Skene’s model goes further and "
                    "estimates each reviewer’s habits.",
                ),
                formula="κ = (p_a − p_e) / (1 − p_e)",
                source="Cohen 1960; Fleiss 1971; Brennan and Prediger 1981; Dawid and Skene 1979.",
            ),
        ),
    ),
    Chapter(
        key="judge",
        title="A judge beside people",
        lead="A language model may judge many answers; people say how far it can be trusted.",
        methods=(
            Method(
                key="judge-check",
                name="Checking a judge",
                words=(
                    "On items that people labelled too: how often it says the same (with α and "
                    "AC1), whether it leans to one arm, to one side, or to the longer answer.",
                ),
            ),
            Method(
                key="ppi",
                name="Prediction-powered inference (PPI++)",
                pattern=r"^PPI\+\+",
                words=(
                    "Few labels of people and many of a judge in one estimate: the judge’s mean "
                    "over everything, corrected by what people said where both looked. The judge "
                    "is trusted as far as it follows people; a useless one gets weight 0 and "
                    "costs nothing. Refused below 50 human labels, and where these aren’t a "
                    "random sample of what was judged.",
                ),
                formula="θ = Ȳ + λ·(Ū − F̄)",
                symbols="Ȳ: people’s mean; F̄: the judge’s on the same items; Ū: the judge’s on "
                "the others; λ: trust in the judge, 0 to 1.",
                source="Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453.",
            ),
        ),
    ),
)
