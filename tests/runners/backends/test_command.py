"""Any program that answers lines of JSON, and what programs do instead."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.keys import Reach
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.studies.file.arms import ArmBackend
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.command import Client, CommandBackend
from runners.launch import launch
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.runners.test_launch import worked_through

ECHO = """
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    said = asked["messages"][-1]["content"]
    {MISBEHAVE}
    print(json.dumps({"id": asked["id"], "output": "You said: " + said}), flush=True)
"""


def program(folder: Path, misbehave: str = "pass", text: str = ECHO) -> dict[str, Any]:
    (folder / "answer.py").write_text(text.replace("{MISBEHAVE}", misbehave))
    run = [sys.executable, "-S", "-E", "answer.py"]
    return {"type": "command", "run": run, "files": ["answer.py"], "folder": str(folder)}


def client(spec: Mapping[str, Any], prompt: Prompt = Prompt(), **sampling: Any) -> Client:  # noqa: B008
    return Client.of(validate(CommandBackend, spec), prompt, Sampling(**sampling), OPERATOR)


def answers(client: Client, *inputs: Any) -> list[Reply]:
    questions = [BackendRequest(n, 0, each, "") for n, each in enumerate(inputs)]
    found = {
        question.item_id: reply for batch in client.answer(questions) for question, reply in batch
    }
    return [found[n] for n in range(len(inputs))]


@pytest.mark.heavy
@pytest.mark.django_db
def test_a_run_is_answered_by_a_program(team: Team, tmp_path: Path) -> None:
    questions = a_test_set(
        team, items=[{"references": [f"You said: questions: Question {i}?"]} for i in range(150)]
    )
    version = a_version(team, "program", backend=program(tmp_path))
    run = launch(version=version, test_set_version=questions, metrics=[a_metric()], reach=OPERATOR)
    run = worked_through(run)
    assert (run.state, run.error) == ("done", "")
    assert run.metrics.get().mean == 1.0
    assert run.outputs.count() == 150


@pytest.mark.heavy
@pytest.mark.django_db
def test_a_run_of_which_nothing_came_says_which_program_it_was(team: Team, tmp_path: Path) -> None:
    spec = program(tmp_path, "print(json.dumps({'id': asked['id']})); continue")
    version = a_version(team, "program", backend=spec | {"run": ["python3", "answer.py"]})
    run = launch(
        version=version,
        test_set_version=a_test_set(team, items=[{"references": ["x"]}]),
        metrics=[a_metric()],
        reach=OPERATOR,
    )
    said = worked_through(run).error
    begin = (
        "python3 answer.py answers nothing (is it well?): 1 of 1 item failed, the first 'q0000': "
    )
    assert said.startswith(begin)


@pytest.mark.heavy
def test_it_is_told_the_prompt_the_sampling_and_the_sample(tmp_path: Path) -> None:
    text = """
import json, sys
asked = json.loads(sys.stdin.readline())
print(json.dumps({"id": asked.pop("id"), "output": json.dumps(asked, sort_keys=True),
                  "latency_ms": 3, "prompt_tokens": 2, "completion_tokens": -1,
                  "logprob": float("nan"), "choice_logprobs": [-1, -2.5]}))
"""
    spec = program(tmp_path, text=text)
    asked = client(
        spec, Prompt(system="Be short.", template="{input}!"), seed=5, samples=3, top_k=4
    )
    question = BackendRequest(9, 2, "Hello", "", choices=["a", "b"], tools=[{"name": "t"}])
    [[_, reply]] = [each for batch in asked.answer([question]) for each in batch]
    assert reply == Reply(
        text='{"choices": ["a", "b"], "messages": [{"content": "Be short.", "role": "system"}, '
        '{"content": "Hello!", "role": "user"}], "prompt": "Be short.\\n\\nHello!", "sample": 2, '
        '"sampling": {"seed": 7, "top_k": 4}, "tools": [{"name": "t"}]}',
        latency_ms=3,
        prompt_tokens=2,
        choice_logprobs=[-1, -2.5],
    )


POISON = {
    "it ends": ("os._exit(3)", "the command ended with 3"),
    "it complains": ("sys.exit('out of \\x1b luck')", "the command ended with 1 before all was "
                     "answered: out of luck"),
    "it hangs": ("import time; time.sleep(60)", "the command wrote nothing for 0.5 s"),
    "it writes no JSON": ("print('hello')", "a line that isn't JSON"),
    "it answers another": ("asked['id'] = '77'", "a line whose id nobody asked"),
    "it writes without end": ("print('x' * 9_000_000)", "a line of more than 8,388,608 bytes"),
    "it writes bytes": ("os.write(1, b'\\xff\\xfe\\n')", "a line that isn't JSON"),
    "it says nothing": ("print(json.dumps({'id': asked['id']})); continue", "neither output nor"),
    "it says NUL": ("said = '\\0'", "a NUL character"),
    "it says half a pair": ("said = '\\ud800'", "half a surrogate pair"),
    "it gives up": ("print(json.dumps({'id': asked['id'], 'error': 'too hard'})); continue",
                    "too hard"),
}  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("case", POISON)
def test_what_one_question_does_to_it_is_that_answer_s_error(case: str, tmp_path: Path) -> None:
    does, message = POISON[case]
    spec = program(
        tmp_path,
        f"if said == 'poison': {does}"
        if "continue" not in does
        else f"if said == 'poison':\n        {does}",
    ) | {"silent_s": 0.5}
    found = answers(client(spec), *"ab", "poison", *"cdef")
    assert [each.text for each in found if not each.error] == [f"You said: {x}" for x in "abcdef"]
    assert message in found[2].error


@pytest.mark.heavy
def test_one_that_reads_all_before_it_answers_loses_one_answer_too(tmp_path: Path) -> None:
    text = """
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert not any(each["prompt"] == "poison" for each in lines)
for each in lines:
    print(json.dumps({"id": each["id"], "output": each["prompt"]}))
