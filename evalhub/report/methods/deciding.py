"""From measured criteria to one verdict, and what else the verdict rests on."""

from evalhub.report.methods.method import Chapter, Method

VERDICT = Chapter(
    key="verdict",
    title="The verdict",
    lead="Ship, hold, need more data, or invalid evidence: which one follows from rules that are "
    "written down before anything is measured.",
    methods=(
        Method(
            key="ship",
            name="Ship: everything that must hold is shown",
            words=(
                "Each criterion has a bound: a primary must gain more than is asked, a guard must "
                "lose less than its margin. A criterion holds once its whole interval lies on the "
                "right side, not once the difference seen does. A ship needs every critical "
                "criterion to hold.",
                "Since all have to hold, a false ship needs the one that is worst to pass wrongly. "
                "So no correction for many criteria is due: more guards never make a false ship "
                "likelier, they cost only power.",
            ),
            formula="ship if  lower end > bound  for every critical criterion",
            source="Intersection-union test: Berger 1982, Technometrics 24, 295–300.",
        ),
        Method(
            key="harm",
            name="Hold: harm is shown",
            words=(
                "Harm is a loss beyond a guard’s margin, a cost beyond its budget, or any loss on "
                "what must gain. Among many criteria one looks bad by chance, so their p-values "
                "are corrected by Holm’s method: the chance that anything is called harmed "
                "wrongly stays below 5%. What must gain counts as one family, so that a second "
                "primary doesn’t make a guard’s harm harder to show.",
            ),
            formula="sorted p(1) ≤ p(2) ≤ … ≤ p(m):  adjusted p(i) = max over j ≤ i of "
            "(m − j + 1)·p(j);  harm if ≤ .05",
            source="Holm 1979, Scandinavian Journal of Statistics 6, 65–70.",
        ),
        Method(
            key="futility",
            name="Hold: the gain can’t be there any more",
            words=(
                "If the whole interval of a primary lies below the gain that is asked, more items "
                "would only confirm it. The verdict is hold, not “need more data”.",
            ),
            formula="hold if  upper end of a primary < gain asked",
        ),
        Method(
            key="more",
            name="Need more data, and how much",
            words=(
                "Everything between: neither shown to hold nor shown to fail. The page says how "
                "many items would settle it, planned for the margin or the gain worth having, "
                "never for the difference seen, which would promise too much.",
            ),
            formula="n = (z(1 − α) + z(power))² · s² · design effect / gap²,   "
            "power = 1 − .2 / open criteria",
            symbols="s: standard deviation of the items’ differences; gap: a guard’s margin, a "
            "primary’s planned gain.",
        ),
        Method(
            key="invalid",
            name="Invalid evidence",
            words=(
                "No verdict at all where the evidence can’t carry one: arms that answered other "
                "items, answers that are missing or have no score, an arm whose answers are the "
                "baseline’s (was the adapter applied?), leaked items that change the verdict, "
                "reviewers who agree less than the floor.",
            ),
        ),
        Method(
            key="tiers",
            name="Tiers: critical, supporting, advisory",
            words=(
                "Critical: a ship waits until it is shown to hold. Supporting: shown harm holds "
                "the candidate back, doubt doesn’t. Advisory: reported, decides nothing, and "
                "isn’t counted when harm is corrected for many criteria.",
            ),
        ),
        Method(
            key="any-of",
            name="Several primaries: all of them, or any",
            words=(
                "“All of” asks every primary to gain. “Any of” asks one, and none harmed: then "
                "each is judged at its share of the level, so that one of several that gain "
                "nothing doesn’t pass by luck.",
            ),
            formula="level of each = α / number of primaries",
            source="Bonferroni; Holm’s first step is the same.",
        ),
        Method(
            key="levels",
            name="The level, and who shares it",
            words=(
                "α is the chance of error that each bound may have on its side: .025 goes with a "
                "95% interval. Several candidates tried in one study, and candidates tried on one "
                "test set before, pay with a smaller α: their intervals are wider. See the "
                "ledger.",
            ),
            formula="interval’s level = 1 − 2α",
        ),
    ),
)

EVIDENCE = Chapter(
    key="evidence",
    title="What keeps the evidence honest",
    lead="A test set that is asked too often, an answer that was learned by heart, a difference "
    "that is only noise: each would make a verdict worth less than it says.",
    methods=(
        Method(
            key="ledger",
            name="Test-set ledger",
            words=(
                "Try twenty candidates on one test set and one of them wins by luck. So every "
                "first verdict on a claim is counted, and the k-th pays: all levels together add "
                "up to α, however many there are. To decide again on the same evidence is no new "
                "look.",
                "Where the next candidate would need twice the items that the first needed, the "
                "test set is called spent: make a fresh one.",
            ),
            formula="level of the k-th look = α · 6 / (π² k²),   Σ over all k = α",
            source="Alpha spending by Euler’s series (1735): Σ 1/k² = π²/6.",
        ),
        Method(
            key="extension",
            name="One extension by new items",
            pattern=r"inverse.normal",
            words=(
                "A test set may be added to once and the same candidate judged anew. Old and new "
                "items are tested apart and their z-values added with weights that were fixed "
                "beforehand, so a lucky first half can’t choose how much it counts.",
            ),
            formula="z = √w₁·z₁ + √w₂·z₂,   w₁ + w₂ = 1",
            symbols="z₁, z₂: the two stages’ z-values; w: shares of the planned sizes.",
            source="Lehmacher and Wassmer 1999, Biometrics 55, 1286–1290.",
        ),
        Method(
            key="noise-floor",
            name="Noise floor (A/A)",
            words=(
                "The baseline is run twice and compared with itself. What differs then is noise: "
                "sampling, batching, a server’s mood. The page draws it as a band around 0; a "
                "difference within it is no news, however narrow its interval.",
            ),
        ),
        Method(
            key="no-op",
            name="An arm that changed nothing",
            words=(
                "If the candidate’s answers differ from the baseline’s no more than the "
                "baseline’s own two runs differ from each other, the fine-tune was probably not "
                "applied. The evidence is invalid.",
            ),
        ),
        Method(
            key="leakage",
            name="Leakage",
            words=(
                "Items that the candidate was trained on measure memory, not ability. The "
                "training data (or only hashes of it) are searched for each item: whole, by runs "
                "of 13 words, and by near-copies. The verdict is given on all items and on the "
                "clean ones, and is invalid if the two disagree.",
            ),
            formula="similarity of two texts = shared shingles / all shingles, estimated by the "
            "share of equal minima of random hashes",
            source="13-grams: Brown and others 2020, arXiv 2005.14165; MinHash: Broder 1997.",
        ),
        Method(
            key="best-untuned",
            name="The best arm that isn’t fine-tuned",
            words=(
                "A fine-tune should beat the best that a prompt does, not the worst. The best "
                "untuned arm is chosen on one part of the items and the comparison made on the "
                "rest, so that the choice’s luck isn’t counted against the candidate. Where a "
                "prompt does as well, the decision says so: don’t fine-tune.",
            ),
        ),
        Method(
            key="record",
            name="Decision record",
            words=(
                "A decision keeps its numbers, its policy, the code’s version and the SHA-256 of "
                "everything it rests on, and never changes. Whoever has the file can recompute "
                "the verdict from it alone: evalhub decision verify FILE. A person’s sign-off or "
                "override is a record of its own beside it, with a reason.",
            ),
        ),
    ),
)
