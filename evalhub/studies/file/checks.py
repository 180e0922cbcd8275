"""Checks of fields of a study file that contradict each other. Pure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.policy import Tiered, check_critical
from evalhub.declare.declaration import invalid
from evalhub.declare.measured_on import NO_TAIL, NO_WORST, check_criterion_names

if TYPE_CHECKING:
    from evalhub.studies.file.arms import Arm
    from evalhub.studies.file.spec import StudyFile

BEST_UNTUNED = "best-untuned"


def check_study(study: "StudyFile") -> None:
    """Raises if names don't fit each other or requirements contradict themselves."""
    _check_baseline(study)
    for name, arm in study.arms.items():
        _check_arm(study, name, arm)
    _check_form(study)
    _check_asked(study)
    _check_ownership(study)


def _check_baseline(study: "StudyFile") -> None:
    arms = study.arms
    best = study.baseline == BEST_UNTUNED
    if best and BEST_UNTUNED in arms:
        raise invalid("an arm can't have this name: it has a meaning", "arms", BEST_UNTUNED)
    choices = f"there are {', '.join(arms)}"
    if not best and study.baseline not in arms:
        raise invalid(f"there is no arm {study.baseline!r}; {choices}", "baseline")
    if study.candidate is not None and study.candidate not in arms:
        raise invalid(f"there is no arm {study.candidate!r}; {choices}", "candidate")
    if study.candidate == study.baseline:
        raise invalid("the candidate can't be the baseline itself", "candidate")
    untuned = [name for name, arm in arms.items() if not arm.fine_tuned]
    if best and study.promoted:
        raise invalid(
            f"goes with an arm that is named: {BEST_UNTUNED} may choose another one", "promoted"
        )
    if best:
        if not untuned or len(untuned) == len(arms):
            raise invalid(
                f"{BEST_UNTUNED} needs an arm that is fine-tuned and one that isn't", "baseline"
            )
        if study.candidate in untuned:
            raise invalid(
                f"{study.candidate!r} may be the baseline itself: it is untuned", "candidate"
            )
    elif study.development is not None:
        raise invalid(f"is only for baseline: {BEST_UNTUNED}", "development")
    for name in untuned if best else [study.baseline]:
        if study.noise_floor and arms[name].backend.recorded and arms[name].repeat is None:
            raise invalid(
                f"the answers of {name!r} are recorded: say repeat: {{recorded: FILE}} there, the "
                "same model's answers made a second time",
                "noise_floor",
            )


def _check_arm(study: "StudyFile", name: str, arm: "Arm") -> None:
    at = "arms", name
    before = list(study.arms)[: list(study.arms).index(name)]
    if arm.parent is not None and arm.parent not in study.arms:
        raise invalid(f"there is no arm {arm.parent!r}", *at, "parent")
    if arm.parent is not None and arm.parent not in before:
        raise invalid(f"{arm.parent!r} must stand before {name!r}", *at, "parent")
    if arm.only and arm.parent is None:
        raise invalid("needs a parent that answers the other test sets", *at, "only")
    for index, test_set in enumerate(arm.only):
        if test_set not in study.test_sets:
            raise invalid(f"there is no test set {test_set!r}", *at, "only", index)
    for part, answers in (("backend", arm.backend), ("repeat", arm.repeat)):
        recorded = answers.recorded if answers else None
        if isinstance(recorded, dict):
            _check_by_test_set(study, arm, recorded, (*at, part, "recorded"))
        elif recorded and "{test_set}" not in recorded and len(study.test_sets) > 1:
            raise invalid(
                "needs {test_set} in the file's name: there are several test sets",
                *at,
                part,
                "recorded",
            )
    if arm.repeat is None:
        return
    best = study.baseline == BEST_UNTUNED
    if arm.fine_tuned if best else name != study.baseline:
        raise invalid(
            "only the baseline is repeated, to see what a second run changes", *at, "repeat"
        )
    if arm.backend.recorded is None:
        raise invalid(
            "this arm answers live: say noise_floor: true, and it is asked twice", *at, "repeat"
        )


