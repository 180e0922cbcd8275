"""The guide to backends says what the declarations say."""

import json
import re
from pathlib import Path

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.version import BackendDeclaration
from runners.backends.command import CommandBackend
from runners.backends.hf import HfBackend
from runners.backends.openai import OpenAIBackend

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDE = (DOCS / "reference/backends.md").read_text()


@pytest.mark.parametrize(
    ("page", "backend"),
    [
        ("reference/backends.md", OpenAIBackend),
        ("reference/hf.md", HfBackend),
        ("reference/command.md", CommandBackend),
    ],
    ids=["openai", "hf", "command"],
)
def test_the_guide_lists_every_field_with_its_default(
    page: str, backend: type[BackendDeclaration]
) -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \|(.*)\|$", (DOCS / page).read_text(), re.MULTILINE)
    shown = {name: default.strip().strip("`") for name, default in rows}
    fields = {name: each for name, each in backend.model_fields.items() if name != "type"}
    assert shown.keys() == fields.keys()
    for name, each in fields.items():
        default = "" if each.is_required() else each.default
        assert shown[name] == {"extra": ""}.get(name, _shown(default))


def test_the_guide_names_every_setting_of_sampling() -> None:
    [sentence] = re.findall(r"^Sampling is (.*)\.", GUIDE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", sentence.split(".")[0]) == list(Sampling.model_fields)


def test_the_guide_s_prompt_is_a_prompt() -> None:
    [example] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert validate(Prompt, json.loads(example)).needs_context


def _shown(default: object) -> str:
    """As a study file has it."""
    if default is None:
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)
