"""Files of tools that have no kind of their own, by paths to their rows and fields."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.io.row_paths import PathError, RowMapping, parse_path, path_text, reach
from evalhub.io.row_paths import read_mapped_rows as rows_of
from evalhub.io.rows import DataError
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run, RunMetric, Score
from tests.api.conftest import Program, home, program
from tests.api.sums import digest
from tests.api.test_studies import upload
from tests.importers.logs import DOCS

__all__ = ["home", "program"]

PAGE = (DOCS / "how-to/other-tools.md").read_text(encoding="utf-8")
TOOLS = dict(
    re.findall(r"^\| ([\w -]+) \| `(evalhub compare .*?)` \| [^|]+ \|$", PAGE, re.MULTILINE)
)
DEEPEVAL = shlex.split(
    "--rows testCases --id name --output actualOutput "
    "--score 'exact=metricsData[name=Exact Match].score' --field reference=expectedOutput"
)
FIELDS = {
    "rows": "testCases",
    "id": "name",
    "output": "actualOutput",
    "scores": {"exact": "metricsData[name=Exact Match].score"},
    "other": {"reference": "expectedOutput"},
}


def test_the_page_names_every_tool() -> None:
    assert list(TOOLS) == [
        "ragas", "deepeval", "langfuse", "braintrust", "LangSmith", "MLflow tables",
        "NeMo Evaluator", "lighteval", "HELM", "classic OpenAI evals",
    ]  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_its_file_opens_by_the_command_on_the_page(
    tool: str, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*shlex.split(TOOLS[tool])[1:], "--json"]) == 2, capsys.readouterr().err
    record = json.loads(capsys.readouterr().out)
    criterion = record["criteria"][0]
    # base is wrong on 0, 3, 6, 9, 12, 15, 18 and tuned on 0, 7, 14
    assert (criterion["baseline"], criterion["candidate"]) == (13 / 20, 17 / 20)
    assert (criterion["wins"], criterion["losses"], criterion["ties"]) == (6, 2, 12)


def test_an_answer_is_read_as_its_tool_wrote_it(logs: Path) -> None:
    mapping = RowMapping(
        rows="testCases", id="name", output="actualOutput", fields={"reference": "expectedOutput"}
    )
    first = next(iter(rows_of(Path("deepeval/base.json"), mapping)))
    assert {name: first.values[name] for name in ("id", "output", "reference")} == {
        "id": "sum-0",
        "output": "14",
        "reference": "13",
    }


ROW: dict[str, Any] = {
    "a": {"b": [{"name": "f1", "v": 1}, {"name": "em [x=1]", "v": True}], "b.c": "dotted"},
    "outputs.answer": "by its whole name",
    "share [0-1]": 0.5,
    "n": {"n": {"n": 0}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0].v", 1),
        ("a.b[name=f1].v", 1),
        ("a.b[name=em [x=1]].v", True),
        ("a.b[v=true].name", "em [x=1]"),
        ("a.b.c", "dotted"),
        ("outputs.answer", "by its whole name"),
        ("share [0-1]", 0.5),
        ("n.n.n", 0),
    ],
)
def test_a_path_reaches(path: str, value: object) -> None:
    steps = parse_path(path)
    assert reach(ROW, steps) == value
    assert path_text(steps) == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("b", "there is no field 'b'; there are a, outputs.answer"),
        ("a.x", "there is no field 'x' in a; there are b, b.c"),
        ("n.n.n.n", "there is no field 'n' in n.n.n, which is a number"),
        ("a.b[7]", "a.b has 2 members, and no [7]"),
        ("a.b[name=g]", "0 of 2 members in a.b are [name=g]"),
        ("a[0]", "a[0]: a is an object"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_is_there(path: str, why: str) -> None:
    with pytest.raises(PathError) as error:
        reach(ROW, parse_path(path))
    assert why in str(error.value)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[0", "a[0]b"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        parse_path(path)


def nested(folder: Path) -> Path:
    """Two models' samples within one document, as a sweep writes them."""
    runs = [
        {
            "model": model,
            "samples": [{"key": f"q{i}", "said": model, "ok": i % every != 0} for i in range(60)],
        }
        for model, every in (("old", 2), ("new", 60))
    ]
    path = folder / "sweep.json"
    path.write_text(json.dumps({"made": "by a sweep", "runs": runs}, indent=1))
    return path


def test_rows_within_rows_have_the_fields_around_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(nested(tmp_path))
    fields = ["--id", "key", "--output", "said", "--score", "ok", "--field", "arm=model"]
    arms = ["--base-arm", "old", "--candidate-arm", "new", "--json"]
    asked = ["compare", path, "--from", "json", "--rows", "runs.samples", *fields, *arms]
    assert run(asked) == 0
    assert json.loads(capsys.readouterr().out)["criteria"][0]["wins"] == 29
    one = RowMapping(rows="runs[model=new].samples", id="key")
    assert {row.values["model"] for row in rows_of(Path(path), one)} == {"new"}


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 65) -> str:
    assert run(["compare", *arguments]) == code
    return capsys.readouterr().err


