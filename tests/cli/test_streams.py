"""Standard output that lacks characters, is closed or full: the exit code stays true."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.cli.app import run
from evalhub.frames.command.exits import NOT_WRITTEN
from evalhub.frames.command.streams import readable

pytestmark = pytest.mark.heavy

ENCODINGS = ["iso-8859-1", "ascii", "cp1252"]
ANSWERS = ("compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl")
COMPARE = (*ANSWERS, "--metric", "exact_match")
COMMANDS = [
    "--help",
    "compare --help",
    "version",
    "doctor",
    "doctor --json",
    "user list",
    "user link müller",
    "run list",
    "token list",
    "log",
    "prices list",
    "power items",
    "strategy",
    "study run none.toml",
    "policy diff a.toml b.toml",
    "redact Ж ж --reason ы",
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in: 300 items named in Russian, of which the tuned arm gains 30."""
    monkeypatch.chdir(tmp_path)
    keys = [f"й{number}" for number in range(300)]
    write("items.jsonl", [{"id": key, "reference": "да", "kind": "тег"} for key in keys])
    write("base.jsonl", [{"id": key, "output": "нет"} for key in keys])
    gains = [{"id": key, "output": "да" if i < 30 else "нет"} for i, key in enumerate(keys)]
    write("tuned.jsonl", gains)
    return tmp_path


def write(name: str, rows: list[dict[str, object]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(name).write_text(text, encoding="utf-8")


class Terminal:
    """Standard output and error of an encoding, and what was written there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        self.bytes = [io.BytesIO(), io.BytesIO()]
        for name, target in zip(("stdout", "stderr"), self.bytes, strict=True):
            stream = io.TextIOWrapper(target, encoding=encoding, write_through=True)
            monkeypatch.setattr(sys, name, stream)
        self.encoding = encoding

    def texts(self) -> list[str]:
        return [target.getvalue().decode(self.encoding) for target in self.bytes]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_ship_is_a_ship_at_a_terminal_that_lacks_its_mark(
    desk: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    terminal = Terminal(monkeypatch, encoding)
    assert run([*COMPARE, "--tag", "kind"]) == 0
    printed, errors = terminal.texts()
    assert " ok items" in printed
    assert "\\u0442\\u0435\\u0433" in printed  # the tag
    assert errors == ""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_json_document_holds_the_same_in_any_encoding(
    desk: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    utf8 = Terminal(monkeypatch, "utf-8")
    assert run([*COMPARE, "--tag", "kind", "--json"]) == 0
    other = Terminal(monkeypatch, encoding)
    assert run([*COMPARE, "--tag", "kind", "--json"]) == 0
    documents = [json.loads(terminal.texts()[0]) for terminal in (utf8, other)]
    assert documents[0]["breakdown"] == documents[1]["breakdown"] != []
    assert documents[0]["reasons"] == documents[1]["reasons"]


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_ends_as_it_does_in_utf_8(
    desk: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, command: str
) -> None:
    Terminal(monkeypatch, "utf-8")
    code = run(command.split())
    terminal = Terminal(monkeypatch, encoding)
    assert run(command.split()) == code
    assert "our fault" not in "".join(terminal.texts())


def test_what_an_encoding_lacks_is_spelt_with_what_it_has() -> None:
    assert readable("✓ 3–4 × “é” … Δ т 😀", "ascii") == (
        'ok 3-4 x "e" ... \\u0394 \\u0442 \\U0001f600'
    )
    assert readable("✓ 3–4 × “é”", "iso-8859-1") == 'ok 3-4 × "é"'
    assert readable("✓ 3–4 × “é”", "cp1252") == "ok 3–4 × “é”"
    assert readable("file \udce9", "utf-8") == "file \\udce9"  # a name that isn't UTF-8


@pytest.mark.parametrize("more", [(), ("--json",), ("--help",)])
@pytest.mark.parametrize("state", ["closed", "full", "unread"])
def test_a_verdict_that_nobody_could_read_ends_with_74(
    desk: Path, monkeypatch: pytest.MonkeyPatch, state: str, more: tuple[str, ...]
) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    with stdout(state) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run([*COMPARE, *more]) == NOT_WRITTEN == 74
        monkeypatch.undo()
    reason = {
        "closed": "it is closed",
        "full": "No space left on device",
        "unread": "whoever read it has stopped",
    }[state]
    assert errors.getvalue() == (
        f"evalhub: standard output can't be written: {reason}. What the command printed is "
        "incomplete; what it stored, if anything, is stored\n"
    )


class stdout:  # noqa: N801 - reads as what it is
    """Standard output in a state: None where it is closed."""

    def __init__(self, state: str) -> None:
        self.stream: io.TextIOWrapper | None = None
        if state == "full":
            self.stream = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115
        elif state == "unread":
            reader, writer = os.pipe()
            os.close(reader)
            self.stream = os.fdopen(writer, "w", encoding="utf-8")

    def __enter__(self) -> io.TextIOWrapper | None:
        return self.stream

    def __exit__(self, *error: object) -> None:
        if self.stream:
            self.stream.close()


def test_where_errors_can_t_be_told_the_exit_code_stands(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:
        for stderr in (full, None):
            monkeypatch.setattr(sys, "stderr", stderr)
            codes = [run([*COMPARE, "--json"]), run(["nonsense"]), run(["compare", *"abc"])]
            assert codes == [0, 64, 64]
        monkeypatch.undo()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        (">/dev/full", 74),
        (">&-", 74),
        ("| true; exit ${PIPESTATUS[0]}", 74),
        ("2>/dev/full >printed", 0),
        ("<&- >&- 2>&-", 74),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_process_ends_so_too(desk: Path, redirection: str, code: int, unbuffered: str) -> None:
    evalhub = Path(sys.executable).with_name("evalhub")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "PYTHON"))}
    latin = {"PYTHONIOENCODING": "iso-8859-1", "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        ["bash", "-c", f"{evalhub} {' '.join(COMPARE)} {redirection}"],
        cwd=desk,
        env=plain | latin,
        check=False,
        capture_output=True,
    )
    assert done.returncode == code, done.stderr
    if code == 0:
        assert " ok items" in Path("printed").read_text(encoding="iso-8859-1")
