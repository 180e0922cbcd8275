"""`evalhub compare` as a user runs it: exit codes, one JSON document, errors that say where."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalhub.cli.app import run
from tests.cli.scorefiles import write

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "verdict.schema.json"
VALID = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in: 300 items, of which the tuned arm gains 30."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write("items.jsonl", [{"id": i, "reference": "right", "kind": f"k{i % 2}"} for i in range(300)])
    answer("base.jsonl", ["wrong"] * 300)
    answer("tuned.jsonl", ["right"] * 30 + ["wrong"] * 270)
    return tmp_path


def answer(name: str, texts: list[str]) -> None:
    write(name, [{"id": i, "output": text} for i, text in enumerate(texts)])


COMPARE = ["compare", "base.jsonl", "tuned.jsonl", "--test-set", "items.jsonl"]
EXACT = [*COMPARE, "--metric", "exact_match"]


def test_a_ship_ends_with_0(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(EXACT) == 0
    printed = capsys.readouterr()
    assert printed.out.strip().startswith("Ship Unregistered: tuned gains 0.10 on items.")
    assert printed.err == ""


def test_a_score_of_labels_is_of_all_answers(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every third is "yes": the base says "no" to all, so its recalls are 0 and 1."""
    golds = ["yes" if i % 3 == 0 else "no" for i in range(300)]
    write("items.jsonl", [{"id": i, "reference": gold} for i, gold in enumerate(golds)])
    answer("base.jsonl", ["no"] * 300)
    answer("tuned.jsonl", golds)
    labels = ["--option", 'labels=["yes", "no"]', "--option", "score=balanced_accuracy"]
    assert run([*COMPARE, "--metric", "classification", *labels, "--json"]) == 0
    [criterion] = json.loads(capsys.readouterr().out)["criteria"]
    assert (criterion["baseline"], criterion["candidate"]) == (0.5, 1.0)


def test_a_hold_ends_with_1(desk: Path) -> None:
    assert run(["compare", "tuned.jsonl", "base.jsonl", *EXACT[3:]]) == 1


def test_too_little_ends_with_2(desk: Path) -> None:
    answer("tuned.jsonl", ["right"] * 3 + ["wrong"] * 297)
    assert run(EXACT) == 2


def test_invalid_evidence_ends_with_3(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer("tuned.jsonl", ["right"] * 299)
    assert run(EXACT) == 3
    assert "tuned.jsonl has no answer to 1 of 300 items" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        (["right"] * 30 + ["wrong"] * 270, "ship"),
        (["right"] * 3 + ["wrong"] * 297, "need-more-data"),
        (["right"] * 299, "invalid"),
        (["wrong"] * 300, "invalid"),
    ],
)
def test_json_is_one_document_by_the_published_schema_and_nothing_else(
    desk: Path, capsys: pytest.CaptureFixture[str], texts: list[str], verdict: str
) -> None:
    answer("tuned.jsonl", texts)
    run([*EXACT, "--json", "--tag", "kind"])
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert record["verdict"] == verdict
    VALID.validate(record)
    assert printed.err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--colour"], "No such option: --colour"),
        (["--metric", "exact_mach"], "did you mean exact_match"),
        (["--role", "judge"], "--role"),
        (["--margin", "-1"], "--margin"),
        (["--role", "guard", "--margin", "nan"], "--margin"),
        (["--role", "guard", "--margin", "1e308"], "--margin"),
        (["--role", "guard", "--margin", "1"], "a difference of 1 is none to look for"),
        (["--min-gain", "-2"], "scores lie between 0 and 1"),
        (["--margin", "0.1"], "--margin: is for guards: say --role guard"),
        (["--role", "guard", "--min-gain", "0.1"], "--min-gain: is for primaries"),
        (["--min-gain", "inf"], "--min-gain"),
        (["--min-gain", "nan"], "--min-gain"),
        (["--alpha", "0.5"], "--alpha"),
        (["--alpha", "nan"], "--alpha"),
        (["--extract", "("], "regular expression"),
        (["--option", "lower"], "name=value"),
        (["--option", "lowr=true"], "did you mean lower"),
        (["--metric", "numeric_match", "--option", "tolerance=NaN"], "tolerance"),
    ],
)
def test_wrong_usage_ends_with_64(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert run([*EXACT, *arguments, "--json"]) == 64
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err


@pytest.mark.parametrize("arguments", [[], ["compare"], ["compare", "base.jsonl"], ["compair"]])
def test_an_incomplete_command_ends_with_64(desk: Path, arguments: list[str]) -> None:
    assert run(arguments) == 64


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("tuned.jsonl", b'{"id": 0, "output": "x"}\n{"id": 1, "out', "line 2: malformed JSON"),
        ("tuned.jsonl", b'{"id": 0, "output": "x"}\n{"id": 0, "output": "y"}\n', "line 2, field"),
        ("tuned.jsonl", b'{"id": 0, "output": "caf\xe9"}\n', "line 1: not UTF-8"),
        ("tuned.jsonl", '{"id": 0, "output": "x"}\n'.encode("utf-16"), "line 1: this is UTF-16"),
        ("tuned.jsonl", b"", "tuned.jsonl: holds no rows"),
        ("tuned.jsonl", b'{"output": "x"}\n', "line 1, field 'id': missing"),
        ("tuned.jsonl", b'{"id": 0, "text": "x"}\n', "line 1, field 'output': missing"),
        ("tuned.jsonl", b'{"id": 0, "output": NaN}\n', "line 1, field 'output'"),
        ("tuned.jsonl", b'{"id": 0, "output": "x", "latency_ms": 1e999}\n', "line 1, field"),
        ("tuned.jsonl", b'{"id": "q9", "output": "x"}\n', "line 1, field 'id': 'q9' isn't in"),
        ("items.jsonl", b'{"id": 0}\n', "line 1, field 'reference': missing"),
        ("items.jsonl", b'{"id": 0, "reference": null}\n', "line 1, field 'reference'"),
        ("items.jsonl", b'{"id": 0, "reference": NaN}\n', "line 1, field 'reference'"),
        ("items.jsonl", b"[1, 2]\n", "line 1: a JSON object was expected"),
    ],
)
def test_bad_data_ends_with_65_and_names_file_line_and_field(
    desk: Path, capsys: pytest.CaptureFixture[str], file: str, content: bytes, says: str
) -> None:
    Path(file).write_bytes(content)
    assert run([*EXACT, "--json"]) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"evalhub: {file}")
    assert says in printed.err


