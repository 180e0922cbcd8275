"""How a version was trained, on its page and by REST."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version

RECORD: dict[str, Any] = {
    "method": "lora",
    "base_model": "acme/small-1b",
    "dataset_sha256": "a" * 64,
    "examples": 320,
    "hyperparameters": {
        "learning_rate": 1e-5,
        "num_train_epochs": 3,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "warmup_ratio": 0.1,
        "seed": 7,
        "optim": "adamw_torch",
    },
    "adapter": {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    "losses": [[10, 2.0], [20, 1.0], [30, 0.5]],
    "eval_losses": [[10, 1.5], [20, 1.0], [30, 1.25]],
    "hardware": {"gpu": "A100-80GB", "gpus": 4},
    "hours": 2.5,
    "cost": {"amount": 1311, "currency": "EUR", "source": "the provider's bill"},
    "ticket": "<LLM-214>",
}


def section(client: Client, version: ModelVersion) -> str:
    page = client.get(reverse("site:version", args=[version.pk])).text
    return page.partition('id="training"')[2].partition("</section>")[0]


def facts(text: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", text))


def test_its_named_fields_stand_in_words_and_others_beside_them(eva: Client, team: Team) -> None:
    found = section(eva, a_version(team, kind="lora", training=RECORD))
    said = facts(found)
    assert said["base"] == "acme/small-1b"
    assert said["SHA-256"] == "a" * 64
    assert said["learning rate"] == "1e-05"
    assert said["warm-up"] == "0.1 of it"
    assert said["examples of a step"] == "32 (4 at a time × 2 added up × 4 GPUs)"
    assert (said["rank"], said["layers"]) == ("8", "q_proj, v_proj")
    assert (said["GPU"], said["hours by the clock"]) == ("A100-80GB", "2.5")
    assert (said["cost"], said["known from"]) == ("1,311.00 EUR", "the provider&#x27;s bill")
    assert said["ticket"] == "&lt;LLM-214&gt;"
    assert said["optim"] == "adamw_torch"


def test_its_curves_are_drawn_with_a_table(eva: Client, team: Team) -> None:
    found = section(eva, a_version(team, kind="lora", training=RECORD))
    assert "<title>step 20: validation loss 1</title>" in found
    assert '<th scope="row">30</th><td class="number">0.5</td><td class="number">1.25</td>' in found


def test_advice_stands_beside_what_is_usual_and_its_source(eva: Client, team: Team) -> None:
    found = section(eva, a_version(team, kind="lora", training=RECORD))
    assert "The learning rate, 1e-05, is 0.05 times the usual 2e-4" in found
    assert "The validation loss was lowest at step 20 (1) and is 1.25 at step 30" in found
    assert 'href="https://arxiv.org/abs/2305.14314">Dettmers et al. 2023, QLoRA</a>' in found
    assert "it changes no verdict" in found


def test_a_record_from_before_is_shown_with_what_can_not_be_read_of_it(
    eva: Client, team: Team
) -> None:
    old = {"rank": 8, "cost": "$300", "losses": [[2, 1.0], [1, 1.0]]}
    found = section(eva, a_version(team, kind="lora", training=old))
    assert facts(found)["rank"] == "8"
    assert facts(found)["cost"] == "$300"
    assert "losses, cost: as they were said before the field had a name" in found
    assert "<svg" not in found


def test_a_version_of_which_nothing_is_said_has_no_such_section(eva: Client, team: Team) -> None:
    assert section(eva, a_version(team)) == ""


@pytest.mark.parametrize("record", [{"cost": 300}, {"hardware": "T4"}, {"losses": [1.0, 0.5]}])
def test_a_field_said_in_short_is_shown(eva: Client, team: Team, record: dict[str, Any]) -> None:
    found = section(eva, a_version(team, kind="lora", training=record))
    assert any(word in found for word in ("300.00 (no currency is said)", "T4", ": losses by step"))
