"""What production asks about, and which of it the examples lack: clusters of its questions.

Clusters are fitted to the questions of one half of the users and counted in those of the other
half and among the examples, since shares in the half that they were fitted to are biased.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from evalhub.declare.data_report import ReportTable
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, ReferenceText
from evalhub.features.data.checks.representativeness_slices import COLUMNS, cells
from evalhub.features.data.checks.represented import (
    LEVEL_OF_CHECK,
    asked_rows,
    needed_of,
    sources_of,
    unchecked,
    unchecked_reason,
    under_findings,
    users_of,
)
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import words_of
from evalhub.stats.errors import StatisticsError
from evalhub.stats.representation import RepresentedPart, represented_parts
from evalhub.stats.text_clusters import FEWEST_TEXTS, TextClusters, fit_clusters

NAME = "clusters-of-production"
MOST_FITTED = 10_000
"""Questions that clusters are fitted to."""
FEWEST_USERS_OF_WORD = 5
"""A word names a cluster where so many users said it: what fewer say tells of them."""
NAMED_BY = 4
_LOOKED_AT = 12


def check_clusters(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """The clusters, a row of a table each, and those that surely lack examples."""
    asked = asked_rows(rows)
    if reason := unchecked_reason(asked, settings):
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    reference = settings.reference or ()
    half = _halves(reference, settings.options.seed)
    fitted = [text for text, first in zip(reference, half, strict=True) if first]
    counted = [text for text, first in zip(reference, half, strict=True) if not first]
    try:
        clusters = fit_clusters(
            [words_of(text.text) for text in fitted[:MOST_FITTED]],
            seed=settings.options.seed,
            words=_LOOKED_AT,
        )
    except StatisticsError as error:
        reason = f"{error} in half of the reference: take at least {2 * FEWEST_TEXTS} questions"
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    if len(clusters) < 2:
        reason = "production's questions don't fall into clusters: all are about the same"
        return CheckResult(unchecked=[unchecked(NAME, reason)])
    names = _names(clusters, reference)
    own = clusters.assign([words_of(row.prompt) for row in asked])
    parts = _parts(counted, asked, clusters, own)
    phrases = [f"are like “{name}”" for name in names]
    findings = under_findings(
        NAME,
        dict(zip(phrases, parts, strict=True)),
        {
            phrase: [row for row, of in zip(asked, own, strict=True) if of == cluster]
            for cluster, phrase in enumerate(phrases)
        },
        rows=len(asked),
        task=settings.options.task,
    )
    return CheckResult(findings=findings, tables=[_table(names, parts, len(asked), settings)])


def _halves(reference: Sequence[ReferenceText], seed: int) -> NDArray[np.bool_]:
    """Which texts are of the half of the users that clusters are fitted to."""
    users = users_of(reference)
    keys = [reference[place].user or str(place) for place in _first_places(users.of, users.count)]

    def rank(unit: int) -> bytes:
        return blake2b(f"{seed}/{keys[unit]}".encode(), digest_size=16).digest()

    first = np.zeros(users.count, dtype=bool)
    first[sorted(range(users.count), key=rank)[: users.count // 2]] = True
    return np.asarray(first[users.of])


def _first_places(units: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """The place of each unit's first text."""
    places = np.zeros(count, dtype=np.intp)
    places[units[::-1]] = np.arange(len(units))[::-1]
    return places


def _parts(
    counted: Sequence[ReferenceText],
    rows: Sequence[TrainingRow],
    clusters: TextClusters,
    own: NDArray[np.intp],
) -> list[RepresentedPart]:
    theirs = clusters.assign([words_of(text.text) for text in counted])
    users, sources = users_of(counted), sources_of(rows)
    numbers = range(len(clusters))
    return represented_parts(
        [users.within(theirs == cluster) for cluster in numbers],
        users.totals,
        [sources.within(own == cluster) for cluster in numbers],
        sources.totals,
        level=LEVEL_OF_CHECK,
    )


def _names(clusters: TextClusters, reference: Sequence[ReferenceText]) -> list[str]:
    """A cluster's most telling words of those that several users said; or its number."""
    users = users_of(reference)
    said: Counter[str] = Counter()
    words_by_user: dict[int, set[str]] = {}
    for text, user in zip(reference, users.of.tolist(), strict=True):
        words_by_user.setdefault(user, set()).update(words_of(text.text))
    for words in words_by_user.values():
        said.update(words)
    names: list[str] = []
    for cluster in range(len(clusters)):
        common = [word for word in clusters.words(cluster) if said[word] >= FEWEST_USERS_OF_WORD]
        name = ", ".join(common[:NAMED_BY]) or f"cluster {cluster + 1}"
        names.append(name if name not in names else f"{name} ({cluster + 1})")
    return names


def _table(
    names: Sequence[str],
    parts: Sequence[RepresentedPart],
    rows: int,
    settings: CheckSettings,
) -> ReportTable:
    order = sorted(range(len(parts)), key=lambda place: -parts[place].production)
    return ReportTable(
        check=NAME,
        topic="representativeness",
        title="What production asks about, and the examples",
        columns=("cluster", *COLUMNS[1:]),
        rows=tuple(
            (
                names[place],
                *cells(parts[place]),
                needed_of(parts[place], rows, settings.options.task),
            )
            for place in order
        ),
        note=(
            "Clusters of questions, named by words that are more frequent in them; fitted to half "
            "of the users and counted in the other half. Shares have limits that hold for all "
            "clusters together. Lacking: examples that bring a cluster to production's share, as "
            "guidance. Shares add up to less than 1 where a question has no word of any cluster."
        ),
    )


CHECK = DataCheck(name=NAME, topic="representativeness", on_sample=check_clusters)
