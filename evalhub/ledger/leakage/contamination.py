"""Items of a study's test sets that its arm was trained on."""

from collections.abc import Mapping

from evalhub.decision.sections.leakage import Leak
from evalhub.ledger.leakage.overlaps import keys_of_leaks
from evalhub.ledger.scores import Pairing
from evalhub.registry.models import StudyArm


def leaks_of(arm: StudyArm, pairings: Mapping[str, Pairing]) -> list[Leak]:
    """A leak for each test set that the arm's training data were looked at for."""
    leaks: list[Leak] = []
    versions: set[int] = set()
    for name, pairing in pairings.items():
        version = pairing.candidate.run.test_set_version
        keys = None if pairing.aligned.same else keys_of_leaks(arm.version, version)
        if keys is not None:
            judged = {each.key for each in pairing.aligned.items}
            seen = {key: text for key, text in keys.items() if key in judged}
            leaks.append(Leak(name, len(judged), seen, again=version.pk in versions))
            versions.add(version.pk)
    return leaks