def test_a_file_that_is_not_there_is_bad_data(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", "base.jsonl", "gone.jsonl", *EXACT[3:]]) == 65
    assert capsys.readouterr().err == "evalhub: gone.jsonl: no such file\n"


def test_a_breakdown_is_printed_where_it_is_asked_for(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([*EXACT, "--tag", "kind"])
    printed = capsys.readouterr().out
    assert "k0" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_a_report_is_a_page_of_its_own(desk: Path) -> None:
    assert run([*EXACT, "--report", "report.html"]) == 0
    assert "<html" in Path("report.html").read_text(encoding="utf-8")
    assert sorted(Path().glob("report*")) == [Path("report.html")]


def test_a_report_that_can_not_be_written_leaves_nothing(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken.html").mkdir()
    before = sorted(Path().iterdir())
    for path in ("no/such/folder.html", "taken.html"):
        assert run([*EXACT, "--report", path, "--json"]) == 65
        printed = capsys.readouterr()
        assert printed.out == ""
        assert path in printed.err
    assert sorted(Path().iterdir()) == before


def evalhub(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The console script, as a process of its own."""
    return subprocess.run(
        [Path(sys.executable).with_name("evalhub"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_the_console_script_ends_with_the_verdicts_code(desk: Path) -> None:
    assert evalhub(*EXACT).returncode == 0
    assert evalhub(*EXACT, "--metric", "nope").returncode == 64
    Path("tuned.jsonl").write_text("{\n")
    assert evalhub(*EXACT).returncode == 65


def test_comparing_touches_no_home_and_loads_neither_django_nor_celery(desk: Path) -> None:
    code = (
        "import sys; from evalhub.cli.app import run\n"
        f"code = run({[*EXACT, '--json']!r})\n"
        "heavy = {'django', 'celery', 'aiohttp', 'pyarrow', 'yaml'} & set(sys.modules)\n"
        "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
    )
    before = sorted(desk.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sorted(desk.iterdir()) == before


def test_a_line_of_50_mb_is_refused_without_being_held(desk: Path) -> None:
    with Path("tuned.jsonl").open("wb") as file:
        file.write(b'{"id": 0, "output": "')
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n')

    def at_most_600_mib() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (600 * 2**20, 600 * 2**20))

    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = evalhub(*EXACT, preexec_fn=at_most_600_mib, env=one_thread)
    assert done.returncode == 65, done.stderr
    assert "tuned.jsonl, line 1: longer than 32 MiB" in done.stderr


def test_gsm8k_is_compared_by_the_console_script(shared_data: Path) -> None:
    folder = shared_data / "gsm8k"
    done = evalhub(
        "compare",
        str(folder / "outputs_6b_finetuning.jsonl"),
        str(folder / "outputs_175b_finetuning.jsonl"),
        *("--test-set", str(folder / "testset.jsonl")),
        *("--metric", "numeric_match", "--reference", "answer", "--json"),
    )
    assert done.returncode == 0
    record = json.loads(done.stdout)
    VALID.validate(record)
    (criterion,) = record["criteria"]
    assert (criterion["wins"], criterion["losses"]) == (260, 88)
    assert round(criterion["baseline"], 5) == 0.21683
    assert round(criterion["candidate"], 5) == 0.34723
