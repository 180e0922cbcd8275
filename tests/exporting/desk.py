"""A team with a decision, for everything that leaves."""

from evalhub.gate.decide import decide_study
from evalhub.gate.models import Decision
from tests.cast import Team, a_run, a_study, a_test_set, a_version


def a_decision(team: Team, *, gain: int = 60) -> Decision:
    """The tuned arm gains so many of 200 questions, and loses none of 100 sums."""
    questions = a_test_set(team, "questions", items=200, tags=["dates", "places"], clusters=50)
    sums = a_test_set(team, "sums", items=100)
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base)
    a_run(base, questions, scores=[1.0] * 60 + [0.0] * 140)
    a_run(tuned, questions, scores=[1.0] * (60 + gain) + [0.0] * (140 - gain))
    a_run(base, sums, scores=[1.0] * 90 + [0.0] * 10)
    a_run(tuned, sums, scores=[1.0] * 90 + [0.0] * 10)
    study = a_study(team, baseline=base, candidate=tuned, primary=questions, guards=[sums])
    study.test_sets.filter(name="sums").update(margin=0.1)
    return decide_study(study=study)[0]
