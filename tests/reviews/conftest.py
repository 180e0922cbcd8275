"""A campaign to review: the cast's two versions with names that must show up nowhere."""

from typing import Any

import pytest

from evalhub.decision.policy import StudySettings
from reviews.models import Campaign
from tests.cast import Team, a_run, a_study, a_test_set, a_version
from tests.reviews.asking import a_review

CANARIES = ["canary-heron", "canary-osprey", "canary-study", "canary-set"]


@pytest.fixture
def campaign(team: Team) -> Campaign:
    """Twelve items with different answers, two reviewers each."""
    return a_campaign(team)


def a_campaign(
    team: Team,
    *,
    items: int = 12,
    reviewers_per_item: int = 2,
    seed: int = 7,
    answers: tuple[list[str | None], list[str | None]] | None = None,
    policy: StudySettings | None = None,
    clusters: int = 4,
    **plan: Any,
) -> Campaign:
    """A campaign over every item on which the answers differ; `plan`: its form, its design.

    Item i is in cluster i % `clusters`; with 0 each item stands for itself.
    """
    asked = [{"input": f"Question {i}?"} for i in range(items)]
    questions = a_test_set(
        team, "canary-set", items=asked, tags=["dates", "sums"], clusters=clusters
    )
    heron, osprey = a_version(team, "canary-heron"), a_version(team, "canary-osprey")
    said = answers or (
        [f"The first answer to {i}." for i in range(items)],
        [f"Another answer to {i}." for i in range(items)],
    )
    baseline_run = a_run(heron, questions, scores=[1] * items, answers=said[0])
    candidate_run = a_run(osprey, questions, scores=[0] * items, answers=said[1])
    return a_review(
        study=a_study(
            team,
            baseline=heron,
            candidate=osprey,
            primary=questions,
            slug="canary-study",
            policy=policy or StudySettings(),
        ),
        baseline_run=baseline_run,
        candidate_run=candidate_run,
        items=items,
        reviewers_per_item=reviewers_per_item,
        seed=seed,
        **plan,
    )


@pytest.fixture
def asked(team: Team) -> dict[str, Any]:
    """What `a_review` is asked: six of ten items, of two tags."""
    questions = a_test_set(team, items=10, tags=["dates", "sums"])
    base, lora = a_version(team, "plain-base"), a_version(team, "shiny-lora")
    return {
        "baseline_run": a_run(base, questions, scores=[1] * 10, answers=["one"] * 10),
        "candidate_run": a_run(lora, questions, scores=[1] * 10, answers=["two"] * 10),
        "study": a_study(team, baseline=base, candidate=lora, primary=questions),
        "items": 6,
        "reviewers_per_item": 2,
        "seed": 11,
        "question": "Which answer is better?",
    }