def _check_by_test_set(
    study: "StudyFile", arm: "Arm", files: Mapping[str, str], at: tuple[str | int, ...]
) -> None:
    for name in files:
        if name not in study.test_sets:
            raise invalid(f"there is no test set {name!r}", *at, name)
    for name in arm.only or study.test_sets:
        repeated = study.test_sets[name].role != "development" or "repeat" not in at
        if repeated and name not in files:
            raise invalid(f"has no file of the answers to {name!r}", *at)


def _check_form(study: "StudyFile") -> None:
    """Checks that guards on form have unique names, and a worst score if they need one."""
    for name, test_set in study.test_sets.items():
        for guard in test_set.guards:
            if (own := guard.of(name)) in study.test_sets:
                raise invalid(
                    f"its form makes a criterion {own!r}: choose another name", "test_sets", own
                )
            if own in study.policy.budgets:
                raise invalid("is the name of a budget: choose another", "test_sets", name, "form")
            if study.policy.failures == "worst" and guard.metric.reach is None:
                raise invalid(
                    f"{guard.kind}: a {guard.metric.name} has no worst score, which failures: "
                    "worst needs: say form: {guards: […]} without longer and shorter",
                    *("test_sets", name, "form"),
                )


def _check_asked(study: "StudyFile") -> None:
    """Checks what the policy, the review and the budgets require of test sets."""
    choices = f"there are {', '.join(study.test_sets)}"
    if study.review is not None and study.review.test_set not in study.test_sets:
        reviewed = study.review.test_set
        raise invalid(f"there is no test set {reviewed!r}; {choices}", "review", "test_set")
    judged = [name for name, each in study.test_sets.items() if each.role != "development"]
    if study.review is not None and study.review.test_set not in judged:
        raise invalid(
            f"{study.review.test_set!r} is for development: people are asked about what is judged",
            "review",
            "test_set",
        )
    if study.review is not None and study.test_sets[study.review.test_set].metric.scores_texts:
        raise invalid(
            f"{study.review.test_set!r} is of texts that nobody answers: there is nothing for "
            "people to compare",
            "review",
            "test_set",
        )
    if judged:
        demands: list[Tiered] = [study.test_sets[name] for name in judged]
        asks_people = study.review is not None and study.review.required
        check_critical([*demands, *study.policy.budgets.values()], asks_people, "test_sets")
    forms = [guard.of(name) for name in judged for guard in study.test_sets[name].guards]
    check_criterion_names(study.policy.largest_gain, [*judged, *forms], "policy", "largest_gain")
    for name in judged if study.policy.failures == "worst" else ():
        metric = study.test_sets[name].metric
        if metric.reach is None and study.test_sets[name].bounds is None:
            raise invalid(NO_WORST.format(metric.name), "test_sets", name, "bounds")
    for name in judged:
        test_set = study.test_sets[name]
        if test_set.tails is not None and test_set.metric.reach is None and test_set.bounds is None:
            raise invalid(NO_TAIL.format(test_set.metric.name), "test_sets", name, "bounds")
    primary = any(each.role == PrimaryKind.role for each in study.test_sets.values())
    for name, budget in study.policy.budgets.items():
        at = "policy", "budgets", name
        if budget.test_set is None and not primary:
            raise invalid("say its test_set: there is no primary to measure it on", *at)
        if budget.test_set is not None and budget.test_set not in study.test_sets:
            raise invalid(f"there is no test set {budget.test_set!r}; {choices}", *at, "test_set")
        if budget.test_set is not None and budget.test_set not in judged:
            raise invalid(
                f"{budget.test_set!r} is never judged: a development set", *at, "test_set"
            )
        if name in study.test_sets:
            raise invalid("is the name of a budget: choose another", "test_sets", name)


def _check_ownership(study: "StudyFile") -> None:
    """Checks that costs of development and serving are stated for arms of the study."""
    ownership = study.ownership
    if ownership is None:
        return
    by_arm = (("development", [*ownership.development]), ("serving", [*ownership.serving]))
    for part, names in by_arm:
        for name in names:
            if name not in study.arms:
                choices = f"there are {', '.join(study.arms)}"
                raise invalid(f"there is no arm {name!r}; {choices}", "ownership", part, name)
