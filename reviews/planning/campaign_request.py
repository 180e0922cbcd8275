"""What an owner asks for, as one document: a page's form and a file say the same things. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from reviews.errors import FormError
from reviews.planning.design import Design, Known, checked_tags
from reviews.planning.form import Form
from reviews.planning.sizing import SECONDS

QUESTION = "Which answer would you rather send?"
_OWN = ("items", "reviewers_per_item", "seed", "question", "form", "seconds", "rate")


@dataclass(frozen=True, slots=True)
class CampaignRequest:
    """A campaign to be made. `rate` is what an hour costs, `seconds` what a comparison takes."""

    items: int = 200
    reviewers_per_item: int = 2
    seed: int = 1
    question: str = QUESTION
    form: Form = Form()  # noqa: RUF009 (frozen)
    design: Design = Design()  # noqa: RUF009 (frozen)
    seconds: float = SECONDS
    rate: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "CampaignRequest":
        """The brief of a document with the fields of Brief and, beside them, those of Design.

        What it doesn't say has its default. Raises FormError, which names the field, or PlanError.
        """
        known = {*_OWN, *(each.name for each in fields(Design))}
        if unknown := sorted(set(document) - known):
            raise FormError(unknown[0], "there is no such field")
        form = document.get("form", {})
        if not isinstance(form, Mapping):
            raise FormError("form", "it is an object")
        rate = document.get("rate")
        return cls(
            items=_whole(document, "items", 200, least=1),
            reviewers_per_item=_whole(document, "reviewers_per_item", 2, least=1, most=20),
            seed=_whole(document, "seed", 1, least=0),
            question=_text(document, "question", QUESTION),
            form=_form(form),
            design=_design(document),
            seconds=_number(document, "seconds", SECONDS),
            rate=None if rate is None else _number(document, "rate", 0.0),
        )


def _form(given: Mapping[str, Any]) -> Form:
    try:
        return Form.of(given)
    except FormError as error:
        raise FormError(f"form.{error.field}", str(error).partition(": ")[2]) from error


def _design(document: Mapping[str, Any]) -> Design:
    given = {
        "strata": tuple(_names(document, "strata", ["tags"])),
        "diverse": _switch(document, "diverse"),
        "combinations": _text(document, "combinations", "all"),
        "controls": _number(document, "controls", 0.0),
        "gold": _number(document, "gold", 0.0),
        "practice": _whole(document, "practice", 0, least=0),
        "pass_mark": _number(document, "pass_mark", 0.7),
        "known": _known(document.get("known", {})),
        "stopping": document.get("stopping", {"rule": "fixed"}),
        "requires": checked_tags(_names(document, "requires", [])),
        "invited_only": _switch(document, "invited_only"),
    }
    if not isinstance(given["stopping"], Mapping):
        raise FormError("stopping", "it is an object with a rule")
    return Design(**given).checked()


def _known(given: object) -> dict[str, Known]:
    if not isinstance(given, Mapping):
        raise FormError("known", "it maps an item's id to what is expected")
    found = {}
    for key, value in given.items():
        values = {"expected": value} if isinstance(value, str) else value
        if not isinstance(values, Mapping) or set(values) - {"expected", "feedback", "practice"}:
            raise FormError(f"known.{key}", "it says expected, and may say feedback and practice")
        found[str(key)] = Known(
            _text(values, "expected", ""),
            _text(values, "feedback", ""),
            _switch(values, "practice"),
        )
    return found


def _whole(
    document: Mapping[str, Any], name: str, usual: int, *, least: int, most: int = 1_000_000_000
) -> int:
    value = document.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FormError(name, f"a whole number of {least} or more is needed, not {value!r}")
    return value


def _number(document: Mapping[str, Any], name: str, usual: float) -> float:
    value = document.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FormError(name, f"a number is needed, not {value!r}")
    if not math.isfinite(value) or value < 0:
        raise FormError(name, f"a number of 0 or more is needed, not {value!r}")
    return float(value)


def _text(document: Mapping[str, Any], name: str, usual: str) -> str:
    value = document.get(name, usual)
    if not isinstance(value, str):
        raise FormError(name, f"a text is needed, not {value!r}")
    return value


def _switch(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise FormError(name, f"true or false is needed, not {value!r}")
    return value


def _names(document: Mapping[str, Any], name: str, usual: list[str]) -> list[str]:
    value = document.get(name, usual)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise FormError(name, "a list of texts is needed")
    return list(value)
