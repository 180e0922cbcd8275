"""A training record: named fields are checked, others kept, and old records stay what they are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from evalhub.declare.declaration import DeclarationError, read_declaration, validate
from evalhub.declare.training import (
    Adapter,
    CheckedTraining,
    Hardware,
    Hyperparameters,
    TrainingCost,
    TrainingFields,
    TrainingRecord,
)
from evalhub.io.document import Document
from evalhub.io.rows import DataError

PAGE = (Path(__file__).parents[2] / "docs" / "reference/training-records.md").read_text("utf-8")


def checked(record: object) -> TrainingRecord:
    return validate(CheckedTraining, record)


def test_a_training_record_keeps_what_people_want_to_keep() -> None:
    record = {"method": "LoRA", "rank": 8, "losses": [2.1, 0.4], "data": "training.jsonl"}
    assert validate(TrainingRecord, record).as_json() == record | {"hashes": None}


@pytest.mark.parametrize("record", [{"hub": {"hf_token": "abc"}}, {"log": ["Bearer abc"]}])
def test_a_secret_in_a_training_record_is_refused_and_never_repeated(
    record: dict[str, Any],
) -> None:
    with pytest.raises(DeclarationError, match="environment variable") as refused:
        validate(TrainingRecord, record)
    assert "abc" not in str(refused.value)


@pytest.mark.parametrize(
    ("record", "field", "says"),
    [
        ({"cost": {"amount": -1}}, "cost.amount", "must be 0 or more, not -1"),
        ({"cost": -1}, "cost", "must be 0 or more, not -1"),
        ({"cost": {"currency": "EUR"}}, "cost.amount", "missing"),
        ({"cost": {"amount": 1, "currency": "EURO"}}, "cost.currency", "say its code as EUR"),
        ({"cost": "$300"}, "cost", "an object with fields is needed"),
        ({"losses": [[1, "NaN"]]}, "losses[0][1]", "where a loss was none, null"),
        ({"losses": [0.5, "NaN"]}, "losses[1]", "a number is needed, not 'NaN'"),
        ({"losses": [[1, True]]}, "losses[0][1]", "a number is needed"),
        ({"losses": [[1, 2, 3]]}, "losses[0]", "[step, value] is needed"),
        ({"losses": [[1, 2], 3]}, "losses[1]", "[step, value] is needed, not 3"),
        ({"losses": 3}, "losses", "a list of [step, value] is needed, not 3"),
        ({"losses": [[-1, 2]]}, "losses[0][0]", "a step, 0 to 1,000,000,000,000, is needed"),
        ({"losses": [[1, 0.5]] * 10_001}, "losses", "10,000 points at most, not 10,001"),
        (
            {"eval_losses": [[40, 1.0], [20, 1.0]]},
            "eval_losses[1][0]",
            "step 20 stands after step 40: no step goes back",
        ),
        ({"adapter": {"lora_alpha": -1}}, "adapter.lora_alpha", "must be above 0, not -1"),
        ({"alpha": -1}, "alpha", "must be above 0, not -1"),
        ({"adapter": {"r": 0}}, "adapter.r", "must be 1 or more, not 0"),
        ({"adapter": {"lora_dropout": 5}}, "adapter.lora_dropout", "must be at most 1"),
        ({"rank": 8, "adapter": "r8"}, "adapter", "an object with fields is needed"),
        (
            {"hyperparameters": {"learning_rate": "high"}},
            "hyperparameters.learning_rate",
            "a number is needed",
        ),
        ({"learning_rate": -1e-4}, "learning_rate", "must be 0 or more"),
        ({"hyperparameters": {"seed": 1.5}}, "hyperparameters.seed", "a whole number is needed"),
        ({"examples": -1}, "examples", "must be 0 or more"),
        ({"examples": "many"}, "examples", "a whole number is needed"),
        ({"hours": -2}, "hours", "must be 0 or more"),
        ({"hardware": {"gpus": -4}}, "hardware.gpus", "must be 0 or more"),
        ({"dataset_sha256": "7dcd"}, "dataset_sha256", "isn't a SHA-256"),
        ({"base_model": {"name": "x"}}, "base_model", "a text is needed"),
    ],
)
def test_a_named_field_that_can_not_be_is_refused_by_its_name(
    record: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        checked(record)
    assert refused.value.field == field
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("method: lora\ncost:\n  amount: -12\n", 3, "cost.amount"),
        ("method: lora\n\nlosses:\n- [1, .nan]\n", 4, "losses.0.1"),
        ("losses:\n- [10, 1.0]\n- [5, 1.0]\n", 3, "losses.1.0"),
        ("rank: 8\nalpha: -1\n", 2, "alpha"),
    ],
)
def test_a_file_s_flaw_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, field: str
) -> None:
    file = tmp_path / "training.yaml"
    file.write_text(text)
    with pytest.raises(DataError) as refused:
        read_declaration(CheckedTraining, Document(file), start="")
    assert (refused.value.line, refused.value.field) == (line, field)


def test_a_learning_rate_as_people_write_it_is_a_number() -> None:
    """YAML 1.1 takes 2e-4 for a text."""
    record = yaml.safe_load("hyperparameters: {learning_rate: 2e-4}")
    assert record["hyperparameters"]["learning_rate"] == "2e-4"
    found = checked(record)
    assert found.fields_with_names.fields.hyperparameters.learning_rate == 2e-4
    assert found.as_json()["hyperparameters"] == {"learning_rate": "2e-4"}


def test_what_people_write_at_the_top_is_read_where_it_belongs() -> None:
    record = {
        "rank": 4, "alpha": 8, "targets": ["q_proj"], "learning_rate": 0.002, "epochs": 3,
        "batch": 16, "seed": 7, "hardware": "T4", "cost": 300, "losses": [0.5, None, 0.25],
        "seconds": 1800, "adapter": None, "ticket": "LLM-214",
    }  # fmt: skip
    found = checked(record).fields_with_names.fields
    assert (found.adapter.r, found.adapter.lora_alpha) == (4, 8)
    assert found.adapter.target_modules == ("q_proj",)
    assert found.hyperparameters.learning_rate == 0.002
    assert (found.epochs, found.batch, found.hyperparameters.seed) == (3, 16, 7)
    assert found.hardware.gpu == "T4"
    assert found.cost == TrainingCost(amount=300)
    assert found.losses == ((1, 0.5), (2, None), (3, 0.25))
    assert found.wall_hours == 0.5
    assert found.model_extra == {"ticket": "LLM-214"}


def test_what_stands_at_both_places_holds_where_it_belongs() -> None:
    found = checked({"rank": 4, "adapter": {"r": 8}}).fields_with_names.fields
    assert found.adapter.r == 8
    assert found.model_extra == {"rank": 4}


def test_a_step_s_batch_is_the_product_of_its_parts() -> None:
    parts = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 8}
    assert checked({"hyperparameters": parts}).fields_with_names.fields.batch == 32
    assert (
        checked({"hyperparameters": parts, "hardware": {"gpus": 2}}).fields_with_names.fields.batch
        == 64
    )
    told = parts | {"total_train_batch_size": 5}
    assert checked({"hyperparameters": told}).fields_with_names.fields.batch == 5
    assert checked({}).fields_with_names.fields.batch is None


def test_a_record_from_before_keeps_what_can_not_be_beside_what_can() -> None:
    old = {"cost": "$300", "hours": "three", "rank": 8, "losses": [[2, 1.0], [1, 1.0]]}
    found = validate(TrainingRecord, old)
    assert found.fields_with_names.unfit == ("losses", "hours", "cost")
    assert found.fields_with_names.fields.adapter.r == 8
    assert found.as_json() == {"data": None, "hashes": None} | old


@pytest.mark.parametrize("kind", [TrainingFields, Hyperparameters, Adapter, Hardware, TrainingCost])
def test_the_page_has_every_field(kind: type[BaseModel]) -> None:
    assert {name for name in kind.model_fields if f"`{name}`" not in PAGE} == set()


def test_the_page_s_example_is_taken_and_every_field_of_it_but_one_has_a_name() -> None:
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])  # type: ignore[index]
    fields = checked(example).fields_with_names.fields
    assert fields.model_extra == {"ticket": "LLM-214"}
    assert fields.cost == TrainingCost(amount=13.11, currency="USD", source="the provider's bill")
