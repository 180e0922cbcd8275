"""The inputs of the page: each writes one field of the study file, and shows its flaw."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms

type Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `name` says which field it writes and how (`question.READ`); `id` is that field.

    Attributes:
        widget: text, number, textarea, select or tick.
        redraws: whether other inputs come or go with its value.
    """

    path: str
    label: str
    value: Any = ""
    kind: str = "t"
    widget: str = "text"
    choices: Choices = ()
    note: str = ""
    placeholder: str = ""
    error: str = ""
    redraws: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.path}"


class Inputs:
    """Makes inputs for a document's fields, with the values and flaws there.

    Args:
        errors: messages by field.
    """

    def __init__(self, document: Mapping[str, Any], errors: Mapping[str, str]) -> None:
        self._document, self._errors = document, errors

    def value(self, path: str) -> Any:
        """The value at a path; None if there is none."""
        value: Any = self._document
        for part in path.split("."):
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict):
                value = value.get(part)
            else:
                return None
        return value

    def error_within(self, path: str, *, but: Sequence[str] = ()) -> str:
        """The first message about a field at or under a path, other than under those in `but`."""
        for field, message in self._errors.items():
            inside = field == path or field.startswith(f"{path}.")
            if inside and not any(field == each or field.startswith(f"{each}.") for each in but):
                return message
        return ""

    def text(self, path: str, label: str, note: str = "", *, usual: Any = "") -> Input:
        return self._input(path, label, usual, note=note)

    def area(self, path: str, label: str, note: str = "") -> Input:
        return self._input(path, label, "", widget="textarea", note=note)

    def number(self, path: str, label: str, note: str = "", *, usual: Any = "") -> Input:
        return self._input(path, label, usual, kind="n", widget="number", note=note)

    def select(
        self,
        path: str,
        label: str,
        choices: Choices,
        *,
        usual: str = "",
        redraws: bool = False,
        note: str = "",
    ) -> Input:
        """A choice; a value that is none of the choices is one more of them."""
        value = self.value(path)
        if isinstance(value, str) and value and value not in dict(choices):
            choices = [*choices, (value, value)]
        return self._input(
            path, label, usual, widget="select", choices=choices, redraws=redraws, note=note
        )

    def declared(self, path: str, field: forms.Field) -> Input:
        """The input of a declared option, by the form field that its declaration has."""
        label, note = str(field.label or ""), str(field.help_text or "")
        if isinstance(field, forms.BooleanField):
            return self._input(path, label, bool(field.initial), kind="z", widget="tick", note=note)
        if isinstance(field, forms.ChoiceField):
            declared = cast("list[tuple[Any, Any]]", list(cast("Any", field.choices)))
            choices = [(str(value), str(text)) for value, text in declared]
            return self.select(path, label, choices, usual=str(field.initial or ""), note=note)
        if isinstance(field, forms.IntegerField | forms.FloatField):
            return self.number(path, label, note, usual=field.initial)
        if note.endswith("(as JSON)"):
            return self._input(path, label, field.initial or "", kind="j", note=note)
        return self._input(path, label, field.initial or "", note=note)

    def _input(self, path: str, label: str, usual: Any, **more: Any) -> Input:
        """An input; what is typed shows its default as a placeholder, and is left out without."""
        value = self.value(path)
        is_typed = more.get("widget", "text") in ("text", "number", "textarea")
        usual = (
            json.dumps(usual) if is_typed and not isinstance(usual, str | float | int) else usual
        )
        shown = (None if is_typed else usual) if value is None else value
        if is_typed and isinstance(shown, dict | list | bool):
            shown = json.dumps(shown, ensure_ascii=False)
        return Input(
            path,
            label,
            "" if shown is None else shown,
            placeholder=_plain(usual) if is_typed and usual != "null" else "",
            error=self._errors.get(path, ""),
            **more,
        )


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
