"""Draw the items of a pool on which a study is judged."""

from collections.abc import Mapping
from typing import Any

from evalhub.io.canonical import digest_of
from evalhub.ledger.candidates import candidate_digest
from evalhub.ledger.draws import PoolError, draw
from evalhub.registry.models import Metric, ModelVersion, Study, TestSetVersion
from evalhub.studies.file.arms import Arm
from evalhub.studies.file.spec import StudySpec
from runners.launch import source_digest

type Sets = Mapping[str, tuple[TestSetVersion, Metric]]


def draw_items(
    spec: StudySpec, study: Study, sets: Sets, versions: Mapping[str, ModelVersion]
) -> dict[str, tuple[TestSetVersion, Metric]]:
    """For each pool, the items drawn for this file's question; the same file draws the same items.

    Raises evalhub.io.rows.DataError where a pool has too few left.
    """
    drawn = {}
    for name, test_set in spec.test_sets.items():
        if test_set.draw is None:
            continue
        pool, metric = sets[name]
        try:
            version = draw(
                pool=pool,
                count=test_set.draw,
                question=digest_of(_question(spec, name, metric, versions)),
                study=study,
                mix=test_set.mix,
            )
        except PoolError as error:
            raise spec.document.error(["test_sets", name, "draw"], str(error)) from error
        drawn[name] = version, metric
    return drawn


def _question(
    spec: StudySpec, name: str, metric: Metric, versions: Mapping[str, ModelVersion]
) -> dict[str, Any]:
    """What identifies the question on a pool: the arms, their answers and the metric. Neither the
    number of items nor guards belong to it: guards' own tries are counted
    (evalhub.ledger.tries)."""
    return {
        "metric": metric.digest,
        "mix": spec.test_sets[name].mix,
        "development": spec.policy.development and spec.policy.development.as_json(),
        "baseline": candidate_digest(versions[spec.baseline]),
        "arms": [
            [candidate_digest(versions[arm_name]), _source(spec, arm, name)]
            for arm_name, arm in spec.arms.items()
        ],
    }


def _source(spec: StudySpec, arm: Arm, test_set: str) -> str:
    answers = arm.answers(spec.file, test_set)
    return source_digest(answers, arm.fields.mapping) if answers else ""
