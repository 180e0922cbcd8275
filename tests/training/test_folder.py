"""A training record from the folder that a trainer wrote."""

import json
import re
from pathlib import Path

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.outside import check_from_web
from evalhub.declare.training import CheckedTraining, TrainingFields, TrainingRecord
from evalhub.io.rows import DataError
from evalhub.training.folder import READERS, read_folder
from tests.training import folders

PAGE = (Path(__file__).parents[2] / "docs" / "reference/training-records.md").read_text("utf-8")


def read(folder: Path) -> TrainingFields:
    return validate(CheckedTraining, read_folder(folder)).fields_with_names.fields


def test_what_transformers_and_peft_wrote_is_read(tmp_path: Path) -> None:
    found = read(folders.of_transformers(tmp_path))
    assert (found.method, found.base_model, found.datasets) == (
        "lora", "small-1b", ("acme/tickets",),
    )  # fmt: skip
    assert (found.adapter.r, found.adapter.lora_alpha) == (8, 16)
    assert found.adapter.target_modules == ("q_proj", "v_proj")
    assert (found.step, found.epoch, found.wall_hours) == (40, 2.0, 7200.5 / 3600)
    assert found.losses == ((10, 1.9), (20, 1.2))
    assert found.eval_losses == ((20, 1.8), (40, 1.3))
    told = found.hyperparameters
    assert (told.learning_rate, told.num_train_epochs, told.seed) == (2e-4, 2.0, 42)
    assert (found.batch, found.hardware.gpus, found.examples) == (64, 2, 1280)
    assert (told.lr_scheduler_type, told.warmup_steps) == ("cosine", 0.1)
    extra = found.model_extra or {}
    assert extra["best_checkpoint"] == "checkpoint-40"
    assert extra["read_from"] == [
        "adapter_config.json", "trainer_state.json", "all_results.json", "README.md",
    ]  # fmt: skip


def test_a_checkpoint_is_read_with_what_stands_above_it(tmp_path: Path) -> None:
    found = read(folders.of_transformers(tmp_path) / "checkpoint-20")
    assert (found.checkpoint, found.step, found.epoch) == ("checkpoint-20", 20, 1.0)
    assert found.hyperparameters.learning_rate == 2e-4
    assert found.examples is None, "what the whole came to isn't the checkpoint's"
    assert (found.model_extra or {})["read_from"][-1] == "README.md"


def test_a_folder_without_a_state_has_that_of_its_newest_checkpoint(tmp_path: Path) -> None:
    found = read(folders.of_axolotl(tmp_path))
    assert (found.checkpoint, found.step) == ("checkpoint-100", 100)


def test_axolotl_s_configuration_is_read_out_of_the_card(tmp_path: Path) -> None:
    found = read(folders.of_axolotl(tmp_path))
    assert (found.method, found.objective, found.base_model) == ("qlora", "sft", "small-1b")
    assert found.datasets == ("acme/tickets", "more.jsonl")
    told = found.hyperparameters
    assert (told.learning_rate, told.num_train_epochs, told.max_length) == (2e-4, 1, 2048)
    assert (told.per_device_train_batch_size, told.gradient_accumulation_steps) == (2, 4)
    assert (found.adapter.r, found.adapter.lora_dropout) == (32, 0.05)


@pytest.mark.parametrize(
    ("changed", "method"),
    [
        ("", "qlora"),
        ("adapter: lora", "qlora"),
        ("adapter: lora\nload_in_4bit: false", "lora"),
        ("adapter:", "full"),
    ],
)
def test_axolotl_s_configuration_is_read_beside_what_it_wrote(
    tmp_path: Path, changed: str, method: str
) -> None:
    config = folders.AXOLOTL
    for line in filter(None, changed.split("\n")):
        config = re.sub(rf"^{line.split(':')[0]}:.*$", line, config, flags=re.M)
    folders.written(tmp_path, {"qlora.yml": config, "accelerate.yaml": "num_processes: 2\n"})
    assert read(tmp_path).method == method


def test_what_llama_factory_wrote_is_read(tmp_path: Path) -> None:
    found = read(folders.of_llama_factory(tmp_path))
    assert (found.method, found.objective) == ("qlora", "sft")
    assert found.datasets == ("identity", "tickets")
    assert (found.hyperparameters.learning_rate, found.batch) == (5e-5, 16)
    assert found.adapter.target_modules == ("q_proj", "v_proj"), "the adapter's own, not 'all'"
    assert found.losses == ((10, 1.9), (40, 1.2)), "of the training that ended here"
    assert found.eval_losses == ((40, 1.3),)
    assert (found.step, found.epoch, found.wall_hours) == (40, 2.0, 25.0)


