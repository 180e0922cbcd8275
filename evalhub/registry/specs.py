"""What people declare about a model version, checked. Pure."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from evalhub.files.rows import JsonError, parse_json

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,120}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME = re.compile(
    r"api_?key|authori[sz]ation|passw|secret|credential|private_?key|bearer"
    r"|(access|auth|api|hf)_?token|^token$|^key$"
)
_SECRET_TEXT = re.compile(
    r"^(bearer|basic)\s|^sk-|^hf_[A-Za-z0-9]{20}|^\w+://[^/?#]*@|[?&](api_?key|key|(access_)?token)=",
    re.I,
)
_USE_KEY_ENV = (
    "a key is never stored; put it in an environment variable and name the variable in 'key_env'"
)


class SpecError(ValueError):
    """What is wrong with a declaration, and in which field of it."""

    def __init__(self, message: str, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(f"field '{field}': {message}")


def check_slug(name: str, field: str) -> None:
    """Raises SpecError, naming `field`, for a name that can't stand in an address."""
    if not _SLUG.fullmatch(name):
        raise SpecError(f"{name!r} isn't a name: 1 to 120 letters, digits, - and _", field)


def checked_backend(backend: Mapping[str, Any]) -> dict[str, Any]:
    """The backend spec as JSON. What the type asks beyond this is checked by the backend itself.

    Raises SpecError: no `type`, or something that looks like a secret.
    """
    spec = _plain(backend, "backend")
    if not isinstance(spec.get("type"), str) or not spec["type"]:
        raise SpecError(
            "says which backend answers, such as 'recorded' or 'openai'", "backend.type"
        )
    variable = spec.get("key_env")
    if variable is not None and not (isinstance(variable, str) and _VARIABLE.fullmatch(variable)):
        raise SpecError("the name of an environment variable was expected", "backend.key_env")
    _refuse_secrets(spec, "backend")
    return spec


def checked_prompt(prompt: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt spec as JSON: `system`, `examples` of {input, output}, `template`, all optional.

    Raises SpecError: an unknown name, a wrong type, a template without {input}.
    """
    spec = _plain(prompt, "prompt")
    _only(spec, "prompt", ("system", "examples", "template"))
    for name in ("system", "template"):
        if name in spec and not isinstance(spec[name], str):
            raise SpecError("text was expected", f"prompt.{name}")
    if "template" in spec and "{input}" not in spec["template"]:
        raise SpecError(
            "must contain {input}, where the item's input goes, and may contain {context}",
            "prompt.template",
        )
    examples = spec.get("examples", [])
    if not isinstance(examples, list):
        raise SpecError("a list of {input, output} was expected", "prompt.examples")
    for index, example in enumerate(examples):
        if (
            not isinstance(example, dict)
            or not {"input", "output"} <= example.keys() <= {"input", "output", "context"}
            or not all(isinstance(text, str) for text in example.values())
        ):
            raise SpecError(
                "an example is {input, output} and, where the template has it, {context}, all text",
                f"prompt.examples[{index}]",
            )
    return spec


def checked_sampling(sampling: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling spec as JSON; every setting is optional.

    Raises SpecError: an unknown name, a wrong type, a number out of its range.
    """
    spec = _plain(sampling, "sampling")
    _only(spec, "sampling", tuple(_SAMPLING), "; other settings go into the backend's 'extra'")
    for name, value in spec.items():
        expected, holds = _SAMPLING[name]
        if not holds(value):
            raise SpecError(
                f"{expected} was expected, and this is {json.dumps(value)[:60]}",
                f"sampling.{name}",
            )
    return spec


def checked_training(training: Mapping[str, Any]) -> dict[str, Any]:
    """The training record as JSON. Raises SpecError for something that looks like a secret."""
    record = _plain(training, "training")
    _refuse_secrets(record, "training")
    return record


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SAMPLING: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "temperature": ("a number of 0 or more", lambda v: _is_number(v) and v >= 0),
    "top_p": ("a number above 0 and up to 1", lambda v: _is_number(v) and 0 < v <= 1),
    "max_tokens": ("a whole number of 1 or more", lambda v: _is_whole(v) and v >= 1),
    "seed": ("a whole number", _is_whole),
    "samples": ("a whole number from 1 to 1000", lambda v: _is_whole(v) and 1 <= v <= 1000),
    "stop": (
        "a text or a list of texts",
        lambda v: (
            isinstance(v, str)
            or (isinstance(v, list) and bool(v) and all(isinstance(each, str) for each in v))
        ),
    ),
}


def _plain(spec: Mapping[str, Any], at: str) -> dict[str, Any]:
    """A copy of the spec as JSON has it: YAML's dates, say, are refused with their name."""
    if not isinstance(spec, Mapping):
        raise SpecError("an object was expected", at)
    try:
        found: dict[str, Any] = parse_json(json.dumps(dict(spec)))
    except JsonError as error:
        where = f"{at}.{error.field}" if error.field else at
        raise SpecError(error.message, where) from error
    except TypeError as error:
        raise SpecError(f"has no form in JSON: {error}", at) from error
    return found


def _only(spec: Mapping[str, Any], at: str, known: tuple[str, ...], more: str = "") -> None:
    for name in spec:
        if name not in known:
            raise SpecError(f"isn't known here; known are {', '.join(known)}{more}", f"{at}.{name}")


def _refuse_secrets(value: Any, at: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if _SECRET_NAME.search(name.lower().replace("-", "_")):
                raise SpecError(_USE_KEY_ENV, f"{at}.{name}")
            _refuse_secrets(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_secrets(inner, f"{at}[{index}]")
    elif isinstance(value, str) and _SECRET_TEXT.search(value):
        raise SpecError(_USE_KEY_ENV, at)
