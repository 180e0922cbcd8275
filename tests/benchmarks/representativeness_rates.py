"""How often a training file that is a random sample of production is called unrepresentative, and
how often a missing topic is noticed.

python -m tests.benchmarks.representativeness_rates [--runs 200] [--seed 0] [--markdown]

Users ask about eight topics, each more about those that they like, in words of the topic and in
common ones; some users ask much more than others. The reference is drawn as from traffic, at most
five questions of a user. The files: rows of as many users as there are rows; several rows of a
user, who is named, or isn't; and files that lack one topic of a tenth of the requests. `±` is a
standard error.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np

from evalhub.declare.data_report import CheckOptions
from evalhub.features.data.checks import (
    representativeness_clusters,
    representativeness_slices,
    representativeness_words,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, ReferenceText
from evalhub.features.data.checks.represented import MOST_OF_USER
from evalhub.features.data.rows.training_rows import TrainingRow

SHARES = (0.22, 0.18, 0.15, 0.12, 0.1, 0.1, 0.08, 0.05)
PLANTED = 4
"""The topic that is left out of a file: a tenth of the requests."""
TOPIC_WORDS, COMMON_WORDS = 40, 80
LOYALTY = 4.0
"""The smaller, the more a user asks about one topic."""
CHECKS = {
    "slices": representativeness_slices.CHECK,
    "clusters": representativeness_clusters.CHECK,
    "words": representativeness_words.CHECK,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a user about a topic."""

    user: str
    topic: int
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """A file of so many rows beside traffic of so many users.

    Attributes:
        a_user: rows of one user, on average; 1: of each exactly one.
        named: whether rows name their users.
        lacking: whether it lacks the planted topic.
    """

    users: int
    rows: int
    a_user: float = 1.0
    named: bool = False
    lacking: bool = False

    def __str__(self) -> str:
        who = "one a user" if self.a_user == 1 else f"{self.a_user:g} a user"
        named = ", named" if self.named else ""
        lacking = ", a topic of 10% lacking" if self.lacking else ""
        return f"{self.users} users, {self.rows} rows, {who}{named}{lacking}"


NULLS = (
    Case(300, 300),
    Case(600, 200),
    Case(300, 600, a_user=4.0, named=True),
)
UNNAMED = Case(300, 600, a_user=4.0)
LACKING = (Case(300, 300, lacking=True), Case(600, 300, lacking=True))


@dataclass(frozen=True, slots=True)
class FindingRates:
    """Share of the runs with a finding of each check, of any, and with one of the planted topic."""

    by_check: dict[str, float]
    any: float
    planted_slice: float
    planted_cluster: float


def simulate(case: Case, runs: int, *, seed: int) -> FindingRates:
    counts = dict.fromkeys((*CHECKS, "any", "planted slice", "planted cluster"), 0)
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        results = check_all(case, rng, seed=run)
        for name, result in results.items():
            counts[name] += bool(result.findings)
        counts["any"] += any(result.findings for result in results.values())
        counts["planted slice"] += _names(results["slices"], f"topic t{PLANTED}")
        counts["planted cluster"] += _names(results["clusters"], f"topic{PLANTED}word")
    shares = {name: count / runs for name, count in counts.items()}
    return FindingRates(
        {name: shares[name] for name in CHECKS},
        shares["any"],
        shares["planted slice"],
        shares["planted cluster"],
    )


def check_all(case: Case, rng: np.random.Generator, *, seed: int) -> dict[str, CheckResult]:
    """What the checks find in a file of this case."""
    reference = a_reference(rng, case.users)
    settings = CheckSettings(options=CheckOptions(seed=seed), reference=reference)
    rows = a_file(rng, case)
    results = {}
    for name, check in CHECKS.items():
        assert check.on_sample is not None
        results[name] = check.on_sample(rows, settings)
    return results


