"""What a study file may not say though its JSON Schema allows it. Pure."""

from collections.abc import Mapping
from typing import Any

from evalhub.files.document import Document
from evalhub.schemas.declaration import DeclarationError, declared
from evalhub.schemas.policy import Mix

FINE_TUNED = frozenset({"lora", "qlora", "full", "distilled"})
BEST_UNTUNED = "best-untuned"


def check_study(document: Document) -> None:
    """Refuses names that don't fit each other, and requirements that contradict themselves.

    Raises:
        evalhub.files.rows.DataError: what is wrong, with file, line and field.
    """
    _check_baseline(document)
    for name, arm in document.data["arms"].items():
        _check_arm(document, name, arm)
    for name, test_set in document.data["test_sets"].items():
        _check_test_set(document, name, test_set)
    _check_asked(document)


def _check_baseline(document: Document) -> None:
    data = document.data
    arms = data["arms"]
    best = data["baseline"] == BEST_UNTUNED
    if best and BEST_UNTUNED in arms:
        raise document.error(
            ["arms", BEST_UNTUNED], "an arm can't have this name: it has a meaning"
        )
    for field in ("baseline", "candidate"):
        if field in data and data[field] not in arms and not (best and field == "baseline"):
            raise document.error(
                [field], f"there is no arm {data[field]!r}; there are {', '.join(arms)}"
            )
    if data.get("candidate") == data["baseline"]:
        raise document.error(["candidate"], "the candidate can't be the baseline itself")
    untuned = [name for name, arm in arms.items() if arm["kind"] not in FINE_TUNED]
    if best:
        if not untuned or len(untuned) == len(arms):
            raise document.error(
                ["baseline"], f"{BEST_UNTUNED} needs an arm that is fine-tuned and one that isn't"
            )
        if data.get("candidate") in untuned:
            raise document.error(
                ["candidate"], f"{data['candidate']!r} may be the baseline itself: it is untuned"
            )
    elif "development" in data:
        raise document.error(["development"], f"is only for baseline: {BEST_UNTUNED}")
    for name in untuned if best else [data["baseline"]]:
        arm = arms[name]
        recorded = "recorded" in arm.get("backend", {})
        if data.get("noise_floor") and recorded and "repeat" not in arm:
            raise document.error(
                ["noise_floor"],
                f"the answers of {name!r} are recorded: say repeat: {{recorded: FILE}} there, the "
                "same model's answers made a second time",
            )


def _check_arm(document: Document, name: str, arm: Mapping[str, Any]) -> None:
    arms, test_sets = document.data["arms"], document.data["test_sets"]
    at = ["arms", name]
    parent = arm.get("parent")
    if parent is not None and parent not in arms:
        raise document.error([*at, "parent"], f"there is no arm {parent!r}")
    if parent is not None and list(arms).index(parent) >= list(arms).index(name):
        raise document.error([*at, "parent"], f"{parent!r} must stand before {name!r}")
    if "only" in arm and parent is None:
        raise document.error([*at, "only"], "needs a parent that answers the other test sets")
    for index, each in enumerate(arm.get("only", [])):
        if each not in test_sets:
            raise document.error([*at, "only", index], f"there is no test set {each!r}")
    if "backend" not in arm:
        raise document.error(at, "needs a backend: {recorded: FILE} or {openai: {url, model}}")
    for part in ("backend", "repeat"):
        recorded = arm.get(part, {}).get("recorded")
        if recorded is not None and "{test_set}" not in recorded and len(test_sets) > 1:
            raise document.error(
                [*at, part, "recorded"],
                "needs {test_set} in the file's name: there are several test sets",
            )
    if "repeat" in arm:
        _check_repeat(document, name, arm)
    training = arm.get("training", {})
    if "data" in training and "hashes" in training:
        raise document.error([*at, "training", "hashes"], "stands in for data: give one of the two")
    for each in ("data", "hashes"):
        if each in training and not (document.path.parent / training[each]).is_file():
            raise document.error(
                [*at, "training", each], f"there is no file {training[each]!r} beside the study"
            )


def _check_repeat(document: Document, name: str, arm: Mapping[str, Any]) -> None:
    baseline = document.data["baseline"]
    fits = arm["kind"] not in FINE_TUNED if baseline == BEST_UNTUNED else name == baseline
    if not fits:
        raise document.error(
            ["arms", name, "repeat"],
            "only the baseline is repeated, to see what a second run changes",
        )
    if "recorded" not in arm["backend"]:
        raise document.error(
            ["arms", name, "repeat"],
            "this arm answers live: say noise_floor: true, and it is asked twice",
        )


def _check_test_set(document: Document, name: str, test_set: Mapping[str, Any]) -> None:
    at = ["test_sets", name]
    strangers = {
        "primary": (
            ("tier", "margin", "relative_margin"),
            "guards: a primary is critical and must gain",
        ),
        "guard": (("min_gain", "planned_gain"), "primaries: a guard is asked no gain"),
    }
    fields, others = strangers[test_set["role"]]
    for field in test_set:
        if field in fields:
            raise document.error([*at, field], f"is for {others}")
    if "margin" in test_set and "relative_margin" in test_set:
        raise document.error([*at, "relative_margin"], "stands in for margin: give one of the two")
    if "mix" in test_set:
        try:
            declared(Mix, test_set["mix"])
        except DeclarationError as error:
            raise document.error([*at, "mix"], error.message) from error


def _check_asked(document: Document) -> None:
    """The test sets that the review and the budgets are about."""
    test_sets = document.data["test_sets"]
    if "review" in document.data:
        _check_named(document, ["review"], document.data["review"])
    primary = any(each["role"] == "primary" for each in test_sets.values())
    for name, budget in document.data.get("policy", {}).get("budgets", {}).items():
        at = ["policy", "budgets", name]
        if "test_set" in budget:
            _check_named(document, at, budget)
        elif not primary:
            raise document.error(at, "say its test_set: there is no primary to measure it on")


def _check_named(document: Document, at: list[str], part: Mapping[str, Any]) -> None:
    test_sets = document.data["test_sets"]
    if part["test_set"] not in test_sets:
        raise document.error(
            [*at, "test_set"],
            f"there is no test set {part['test_set']!r}; there are {', '.join(test_sets)}",
        )
