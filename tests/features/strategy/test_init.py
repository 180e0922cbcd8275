"""`evalhub strategy init`: questions answered, and a study written of the simpler things first."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from evalhub.cli.app import run
from evalhub.declare.declaration import validate
from evalhub.demo import record
from evalhub.features.strategy.answers import CHOICES, Case
from evalhub.features.strategy.first_study import first_study
from evalhub.features.strategy.study import StudyParts
from evalhub.ledger.models import Look
from evalhub.registry.models import Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import StudySpec, read_study
from tests.fakes.openai_server import OpenAIServer, saying

DEMO = Path(record.__file__).parent
Capture = pytest.CaptureFixture[str]
FILLED = StudyParts(
    url="http://127.0.0.1:9/v1",
    model="small",
    tuned_model="small-tuned",
    system="Answer with one word.",
    items="items.jsonl",
    documents="manual.jsonl",
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a test set, training rows and documents."""
    write(
        tmp_path / "items.jsonl",
        [
            {"id": f"q{i}", "input": f"What is thing {i} of yours?", "reference": f"t{i % 3}"}
            for i in range(40)
        ],
    )
    write(
        tmp_path / "rows.jsonl",
        [{"input": f"Tell me of number {i}, please?", "output": f"t{i % 3}"} for i in range(230)],
    )
    write(
        tmp_path / "manual.jsonl",
        [{"id": f"d{i}", "text": f"Thing {i} is a t{i % 3}."} for i in range(40)],
    )
    return tmp_path


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def init(out: Path, *more: str) -> int:
    return run(["strategy", "init", str(out), "--yes", *more])


def always(answer: str) -> Callable[[str, int], web.Response]:
    return lambda prompt, attempt: saying(answer)


def written(folder: Path, text: str) -> StudySpec:
    (folder / "study.yaml").write_text(text)
    return read_study(folder / "study.yaml", OperatorFile())


@pytest.mark.heavy
def test_every_case_gives_a_study_that_is_valid_with_its_arms_in_order(desk: Path) -> None:
    sizes = [
        {"examples": 0},
        {"examples": 2_000, "billions": 30.0, "memory": 24.0},
        {"examples": 200_000},
    ]
    names = ("about", "lesson", "changes", "privacy", "reason", "size")
    cases = [
        dict(zip(names, each, strict=True)) | more
        for each in product(*(CHOICES[name] for name in names))
        for more in sizes
    ]
    for case in cases[::7]:
        made = first_study(validate(Case, case), FILLED)
        if "few-shot" in made.advice.steps:
            (one, other) = made.unfilled
            text = made.text.replace(f"FILL IN: {one.text}", "Q?").replace(
                f"FILL IN: {other.text}", "A."
            )
        else:
            assert made.unfilled == []
            text = made.text
        spec = written(desk, text)
        assert tuple(spec.arms) == made.advice.steps
        tuned = "tuned" in made.advice.steps
        assert (spec.policy.development is not None) is tuned
        assert spec.candidate == (made.advice.steps[-1])
        if tuned:
            assert spec.arms["tuned"].kind == made.advice.method