def a_reference(rng: np.random.Generator, users: int) -> list[ReferenceText]:
    """Questions of users of whom some ask much, drawn as from traffic."""
    texts = []
    for user in range(users):
        asked = requests_of(rng, f"u{user}", _activity(rng))
        drawn = rng.permutation(len(asked))[:MOST_OF_USER]
        weight = len(asked) / len(drawn)
        texts += [
            ReferenceText(
                asked[place].text,
                asked[place].user,
                {"route": (f"t{asked[place].topic}",)},
                weight,
            )
            for place in drawn
        ]
    return texts


def a_file(rng: np.random.Generator, case: Case) -> list[TrainingRow]:
    """Requests of other users, at random, as training rows."""
    asked: list[Asked] = []
    while len(asked) < case.rows:
        number = len(asked)
        activity = _activity(rng)
        if case.a_user == 1:
            # a random request: of a user by how much they ask, and no other of theirs
            activity = 1 if rng.random() < activity / MOST_ACTIVE else 0
        own = requests_of(rng, f"v{number}", activity)
        asked += [each for each in own if not (case.lacking and each.topic == PLANTED)]
    return [_row(line, each, named=case.named) for line, each in enumerate(asked[: case.rows], 1)]


MOST_ACTIVE = 60


def _activity(rng: np.random.Generator) -> int:
    """Requests of a user: three on average, a few users many."""
    return min(MOST_ACTIVE, 1 + int(rng.lognormal(0.5, 1.0)))


def requests_of(rng: np.random.Generator, user: str, number: int) -> list[Asked]:
    if not number:
        return []
    likes = rng.dirichlet(np.array(SHARES) * LOYALTY)
    topics = rng.choice(len(SHARES), number, p=likes)
    return [Asked(user, topic, question(rng, topic)) for topic in topics.tolist()]


def question(rng: np.random.Generator, topic: int) -> str:
    """A question of six to fifteen words, half of them its topic's."""
    length = int(rng.integers(6, 16))
    own = rng.zipf(1.3, length) % TOPIC_WORDS
    common = rng.zipf(1.2, length) % COMMON_WORDS
    is_own = rng.random(length) < 0.5
    return " ".join(
        OWN[topic][one] if mine else COMMON[other]
        for one, other, mine in zip(own.tolist(), common.tolist(), is_own.tolist(), strict=True)
    )


def _letters(number: int) -> str:
    return f"{chr(97 + number // 26)}{chr(97 + number % 26)}"


OWN = [
    [f"topic{topic}word{_letters(number)}" for number in range(TOPIC_WORDS)]
    for topic in range(len(SHARES))
]
COMMON = [f"common{_letters(number)}" for number in range(COMMON_WORDS)]


def _row(line: int, asked: Asked, *, named: bool) -> TrainingRow:
    fields = {"route": f"t{asked.topic}"} | ({"user": asked.user} if named else {})
    return TrainingRow(line, "prompt-completion", "", asked.text, "An answer.", fields=fields)


def _names(result: CheckResult, part: str) -> bool:
    part = part.replace("topic t", "route t")
    return any(part in finding.title for finding in result.findings)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    bar = " | " if options.markdown else "  "
    columns = ("file", *CHECKS, "any of them", "the slice named", "the cluster named")
    sys.stdout.write(f"{bar.join(columns)}\n")
    if options.markdown:
        sys.stdout.write(f"{bar.join(['---'] * len(columns))}\n")
    for case in (*NULLS, UNNAMED, *LACKING):
        rates = simulate(case, options.runs, seed=options.seed)
        shares = (
            *rates.by_check.values(),
            rates.any,
            rates.planted_slice,
            rates.planted_cluster,
        )
        cells = [_with_error(share, options.runs) for share in shares]
        sys.stdout.write(f"{bar.join([str(case), *cells])}\n")
        sys.stdout.flush()


def _with_error(share: float, runs: int) -> str:
    return f"{share:.3f} ± {math.sqrt(share * (1 - share) / runs):.3f}"


if __name__ == "__main__":
    main()
