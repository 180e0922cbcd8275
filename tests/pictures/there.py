"""What the pictures show: beside the demo, a model of six versions, and reviews of many forms."""

import random

from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from tests.cast import a_run, a_study, a_team, a_test_set, a_version
from tests.pictures.reviewed import some_reviews


def fill() -> dict[str, str]:
    """Adds all that the demo hasn't; what is where."""
    version = a_model_of_six_versions()
    a_run_that_failed()
    still_open = Decision.objects.get(study__slug="clauses-1")
    decision = Decision.objects.get(study__project__slug="support-desk", arm="lora")
    return some_reviews() | {
        "study": reverse("site:study", args=[decision.study_id]),
        "items": reverse("site:study_items", args=[decision.study_id]),
        "plan": reverse("site:new_campaign", query={"study": decision.study_id}),
        "record": reverse("site:record", args=[decision.pk]),
        "criterion": reverse("site:criterion", args=[still_open.pk, 1]),
        "version": reverse("site:version", args=[version]),
    }


def sessions() -> dict[str, str]:
    """A session of each person who looks at a page."""
    found = {}
    for name in ("olga", "rui"):
        client = Client()
        client.force_login(User.objects.get(username=name))
        found[name] = client.cookies["sessionid"].value
    return found


def a_model_of_six_versions() -> int:
    """Each decided on the same items; the fifth is promoted. The number of the newest."""
    team, rng = a_team("Contracts", "contracts"), random.Random(4)
    questions = a_test_set(team, "clauses", items=300)
    base = a_version(team, "clauses-base")

    def answer(version: object, right: float) -> None:
        a_run(version, questions, scores=[int(rng.random() < right) for _ in range(300)])

    answer(base, 0.55)
    for seed, right in enumerate((0.58, 0.66, 0.45, 0.71, 0.74, 0.76), 1):
        tuned = a_version(team, "clauses-lora", parent=base, sampling={"seed": seed})
        answer(tuned, right)
        study = a_study(
            team,
            baseline=base,
            candidate=tuned,
            primary=questions,
            slug=f"clauses-{seed}",
            policy={"alpha": 0.025, "planned_gain": 0.05},
        )
        decision = decide_study(study=study)[0]
        if seed == 5:
            promote(decision=decision, by=team.olga, reason="It finds more clauses")
    return tuned.pk


def a_run_that_failed() -> None:
    """Its model didn't answer one of its items."""
    team = a_team("Glossary", "glossary")
    terms = a_test_set(team, "terms", items=40)
    scores = [1] * 39 + [None]
    answers = ["right"] * 39 + [None]
    a_run(a_version(team, "glossary-base"), terms, scores=scores, answers=answers)
