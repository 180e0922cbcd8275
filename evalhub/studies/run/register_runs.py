"""Launch the runs of a study: each arm on each test set."""

from collections.abc import Mapping
from itertools import product

from evalhub.registry.models import Metric, ModelVersion, Run, TestSetVersion
from evalhub.studies.file.lengths import check_lengths
from evalhub.studies.file.spec import StudySpec
from evalhub.studies.run.charges import charges_on
from evalhub.studies.run.register_items import form_metrics
from runners.launch import launch
from runners.spending import Charges


def launch_runs(
    spec: StudySpec,
    sets: dict[str, tuple[TestSetVersion, Metric]],
    versions: dict[str, ModelVersion],
    charges: Mapping[str, Charges],
) -> dict[tuple[str, str, int], Run]:
    """The run for each (arm, test set, repeat): the arm's own, or its parent's if they don't
    differ.

    Args:
        versions: of the arms that are to answer, a parent before its children.
        charges: by arm.

    Raises:
        evalhub.io.rows.DataError: what is wrong with a file of answers.
        runners.launch_checks.LaunchError: answers that don't belong to the test set.
    """
    repeated = _arms_to_repeat(spec)
    runs: dict[tuple[str, str, int], Run] = {}
    for name in versions:
        arm = spec.arms[name]
        for test_set, repeat in product(sets, (0, 1)):
            judged = spec.test_sets[test_set].role != "development"
            if repeat and not (judged and name in repeated):
                continue
            if arm.only and test_set not in arm.only and arm.parent:
                shared = runs.get((arm.parent, test_set, repeat))
                if shared is not None:
                    runs[name, test_set, repeat] = shared
                continue
            version, metric = sets[test_set]
            if not repeat:
                check_lengths(spec, name, versions[name], test_set, version)
            answers = arm.repeat_answers if repeat else arm.answers
            runs[name, test_set, repeat] = launch(
                version=versions[name],
                test_set_version=version,
                metrics=[metric, *form_metrics(spec.test_sets[test_set])],
                answers=answers(spec.file, test_set),
                fields=arm.fields.mapping,
                repeat=repeat,
                retry_errors=spec.policy.failures == "invalid",
                reach=spec.reach,
                charges=charges_on(spec, charges[name], arm=name, test_set=test_set),
            )
    return runs


def _arms_to_repeat(spec: StudySpec) -> list[str]:
    """The arms that are asked twice, to measure the noise of a repeated run."""
    if not spec.policy.noise_floor:
        return []
    if spec.policy.development is None:
        return [spec.baseline]
    return [name for name, arm in spec.arms.items() if not arm.fine_tuned]
