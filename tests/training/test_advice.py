"""A training read critically: what each rule finds, lets pass, and where it is known from."""

import re
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.training import TrainingRecord
from evalhub.training.advice import RULES, advice_on
from evalhub.training.bases import StoodOn

PAGE = (Path(__file__).parents[2] / "docs" / "reference/training-advice.md").read_text("utf-8")


def found(record: dict[str, Any], kind: str = "lora") -> dict[str, str]:
    """What is said, by the rule's name."""
    fields = validate(TrainingRecord, record).fields_with_names.fields
    return {each.rule.name: each.says for each in advice_on(fields, kind=kind)}


def lora(rate: float, **more: Any) -> dict[str, Any]:
    return {"method": "lora", "hyperparameters": {"learning_rate": rate}} | more


def test_a_usual_training_gets_no_advice() -> None:
    record = lora(
        2e-4,
        adapter={"r": 16, "lora_alpha": 32, "target_modules": ["q_proj", "up_proj"]},
        examples=4_000,
        epoch=3.0,
        losses=[[10, 1.2], [20, 0.9]],
        eval_losses=[[10, 1.1], [20, 0.95]],
    )
    record["hyperparameters"] |= {
        "per_device_train_batch_size": 4, "gradient_accumulation_steps": 4,
    }  # fmt: skip
    assert found(record) == {}
    assert found({}) == {}, "what isn't said is passed over"


@pytest.mark.parametrize(
    ("record", "kind", "rule", "says"),
    [
        (lora(1e-5), "lora", "lora-learning-rate", "1e-05, is 0.05 times the usual 2e-4"),
        (lora(2e-3), "lora", "lora-learning-rate", "0.002, is 10 times the usual 2e-4"),
        ({"learning_rate": 1e-5}, "qlora", "lora-learning-rate", "it may have learnt little"),
        (
            {"learning_rate_logged": 2e-3, "method": "lora"},
            "lora",
            "lora-learning-rate",
            "The highest learning rate that was logged, 0.002",
        ),
        ({"learning_rate": 2e-4}, "full", "full-learning-rate", "20 times the usual 1e-5"),
        ({"learning_rate": 2e-4, "method": "full"}, "lora", "full-learning-rate", "20 times"),
        (
            lora(2e-4, objective="dpo"),
            "lora",
            "preference-learning-rate",
            "40 times the usual 5e-6",
        ),
        (
            {"learning_rate": 1e-5, "objective": "grpo"},
            "full",
            "preference-learning-rate",
            "10 times",
        ),
        (
            {"eval_losses": [[10, 1.0], [20, 0.8], [30, 0.9]], "losses": [[1, 1.0]]},
            "lora",
            "validation-turns",
            "lowest at step 20 (0.8) and is 0.9 at step 30",
        ),
        ({"losses": [[1, 2.0], [2, 1.0]]}, "lora", "no-validation", "No validation loss was kept"),
        ({"losses": [[1, 2.0], [2, None]]}, "lora", "loss-no-number", "first at step 2"),
        ({"epochs": 6}, "lora", "epochs", "6 epochs are many: what is seen so often"),
        (
            {"epochs": 20, "examples": 1000},
            "full",
            "epochs",
            "20 epochs are many for 1,000 examples",
        ),
        ({"batch": 1}, "lora", "batch", "A step is 1 example: its direction is mostly noise"),
        ({"batch": 128}, "lora", "batch", "128 examples: an adapter takes large batches badly"),
        ({"batch": 512}, "full", "batch", "512 examples: steps are few"),
        ({"rank": 8, "examples": 60_000}, "lora", "rank", "Rank 8 for 60,000 examples"),
        ({"rank": 256, "examples": 500}, "lora", "rank", "a small one would hold that"),
        ({"rank": 8, "alpha": 64}, "lora", "scale", "lora_alpha / r is 8 (64 / 8)"),
        ({"rank": 64, "alpha": 8}, "lora", "scale", "lora_alpha / r is 0.125"),
        ({"targets": ["q_proj", "v_proj"]}, "lora", "layers", "(q_proj, v_proj)"),
        ({"examples": 9}, "lora", "examples", "9 examples are fewer than a hosted service takes"),
        ({"examples": 49}, "lora", "examples", "49 examples seldom show"),
        ({"examples": 999}, "lora", "examples", "few for a broad task"),
    ],
)
def test_what_is_unusual_is_said(record: dict[str, Any], kind: str, rule: str, says: str) -> None:
    assert says in found(record, kind)[rule]


@pytest.mark.parametrize(
    ("record", "kind", "rule"),
    [
        (lora(5e-5), "lora", "lora-learning-rate"),
        (lora(5e-4), "lora", "lora-learning-rate"),
        (lora(5e-6, objective="dpo"), "lora", "lora-learning-rate"),
        (lora(5e-6, objective="dpo"), "lora", "preference-learning-rate"),
        ({"learning_rate": 2e-5}, "full", "full-learning-rate"),
        ({"learning_rate": 3.0}, "base", "full-learning-rate"),
        ({"eval_losses": [[10, 1.0], [20, 0.8], [30, 0.805]]}, "lora", "validation-turns"),
        ({"eval_losses": [[10, 1.0]]}, "lora", "validation-turns"),
        ({"eval_losses": [[10, -1.0], [20, -2.0]]}, "lora", "validation-turns"),
        ({"epochs": 15, "examples": 1000}, "full", "epochs"),
        ({"epochs": 5}, "lora", "epochs"),
        ({"epochs": 50, "objective": "grpo"}, "lora", "epochs"),
        ({"batch": 4}, "lora", "batch"),
        ({"batch": 64}, "lora", "batch"),
        ({"rank": 8, "examples": 60_000, "objective": "grpo"}, "lora", "rank"),
        ({"rank": 64, "alpha": 8, "adapter": {"use_rslora": True}}, "lora", "scale"),
        ({"targets": "all-linear"}, "lora", "layers"),
        ({"targets": ["model.layers.0.mlp.up_proj", "q_proj"]}, "lora", "layers"),
        ({"examples": 1000}, "lora", "examples"),
    ],
)
def test_what_is_usual_or_of_another_kind_is_passed_over(
    record: dict[str, Any], kind: str, rule: str
) -> None:
    assert rule not in found(record, kind)


def test_the_demo_s_own_training_is_read_critically() -> None:
    record = {
        "method": "lora", "rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"],
        "learning_rate": 0.002, "epochs": 3, "batch": 8, "examples": 320,
    }  # fmt: skip
    assert set(found(record)) == {"lora-learning-rate", "layers", "examples"}


def test_a_base_that_has_nothing_in_common_with_what_the_version_stands_on_is_asked_about() -> None:
    fields = validate(TrainingRecord, {"base_model": "others/our-base"}).fields_with_names.fields
    base = StoodOn("acme/small-1b", "what its parent answers with", loaded=True)
    (advice,) = advice_on(fields, kind="lora", base=base)
    assert advice.rule.name == "base"
    assert "and what its parent answers with is acme/small-1b: is that a copy" in advice.says
    assert advice_on(fields, kind="lora") == []


def test_every_rule_says_what_is_usual_and_where_that_is_known_from() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.usual
        assert rule.sources
        assert all(re.match(r"https://[a-z.]+/", each.url) for each in rule.sources)


def test_the_page_has_every_rule_with_what_is_usual_and_its_sources() -> None:
    table = PAGE[PAGE.index("## Read critically") :]
    for rule in RULES:
        links = ", ".join(f"[{each.title}]({each.url})" for each in rule.sources)
        assert f"| `{rule.name}` | {rule.about} | {rule.usual} | {links} |" in table, rule.name