@pytest.mark.django_db(transaction=True)
def test_the_study_that_is_written_is_run_to_its_verdict(
    desk: Path, server: OpenAIServer, capsys: Capture
) -> None:
    out = desk / "study.yaml"
    url = server.backend()["url"]
    words = ["--about", "both", "--examples-file", str(desk / "rows.jsonl")]
    words += ["--items", str(desk / "items.jsonl"), "--documents", str(desk / "manual.jsonl")]
    words += ["--url", url, "--model", "small", "--tuned-model", "tuned", "--system", "One word."]
    assert init(out, *words, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["fill_in"], said["advice"]["answer"]) == ([], "fine-tune-last")
    assert said["answers"]["examples"] == 230
    server.misbehave = lambda prompt, attempt: saying("t1")
    # the skills of the suite aren't what is tested here
    out.write_text(out.read_text().replace("suite: general", ""))
    assert run(["study", "run", str(out)]) in (0, 1, 2, 3)
    study = Study.objects.get()
    assert [arm.name for arm in study.arms.all()] == list(said["advice"]["steps"])
    asked = [request["messages"] for request in server.requests if request["model"] == "small"]
    shown = {len([each for each in messages if each["role"] == "user"]) for messages in asked}
    assert shown == {1, 5}
    assert any("Thing 1 is a t1." in messages[-1]["content"] for messages in asked)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_after_its_study_the_second_training_is_look_2(
    desk: Path, server: OpenAIServer, capsys: Capture
) -> None:
    """The prompt, the examples and the documents that are read beside the first cost no look."""
    out = desk / "study.yaml"
    words = ["--about", "both", "--examples-file", str(desk / "rows.jsonl")]
    words += ["--items", str(desk / "items.jsonl"), "--documents", str(desk / "manual.jsonl")]
    words += ["--url", server.backend()["url"], "--model", "small", "--tuned-model", "tuned"]
    assert init(out, *words, "--system", "One word.") == 0
    study = yaml.safe_load(out.read_text()) | {"slug": "first"}
    del study["suite"]
    server.misbehave = lambda prompt, attempt: saying("t0" if " is a t" in prompt else "t1")
    numbers = []
    with OpenAIServer() as trained:
        for answer in ("t0", "t2"):
            study["slug"] = f"training-{answer}"
            study["arms"]["tuned"]["backend"] = {
                "openai": {"url": trained.backend()["url"], "model": f"tuned-{answer}"}
            }
            trained.misbehave = always(answer)
            out.write_text(yaml.safe_dump(study, sort_keys=False))
            capsys.readouterr()
            run(["study", "run", str(out), "--json"])
            record = json.loads(capsys.readouterr().out)
            numbers.append(record["ledger"]["test_sets"][0]["number"])
    assert numbers == [1, 2]
    assert Look.objects.rivals().exists()


def test_what_is_not_known_is_named_at_the_end_and_by_the_run(desk: Path, capsys: Capture) -> None:
    out = desk / "study.yaml"
    assert init(out, "--examples", "300") == 0
    told = capsys.readouterr().out
    fields = [
        "arms.base.backend.openai.url",
        "arms.base.backend.openai.model",
        "arms.prompted.prompt.system",
        "arms.few-shot.prompt.examples[0].input",
        "arms.few-shot.prompt.examples[0].output",
        "arms.tuned.backend.openai.model",
        "test_sets.task.file",
    ]
    named = told.split("filled in there:\n")[1].splitlines()[: len(fields)]
    assert [line.split(":")[0].strip() for line in named] == fields
    assert run(["study", "run", str(out), "--dry-run"]) == 65
    error = capsys.readouterr().err
    line = 1 + next(i for i, each in enumerate(out.read_text().splitlines()) if "FILL IN" in each)
    assert f"line {line}, field '{fields[0]}': is still to be filled in: the address" in error
    assert all(each in error for each in fields)


def test_a_file_that_is_there_is_never_written_over(desk: Path, capsys: Capture) -> None:
    out = desk / "mine.yaml"
    out.write_text("mine")
    assert init(out) == 64
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    (desk / "link.yaml").symlink_to(desk / "nowhere.yaml")
    assert init(desk / "link.yaml") == 64
    assert init(desk / "no" / "study.yaml") == 65
    assert "can't be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--about", "facts", "isn't one of knowledge, behaviour, both"),
        ("--changes", "often", "isn't one of never, yearly"),
        ("--examples", "-1", "must be 0 or more"),
        ("--billions", "0", "must be above 0"),
        ("--memory", "nan", "--memory"),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_written(
    desk: Path, capsys: Capture, option: str, value: str, said: str
) -> None:
    assert init(desk / "study.yaml", option, value) == 64
    error = capsys.readouterr().err
    assert option in error
    assert said in error
    assert not (desk / "study.yaml").exists()