def test_trl_s_card_says_what_it_learnt_from(tmp_path: Path) -> None:
    folders.written(
        tmp_path, {"README.md": folders.TRL_CARD, "trainer_state.json": folders.state()}
    )
    found = read(tmp_path)
    assert (found.objective, found.base_model) == ("dpo", "acme/small-1b")
    assert found.hyperparameters.learning_rate is None
    assert found.learning_rate_logged == 2e-4


def test_our_own_callback_s_record_is_believed_first(tmp_path: Path) -> None:
    folders.of_transformers(tmp_path)
    own = {"method": "qlora", "hyperparameters": {"learning_rate": 1e-4}, "examples": 7}
    folders.written(tmp_path, {"evalhub-training.json": json.dumps(own)})
    found = read(tmp_path)
    assert (found.method, found.hyperparameters.learning_rate, found.examples) == (
        "qlora", 1e-4, 7,
    )  # fmt: skip
    assert found.hyperparameters.seed == 42


def test_a_loss_that_is_no_number_is_none_and_what_we_do_not_read_may_be_infinite(
    tmp_path: Path,
) -> None:
    history = '[{"loss": NaN, "grad_norm": Infinity, "step": 1}, {"loss": 0.5, "step": 2}]'
    text = folders.state(log_history="HISTORY").replace('"HISTORY"', history)
    folders.written(tmp_path, {"trainer_state.json": text})
    assert read(tmp_path).losses == ((1, None), (2, 0.5))


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("trainer_state.json", folders.state()[:-40], r"trainer_state.json, line \d+: isn't whole"),
        ("trainer_state.json", "", "trainer_state.json, line 1: isn't whole"),
        ("trainer_state.json", "[]", "a JSON object is needed"),
        ("trainer_state.json", '{"log_history": 3}', "'log_history': a list of objects"),
        ("trainer_state.json", "[" * 200_000, "isn't JSON that is read"),
        (
            "trainer_state.json",
            folders.state(log_history=[{"loss": 1, "step": 2}, {"loss": 1, "step": 1}]),
            r"trainer_state.json, field 'losses\[1\]\[0\]': step 1 stands after step 2",
        ),
        ("adapter_config.json", '{"r": -1}', "adapter_config.json, field 'adapter.r': must be 1"),
        ("adapter_config.json", '{"lora_alpha": -1}', "'adapter.lora_alpha': must be above 0"),
        ("adapter_config.json", '{"r": ', "adapter_config.json, line 1: isn't whole"),
        ("trainer_log.jsonl", '{"current_steps": 1}\n{"curr', "trainer_log.jsonl, line 2: isn't"),
        ("trainer_log.jsonl", '{"loss": 1}', "line 1, field 'current_steps': a whole number"),
        ("training_args.yaml", "learning_rate: [", "training_args.yaml, line 1: isn't YAML"),
        ("training_args.yaml", "learning_rate: much", "'hyperparameters.learning_rate': a number"),
        ("training_args.yaml", "a: !!python/object/apply:os.system [id]", "isn't YAML"),
        ("config.yml", folders.AXOLOTL.replace("lora_r: 32", "lora_r: 0"), "'adapter.r': must be"),
        ("README.md", "---\nbase_model: [\n---\n", "README.md, line 3: isn't YAML"),
    ],
)
def test_a_file_that_is_broken_or_half_written_is_named(
    tmp_path: Path, file: str, text: str, says: str
) -> None:
    folders.of_transformers(tmp_path)
    folders.written(tmp_path, {file: text})
    with pytest.raises(DataError, match=says):
        read_folder(tmp_path)


def test_a_file_of_bytes_is_named(tmp_path: Path) -> None:
    (tmp_path / "trainer_state.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(DataError, match=r"trainer_state\.json, line 1: isn't UTF-8"):
        read_folder(tmp_path)


def test_a_folder_of_no_training_says_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"holds no file of a training .* trainer_state\.json"):
        read_folder(tmp_path)


def test_two_configurations_are_not_chosen_between(tmp_path: Path) -> None:
    folders.written(tmp_path, {"a.yml": folders.AXOLOTL, "b.yaml": folders.AXOLOTL})
    with pytest.raises(DataError, match=r"Axolotl's configuration twice, in a\.yml and b\.yaml"):
        read_folder(tmp_path)


def test_the_same_folder_is_the_same_record_and_names_no_path(tmp_path: Path) -> None:
    records = [
        read_folder(of(tmp_path / of.__name__))
        for of in (folders.of_transformers, folders.of_axolotl, folders.of_llama_factory)
    ]
    again = [read_folder(tmp_path / of.name) for of in sorted(tmp_path.iterdir())]
    assert all(record in again for record in records)
    for record in records:
        found = validate(TrainingRecord, record)
        check_from_web(found, uploaded=(), aliases=())


def test_the_page_lists_what_is_read() -> None:
    table = PAGE[PAGE.index("## From a trainer's folder") :]
    assert {each.name for each in READERS if f"`{each.name}`" not in table} == set()
