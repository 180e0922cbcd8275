"""What a decision on two runs would cost, where their scores are sealed."""

from dataclasses import dataclass

from evalhub.accounts.models import User
from evalhub.decision.levels import level_of
from evalhub.decision.policy import Rule
from evalhub.decision.wording import significant
from evalhub.declare.declaration import default_of
from evalhub.features.beside.pairs import RunPair
from evalhub.ledger.numbering import Tally
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Study, StudyRun
from evalhub.studies.run.plan import next_looks

ALPHA: float = default_of(Rule, "alpha")


@dataclass(frozen=True, slots=True)
class LookToDecide:
    """The look that would open both runs' scores, and its level.

    `study` compares these very runs; None where a comparison has to be made first.
    """

    number: int
    level: float
    study: Study | None

    def __str__(self) -> str:
        return f"look {self.number} at {significant(self.level, 2)}"


def look_to_decide(pair: RunPair, user: User) -> LookToDecide:
    """The next look at the right run's items, as the study that has both runs would pay it."""
    version = pair.right.test_set_version
    study = _study_of(pair, user)
    if study is not None:
        names = study.test_sets.filter(test_set_version=version).values_list("name", flat=True)
        looks = [look for look in next_looks(study) if look.test_set in set(names)]
        for look in looks:
            if look.number is not None:
                return LookToDecide(look.number, look.level, study)
    number = Tally(SameItems()).next(version)
    return LookToDecide(number, level_of(number, alpha=ALPHA), study)


def _study_of(pair: RunPair, user: User) -> Study | None:
    """The newest study that `user` sees and that judges one of the runs beside the other."""
    left, right = (StudyRun.objects.filter(run=run, repeat=0) for run in (pair.left, pair.right))
    both = left.filter(test_set__in=right.values("test_set")).values("test_set")
    studies = Study.objects.visible_to(user).select_related("project")
    return studies.filter(test_sets__in=both).order_by("-pk").first()
