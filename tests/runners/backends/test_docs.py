"""The guide to runs says what the declarations say."""

import json
import re
from pathlib import Path

from evalhub.schemas.declaration import declared
from evalhub.schemas.prompt import Prompt
from evalhub.schemas.sampling import Sampling
from runners.backends.openai import OpenAIBackend

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "runs.md").read_text()


def test_the_guide_lists_every_field_of_a_server_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \|(.*)\|$", GUIDE, re.MULTILINE)
    shown = {name: default.strip().strip("`") for name, default in rows}
    fields = {name: each for name, each in OpenAIBackend.model_fields.items() if name != "type"}
    assert shown.keys() == fields.keys()
    for name, each in fields.items():
        default = "" if each.is_required() else each.default
        assert shown[name] == {"extra": ""}.get(name, "none" if default is None else str(default))


def test_the_guide_names_every_setting_of_sampling() -> None:
    [sentence] = re.findall(r"^Sampling is (.*)\.", GUIDE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", sentence.split(".")[0]) == list(Sampling.model_fields)


def test_the_guide_s_prompt_is_a_prompt() -> None:
    [example] = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert declared(Prompt, json.loads(example)).needs_context
