"""The optional parts of a study as inputs: people, a judge, a budget."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.decision.policy import StudyPolicy
from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.people import PeopleFloor
from evalhub.declare.review import ReviewBasics
from evalhub.features.study_builder.inputs import Input, Inputs
from evalhub.features.study_builder.outlook import PeopleOutlook, people_outlook
from evalhub.features.study_builder.question import StudyQuestion

JUDGE = "judge"
RUBRIC = "The better answer is right, complete and as short as it can be."


@dataclass(frozen=True, slots=True)
class OptionalParts:
    """Inputs by part, and what is set of each.

    Attributes:
        judge: inputs of who judges; empty where there is no endpoint to judge.
        summary: what is set of judge, budget and rule, in a few words.
    """

    people: Sequence[Input]
    question: Input
    people_cost: PeopleOutlook | None
    judge: Sequence[Input]
    budget: Sequence[Input]
    rule: Sequence[Input]
    summary: str


def optional_parts(
    question: StudyQuestion, inputs: Inputs, aliases: Collection[str], document: Mapping[str, Any]
) -> OptionalParts:
    """The inputs of everything that a study can do without."""
    judge = f"judges.{_judge(question)}"
    choices = [("", "no judge"), *((alias, alias) for alias in aliases)]
    judging: list[Input] = []
    if aliases:
        judging = [
            inputs.select(f"{judge}.backend.openai.endpoint", "Judge", choices, redraws=True)
        ]
    if inputs.value(f"{judge}.backend.openai.endpoint"):
        judging += [
            inputs.text(f"{judge}.backend.openai.model", "Its model", "its name at that endpoint"),
            inputs.area("pairwise.rubric", "What it judges by"),
        ]
    return OptionalParts(
        people=[
            inputs.number("review.items", "comparisons"),
            inputs.number(
                "review.reviewers_per_item",
                "reviewers each",
                usual=default_of(ReviewBasics, "reviewers_per_item"),
            ),
        ],
        question=inputs.text("review.question", "The question", "default: " + _usual_question()),
        people_cost=people_outlook(document, _min_reviewers(document)),
        judge=judging,
        budget=[
            inputs.number("budget.tokens", "Tokens at most"),
            inputs.number("budget.money", "Money at most", "in the prices’ currency"),
        ],
        rule=[
            inputs.number(
                "policy.alpha", "Chance of a wrong ship", usual=default_of(StudyPolicy, "alpha")
            ),
            inputs.number(
                "policy.min_reviewers", "People who must judge", usual=_min_reviewers({})
            ),
        ],
        summary=_summary(question.document),
    )


def complete_parts(question: StudyQuestion) -> None:
    """Takes out half of a part: a review without items, a judge without an endpoint; adds the
    words that a judge needs."""
    document = question.document
    review = document.get("review")
    if isinstance(review, dict) and "items" not in review:
        del document["review"]
    judges = document.get("judges")
    if not isinstance(judges, dict):
        return
    name = _judge(question)
    judge = judges.get(name)
    backend = judge.get("backend") if isinstance(judge, dict) else None
    asked = backend.get("openai") if isinstance(backend, dict) else None
    if not isinstance(asked, dict):
        return
    if not asked.get("endpoint") and not asked.get("url"):
        del judges[name]
        document.pop("pairwise", None)
        if not judges:
            del document["judges"]
    elif "pairwise" not in document and name == JUDGE:
        document["pairwise"] = {"by": name, "rubric": RUBRIC}
    elif isinstance(document.get("pairwise"), dict):
        document["pairwise"].setdefault("by", name)


def _judge(question: StudyQuestion) -> str:
    """The judge that the page's inputs are about: the one of pairs, else the first."""
    judges, pairwise = question.document.get("judges"), question.document.get("pairwise")
    names = list(judges) if isinstance(judges, dict) else []
    by = pairwise.get("by") if isinstance(pairwise, dict) else None
    return str(by) if by in names else next(iter(names), JUDGE)


def _min_reviewers(document: Mapping[str, Any]) -> int:
    policy = document.get("policy")
    try:
        stated = {key: each for key, each in dict(policy or {}).items() if key == "min_reviewers"}
        return validate(PeopleFloor, stated).min_reviewers
    except (DeclarationError, TypeError, ValueError):
        return int(default_of(PeopleFloor, "min_reviewers"))


def _usual_question() -> str:
    return str(default_of(ReviewBasics, "question"))


def _summary(document: Mapping[str, Any]) -> str:
    judges, budget = document.get("judges"), document.get("budget")
    parts = [
        f"judged by {', '.join(judges)}" if isinstance(judges, dict) and judges else "",
        "a budget" if budget else "",
        "a rule of its own" if document.get("policy") else "",
        "costs of ownership" if document.get("ownership") else "",
    ]
    return ", ".join(each for each in parts if each)
