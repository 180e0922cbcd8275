"""A team with a decision, for everything that leaves."""

from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from tests.cast import Team, a_run, a_study, a_test_set, a_version


def a_decision(team: Team, *, gain: int = 30) -> Decision:
    """The tuned arm gains so many of 60 questions, and loses none of 20 sums."""
    questions = a_test_set(team, "questions", items=60, tags=["dates", "places"])
    sums = a_test_set(team, "sums", items=20)
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    a_run(base, questions, scores=[1.0] * 12 + [0.0] * 48)
    a_run(tuned, questions, scores=[1.0] * (12 + gain) + [0.0] * (48 - gain))
    a_run(base, sums, scores=[1.0] * 18 + [0.0] * 2)
    a_run(tuned, sums, scores=[1.0] * 18 + [0.0] * 2)
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, guards=[sums])
    study.test_sets.filter(name="sums").update(margin=0.3)
    return decide_study(study=study)[0]