def test_examples_come_from_training_rows_one_of_each_answer_and_none_of_the_test_set(
    desk: Path,
) -> None:
    items = [json.loads(line) for line in (desk / "items.jsonl").read_text().splitlines()]
    rows = [{"input": each["input"], "output": each["reference"]} for each in items[:20]]
    rows += [{"input": f"Tell me of number {i}, please?", "output": f"t{i % 3}"} for i in range(9)]
    write(desk / "rows.jsonl", rows)
    out = desk / "study.yaml"
    words = ["--examples-file", str(desk / "rows.jsonl"), "--items", str(desk / "items.jsonl")]
    assert init(out, *words) == 0
    shown = yaml.safe_load(out.read_text())["arms"]["few-shot"]["prompt"]["examples"]
    asked = {each["input"] for each in items}
    assert len(shown) == 4
    assert not asked & {each["input"] for each in shown}
    assert {each["output"] for each in shown} == {"t0", "t1", "t2"}


def test_a_file_whose_rows_are_all_test_items_is_refused(desk: Path, capsys: Capture) -> None:
    items = [json.loads(line) for line in (desk / "items.jsonl").read_text().splitlines()]
    write(desk / "rows.jsonl", [{"input": i["input"], "output": i["reference"]} for i in items])
    words = ["--examples-file", str(desk / "rows.jsonl"), "--items", str(desk / "items.jsonl")]
    assert init(desk / "study.yaml", *words) == 65
    assert "each of its rows is in the test set" in capsys.readouterr().err
    write(desk / "rows.jsonl", [{"text": "nothing"}])
    assert init(desk / "study.yaml", "--examples-file", str(desk / "rows.jsonl")) == 65
    assert "no row is an example" in capsys.readouterr().err


def test_rows_that_were_trained_with_a_system_message_are_asked_with_it(desk: Path) -> None:
    out = desk / "study.yaml"
    assert init(out, "--examples-file", str(DEMO / "training.jsonl")) == 0
    arms = yaml.safe_load(out.read_text())["arms"]
    assert arms["prompted"]["prompt"]["system"].startswith("You sort support messages.")
    assert arms["tuned"]["prompt"] == {"system": arms["prompted"]["prompt"]["system"]}
    data = (desk / arms["tuned"]["training"]["data"]).resolve()
    assert data == (DEMO / "training.jsonl").resolve()


def test_a_small_model_for_a_large_one_is_asked_to_be_as_good_within_a_budget(desk: Path) -> None:
    out = desk / "study.yaml"
    assert init(out, "--size", "large", "--reason", "latency", "--examples", "900") == 0
    study = yaml.safe_load(out.read_text())
    assert study["test_sets"]["task"]["min_gain"] < 0
    assert study["policy"]["budgets"] == {"latency": {"max_ratio": 0.8, "test_set": "task"}}
    assert "parent" not in study["arms"]["tuned"]
    assert "suite" not in study


def test_without_a_terminal_what_is_missing_is_named(desk: Path) -> None:
    found = subprocess.run(
        [evalhub(), "strategy", "init", str(desk / "s.yaml"), "--about", "both"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 64
    assert "--lesson" in found.stderr


def test_on_a_terminal_each_question_is_asked_and_a_bad_answer_again(desk: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [evalhub(), "strategy", "init", str(desk / "s.yaml"), "--reason", "quality", "--json"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        os.close(theirs)
        # about, twice; the lesson as proposed; changes; examples, twice; the rest as proposed
        os.write(ours, b"nonsense\nboth\n\nmonthly\nmany\n40\n\n\n\n\n")
        out, questions = asking.communicate(timeout=60)
    os.close(ours)
    said = json.loads(out)
    given = {"about": "both", "changes": "monthly", "examples": 40}
    assert given.items() <= said["answers"].items()
    assert said["advice"]["needed"] == 160
    assert "isn't one of knowledge, behaviour, both" in questions
    assert "a whole number is needed" in questions
    for name, field in Case.model_fields.items():
        assert (field.description in questions) is (name != "reason")


def evalhub() -> str:
    return str(Path(sys.executable).with_name("evalhub"))