"""
    found = answers(client(program(tmp_path, text=text)), *"abc", "poison", *"defg")
    assert [each.text for each in found if not each.error] == list("abcdefg")
    assert "AssertionError" in found[3].error


@pytest.mark.heavy
def test_one_that_never_answers_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="ended with 3 before all was answered"):
        answers(client(program(tmp_path, "os._exit(3)")), *"abcd")
    missing = program(tmp_path) | {"run": ["./no-such-program"]}
    with pytest.raises(BackendError, match="no-such-program' can't be started"):
        answers(client(missing), "a")


@pytest.mark.heavy
def test_it_sees_nothing_of_this_site_s_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALHUB_SECRET_KEY", "sesame")
    monkeypatch.setenv("DATABASE_URL", "sesame")
    monkeypatch.setenv("SUPPORT_KEY", "theirs")
    [found] = answers(client(program(tmp_path, "said = str(sorted(os.environ.items()))")), "a")
    assert found.text
    assert "sesame" not in found.text
    assert "theirs" in found.text


@pytest.mark.heavy
def test_closing_it_ends_what_it_started(tmp_path: Path) -> None:
    does = (
        "import subprocess; "
        "subprocess.Popen([sys.executable, '-S', '-c', "
        "'import time; time.sleep(3); open(\"late\", \"w\")']); time = __import__('time'); "
        "open('begun', 'w'); time.sleep(60)"
    )
    asked = client(program(tmp_path, does)).answer([BackendRequest(1, 0, "a", "")])
    deadline = time.monotonic() + 30
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        next(asked)
    asked.close()
    time.sleep(4)
    assert (tmp_path / "begun").exists()
    assert not (tmp_path / "late").exists()


def test_only_an_operator_s_command_starts_one(tmp_path: Path) -> None:
    spec = validate(CommandBackend, program(tmp_path))
    with pytest.raises(BackendError, match="an operator's own study alone"):
        Client.of(spec, Prompt(), Sampling(), Reach())


def test_a_version_is_the_program_and_what_its_files_hold(tmp_path: Path) -> None:
    def settled(folder: Path, text: str = "1") -> CommandBackend:
        folder.mkdir(exist_ok=True)
        (folder / "rules.txt").write_text(text)
        spec = {"type": "command", "run": ["answer"], "files": ["rules.txt"]}
        return validate(CommandBackend, spec).resolve(lambda named: folder / named)

    here, there = settled(tmp_path / "here"), settled(tmp_path / "there")
    assert here.folder == str(tmp_path / "here")
    assert here.identity() == there.identity()
    assert settled(tmp_path / "there", "2").identity() != here.identity()
    with pytest.raises(DeclarationError, match="can't be read"):
        here.resolve(lambda named: tmp_path / named)
    with pytest.raises(DeclarationError, match="'content_sha256': they have"):
        here.model_copy(update={"content_sha256": "0" * 64}).resolve(
            lambda named: tmp_path / "here" / named if named == "rules.txt" else tmp_path
        )


def test_a_conversation_without_a_user_is_refused_for_itself(tmp_path: Path) -> None:
    asked = client(program(tmp_path))
    [reply] = answers(asked, [{"role": "system", "content": "x"}])
    assert "no message of the user" in reply.error


def test_no_study_from_the_web_names_one() -> None:
    arm = validate(ArmBackend, {"command": {"run": ["rm", "-r", "/"]}})
    with pytest.raises(OutsideError, match="is a command, which no document from outside may give"):
        check_from_web(arm, uploaded=(), aliases=())
