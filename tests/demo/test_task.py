"""The demo's task: messages to JSON, with nothing of the test split in the training split."""

import json
from pathlib import Path

import yaml

from evalhub.demo import record, task

DEMO = Path(record.__file__).parent
TEST = task.generate("test", record.SEED, record.TASK_ITEMS)
TRAIN = task.generate("train", record.SEED, record.TRAINING_ITEMS)


def said(item: task.TaskItem) -> str:
    """The customer's message: the item's last."""
    return item["input"][-1]["content"]


def test_a_seed_always_gives_the_same_messages() -> None:
    assert task.generate("test", 5, 50) == task.generate("test", 5, 50)
    assert task.generate("test", 5, 50) != task.generate("test", 6, 50)


def test_there_are_240_test_messages_all_different() -> None:
    assert len({item["id"] for item in TEST}) == 240
    assert len({said(item) for item in TEST}) == 240


def test_no_test_message_is_a_training_message() -> None:
    assert not {said(item) for item in TEST} & {said(item) for item in TRAIN}


def test_the_splits_share_no_wording() -> None:
    for ours, theirs in (
        (task.TEST.urgent, task.TRAIN.urgent),
        (task.TEST.unhurried, task.TRAIN.unhurried),
        (task.TEST.customers, task.TRAIN.customers),
        (task.TEST.openings, task.TRAIN.openings),
        (task.TEST.closings, task.TRAIN.closings),
        (task.TEST.described.values(), task.TRAIN.described.values()),
        *((task.TEST.intents[intent], task.TRAIN.intents[intent]) for intent in task.INTENTS),
    ):
        assert not set(ours) & set(theirs)


def test_every_label_is_asked_for() -> None:
    answers = [json.loads(item["reference"]) for item in TEST]
    assert {answer["intent"] for answer in answers} == set(task.INTENTS)
    assert {answer["product"] for answer in answers} == set(task.PRODUCTS)
    assert {answer["urgency"] for answer in answers} == set(task.URGENCIES)


def test_a_thread_is_one_customer_writing_about_one_product() -> None:
    products: dict[str, set[str]] = {}
    for item in TEST:
        products.setdefault(item["cluster"], set()).add(json.loads(item["reference"])["product"])
    assert len(products) < len(TEST)
    assert all(len(named) == 1 for named in products.values())


def test_a_message_without_a_word_on_time_is_of_normal_urgency() -> None:
    cues = [cue.lower().rstrip(".") for cue in (*task.TEST.urgent, *task.TEST.unhurried)]
    for item in TEST:
        says_when = any(cue in said(item).lower() for cue in cues)
        assert says_when == (json.loads(item["reference"])["urgency"] != "normal")


def test_the_committed_files_are_what_the_seed_gives() -> None:
    for name, items in record.test_sets().items():
        lines = (DEMO / "test_sets" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line) for line in lines] == items
    lines = (DEMO / "training.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == record.training()


def test_the_prompted_arm_shows_training_messages_only() -> None:
    study = yaml.safe_load((DEMO / "study.yaml").read_text(encoding="utf-8"))
    trained = {said(item): item["reference"] for item in TRAIN}
    examples = study["arms"]["prompted"]["prompt"]["examples"]
    assert {trained[example["input"]] == example["output"] for example in examples} == {True}
    assert {json.loads(example["output"])["intent"] for example in examples} == set(task.INTENTS)