def test_a_refusal_names_the_file_the_line_and_the_path(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("deepeval/base.json", "deepeval/tuned.json", "--from", "json")
    said = refusal(capsys, *both)
    assert "base.json, line 1: a list of objects was expected, and this is an object; say" in said
    assert "which list holds the rows (rows: testCases" in said
    rows = ("--rows", "testCases", "--id", "name")
    said = refusal(capsys, *both, *rows, "--score", "metricsData[name=F1].score")
    assert "field 'metricsData[name=F1].score': missing: 0 of 1 members in metricsData" in said
    assert re.search(r"deepeval/base.json, line \d+, field", said)
    said = refusal(capsys, *both, *rows, "--score", "success", "--output", "answer")
    assert "base.json, field 'answer': no row has it; the last one has" in said
    said = refusal(capsys, *both, *rows, "--score", "name")
    assert "field 'name': a score is a number, true, false or null, not 'sum-0'" in said
    said = refusal(capsys, *both, "--rows", "results")
    assert "has no 'results'" in said


def test_options_that_can_t_be_are_refused(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = ("deepeval/base.json", "deepeval/tuned.json")
    said = refusal(capsys, *both, "--from", "promptfoo", "--rows", "a", code=64)
    assert "are for json and parquet: promptfoo has its own form" in said
    assert "goes with --from KIND" in refusal(capsys, *both, "--rows", "a", code=64)
    assert "isn't closed" in refusal(capsys, *both, "--from", "json", "--rows", "a[", code=64)
    said = refusal(capsys, *both, "--from", "json", "--field", "colour=a", code=64)
    assert "isn't one of input, reference, task" in said
    twice = ("--score", "a", "--score", "b")
    assert "names score twice" in refusal(capsys, *both, "--from", "json", *twice, code=64)


@pytest.mark.django_db
def test_a_log_is_imported_by_its_paths(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["import", "json", "deepeval/base.json", "--project", "team", "--test-set", "sums"]
    assert run([*asked, *DEEPEVAL, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["imported"]
    assert (found["items"], found["metrics"]) == (20, ["exact"])
    first = Output.objects.get(run=found["run"], item__key="sum-0")
    assert (first.text, first.item.references) == ("14", ["13"])
    assert sum(each.value or 0 for each in Score.objects.all()) == 13
    assert not RunMetric.objects.exclude(opened=None).exists()


@pytest.mark.django_db
def test_rest_takes_the_same_fields(
    logs: Path, home: None, program: Callable[..., Program]
) -> None:
    caller, content = program("read", "ingest"), Path("deepeval/base.json").read_bytes()
    upload(caller, content)
    files = {"base.json": digest(content)}
    body = {"kind": "json", "files": files, "test_set": "sums", "model": "m", "fields": FIELDS}
    answer = caller.post("/imports", body)
    assert answer.status_code == 202, answer.content
    assert answer.json()["imported"][0]["metrics"] == ["exact"]
    for fields, why in (
        ({"rows": "a["}, "isn't closed"),
        ({"other": {"colour": "a"}}, "isn't one of input, reference"),
        (FIELDS | {"rows": "results"}, "has no 'results'"),
    ):
        answer = caller.post("/imports", body | {"fields": fields})
        assert answer.status_code in (400, 422), answer.content
        assert why in answer.content.decode()


def study(folder: Path) -> Path:
    """A study of deepeval's own files, by its own scores."""
    items = [{"id": f"sum-{i}", "input": f"Sum {i}?"} for i in range(20)]
    (folder / "items.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in items))
    document = {
        "schema": "evalhub.study/1",
        "project": "team",
        "name": "Sums",
        "baseline": "base",
        "candidate": "tuned",
        "arms": {
            name: {
                "kind": "base",
                "backend": {"recorded": f"deepeval/{name}.json"},
                "fields": FIELDS,
            }
            for name in ("base", "tuned")
        },
        "test_sets": {
            "sums": {
                "file": "items.jsonl",
                "role": "primary",
                "metric": {"name": "recorded", "score": "exact"},
            }
        },
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.django_db(transaction=True)
def test_a_study_file_and_the_gate_take_the_same_fields(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(study(logs))
    assert run(["study", "run", path]) == 2, capsys.readouterr().err
    criterion = Decision.objects.get().document.criteria[0]
    assert (criterion.baseline, criterion.candidate) == (13 / 20, 17 / 20)
    answers = ["--answers", "helm/tuned.json", "--id", "instance_id", "--output", "predicted_text"]
    scores = ["--score", "exact=stats.exact_match"]
    assert run(["gate", path, *answers, *scores, "--wait", "20s"]) in (2, 3), (
        capsys.readouterr().err
    )
    assert Run.objects.count() == 3
    assert run(["gate", path, "--id", "instance_id"]) == 64
    assert "goes with --answers FILE" in capsys.readouterr().err


def test_an_evidence_document_takes_rows_and_paths(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = {
        "schema": "evalhub.evidence/1",
        "baseline": "base",
        "candidate": "tuned",
        "scores": {"base": "deepeval/base.json", "tuned": "deepeval/tuned.json"},
        "rows": "testCases",
        "fields": {
            "item": "name",
            "value": "metricsData[name=Exact Match].score",
            "output": "actualOutput",
        },
    }
    Path("evidence.yaml").write_text(yaml.safe_dump(evidence))
    policy = {"schema": "evalhub.policy/1", "criteria": {"items": {"role": "primary"}}}
    Path("policy.yaml").write_text(yaml.safe_dump(policy))
    assert run(["decide", "policy.yaml", "--evidence", "evidence.yaml", "--json"]) == 2
    criterion = json.loads(capsys.readouterr().out)["criteria"][0]
    assert (criterion["baseline"], criterion["candidate"]) == (13 / 20, 17 / 20)


def test_long_ids_and_objects_are_known_by_their_digest(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(f"{json.dumps({'q': q, 'o': 'x'})}\n" for q in ("short", "long " * 60, {"a": 1}))
    )
    ids = [row.values["id"] for row in rows_of(path, RowMapping(id="q", output="o"))]
    assert ids[0] == "short"
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in ids[1:])
    assert len(set(ids)) == 3


def test_a_table_is_read_by_its_columns_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text('{"columns": ["id", "output"],\n "data": [["a", "x"],\n ["b"]]}')
    with pytest.raises(DataError, match=r"line 3, field 'data\[1\]': a list of 2 values"):
        list(rows_of(path, RowMapping()))
