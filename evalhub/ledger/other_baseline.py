"""Did a decision judge against the project's champion, where there is one?"""

from collections.abc import Sequence

from evalhub.declare.caveats import Caveat
from evalhub.ledger.champion_answers import other_answers
from evalhub.ledger.models import Promotion
from evalhub.registry.models import Run, Study, StudyArm

OTHER_BASELINE = "other-baseline"


def other_baseline(
    study: Study, baseline: StudyArm, arm: StudyArm, runs: Sequence[Run]
) -> list[Caveat]:
    """Caveat where the baseline isn't the project's champion, or has other answers than the
    champion.

    A gain over something weaker than what runs now is no gain. Where the champion is the candidate
    by now, nothing has changed of what was found.

    Args:
        runs: the baseline's.
    """
    champion = Promotion.objects.current(study.project)
    if champion is None or champion.version_id == arm.version_id:
        return []
    if champion.version_id != baseline.version_id:
        sentence = f"the baseline, {baseline.version}, isn't the champion, which is "
        return [Caveat(code=OTHER_BASELINE, sentence=f"{sentence}{champion.version}")]
    others = other_answers(champion, runs)
    if others is None:
        return []
    sentence = (
        f"the baseline answers {others.differing:,} of {others.shared:,} items otherwise than the "
        "champion did"
    )
    return [Caveat(code=OTHER_BASELINE, sentence=sentence)]
