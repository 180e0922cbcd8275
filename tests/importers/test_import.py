"""`evalhub import`: a log becomes test sets, versions and runs, all of it or nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet

from evalhub.accounts.models import Project
from evalhub.accounts.permissions import NotAllowedError
from evalhub.cli.app import run
from evalhub.declare.declaration import DeclarationError
from evalhub.importers.kinds import KINDS
from evalhub.io.limits import LOG
from evalhub.io.rows import DataError
from evalhub.registry.models import (
    Item,
    Model,
    ModelVersion,
    Output,
    Run,
    RunMetric,
    Score,
    TestSet,
    TestSetVersion,
)
from evalhub.registry.models.runs import RunState
from evalhub.studies.files import import_logs
from evalhub.studies.files.import_logs import import_log, laid_out
from tests.cast import a_team
from tests.importers.logs import FILES, change_json, change_rows, results, samples

pytestmark = pytest.mark.django_db

KINDS_OF_ROWS: list[QuerySet[Any]] = [
    Project.objects.all(),
    TestSet.objects.all(),
    TestSetVersion.with_drafts.all(),
    Item.objects.all(),
    Model.objects.all(),
    ModelVersion.with_drafts.all(),
    Run.with_drafts.all(),
    Output.objects.all(),
    Score.objects.all(),
]


def rows() -> dict[str, int]:
    """How many rows there are of each kind, drafts too."""
    return {each.model.__name__: n for each in KINDS_OF_ROWS if (n := each.all().count())}


def imported(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Any]:
    assert run(["import", *arguments, "--project", "team", "--json"]) == 0
    found: list[Any] = json.loads(capsys.readouterr().out)["imported"]
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["import", *arguments, "--project", "team"]) == 65
    return capsys.readouterr().err


def test_a_run_of_lm_eval_becomes_a_run_a_task_with_all_its_scores(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums, votes = imported(capsys, "lm-eval", "lm-eval/base")
    assert (sums["task"], sums["test_set"], sums["items"]) == ("sums", "sums", 12)
    assert votes["metrics"] == ["share_right,majority", "share_right,all-three"]
    of_sums = Run.objects.get(pk=sums["run"])
    assert of_sums.state == RunState.DONE
    first = Output.objects.get(run=of_sums, item__input__0__content="What is 3 + 5?")
    assert first.text == "#### 8"
    assert first.item.references == ["8"]
    for metric in of_sums.metrics.select_related("metric"):
        assert metric.metric.name == "recorded"
        assert metric.opened is None  # sealed until a decision reads them
        values = Score.objects.filter(output__run=of_sums, metric=metric.metric)
        assert sum(each.value or 0 for each in values) == 7


def test_two_logs_of_the_same_items_share_a_test_set_whatever_their_order(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = ("--test-set", "sums")
    [base] = imported(capsys, "openai-evals", "openai-evals/base.jsonl", *name)
    [tuned] = imported(capsys, "openai-evals", "openai-evals/tuned.jsonl", *name)
    assert (base["test_set_version"], tuned["test_set_version"]) == (1, 1)
    assert base["run"] != tuned["run"]
    assert Item.objects.count() == 12


def test_the_same_log_again_writes_nothing(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = imported(capsys, "lm-eval", "lm-eval/base")
    before = rows()
    assert imported(capsys, "lm-eval", "lm-eval/base") == first
    assert rows() == before


@pytest.mark.parametrize(
    "kind", [each for each in KINDS if each not in ("inspect", "lm-eval", "parquet")]
)
def test_every_kind_is_imported(logs: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    log = {
        "promptfoo": "promptfoo/results.json",
        "openai-evals": "openai-evals/base.jsonl",
        "openai-chat": "openai-chat/base.jsonl",
        "every-eval-ever": "every-eval-ever/base",
        "json": "json/base.json",
    }[kind]
    found = imported(capsys, kind, log, "--test-set", "asked", "--model-kind", "lora")
    assert [each["arm"] for each in found] == (
        ["base", "tuned"] if kind == "promptfoo" else [found[0]["arm"]]
    )
    assert {each["test_set"] for each in found} == {"asked"}
    assert set(ModelVersion.objects.values_list("kind", flat=True)) == {"lora"}
    assert not RunMetric.objects.exclude(opened=None).exists()


def test_one_arm_of_several_takes_a_name(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = ("promptfoo", "promptfoo/results.json", "--test-set", "sums", "--model", "small-lora")
    said = refused(capsys, *log)
    assert "field 'model': names one model, and the log has base, tuned: choose an arm" in said
    [found] = imported(capsys, *log, "--arm", "tuned")
    assert (found["arm"], found["model"]) == ("tuned", "small-lora")
    assert "has no arm 'gpt' (--arm NAME)" in refused(capsys, *log, "--arm", "gpt")


def test_what_the_tool_cannot_say_is_asked_for(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "promptfoo", "promptfoo/results.json")
    assert "field 'test_set': is needed: promptfoo has no name for what it asks" in said
    assert "field 'kind': 'langsmith' isn't one of lm-eval" in refused(capsys, "langsmith", "json")
    said = refused(capsys, "lm-eval", "lm-eval/base", "--model-kind", "huge")
    assert "field 'kind': 'huge' isn't one of base, prompted" in said
    assert rows() == {}


def test_a_figure_that_is_another_is_told_without_any_number(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_json(
        results("base"), lambda d: d["results"]["sums"].update({"exact_match,strict-match": 0.9})
    )
    assert run(["import", "lm-eval", "lm-eval/base", "--project", "team"]) == 0
    said = capsys.readouterr().out
    assert "  exact_match,strict-match: the log's own figure isn't the mean of the scores" in said
    assert "0.9" not in said
    assert "0.58" not in said


@pytest.mark.parametrize(
    ("task", "change", "says"),
    [
        ("votes", lambda rows: rows[:-1], "is it cut off?"),
        ("votes", lambda rows: [rows[0] | {"target": None}, *rows[1:]], ""),
    ],
)
def test_a_log_that_is_wrong_in_its_last_task_leaves_nothing(
    logs: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    change: Any,
    says: str,
) -> None:
    change_rows(samples("base", task), change)
    if not says:  # something breaks while the last run is written
        staged = import_logs.stage_answers

        def breaks(run: Run, path: Path) -> Run:
            if run.test_set_version.test_set.slug == "votes":
                raise DataError("broke", file=str(path), line=3)
            return staged(run, path)

        monkeypatch.setattr(import_logs, "stage_answers", breaks)
        says = "line 3: broke"
    said = refused(capsys, "lm-eval", "lm-eval/base")
    assert "samples_votes" in said
    assert says in said
    assert rows() == {}


def test_an_id_that_is_too_long_is_told_with_the_logs_own_line(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = json.loads(Path("json/base.json").read_text())
    asked[7]["id"] = "x" * 300
    Path("json/base.json").write_text(json.dumps(asked, indent=0))
    said = refused(capsys, "json", "json/base.json", "--test-set", "sums")
    line = Path("json/base.json").read_text().split("xxx")[0].count("\n")
    assert said.startswith(f"evalhub: json/base.json, line {line}, field 'id': 300 characters long")
    assert rows() == {}


def test_scores_without_answers_are_no_run(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bare.json").write_text(json.dumps([{"id": i, "score": 1} for i in range(5)], indent=0))
    said = refused(capsys, "json", "bare.json", "--test-set", "sums")
    assert said.startswith("evalhub: bare.json, line 2, field 'output': has scores and no output")
    assert rows() == {}


def test_who_does_not_evaluate_imports_nothing() -> None:
    team = a_team()
    asked = {"kind": "lm-eval", "path": FILES / "lm-eval" / "base", "limits": LOG}
    for stranger in (team.rui, team.sam):
        with pytest.raises(NotAllowedError):
            import_log(project=team.project, by=stranger, **asked)
    assert not Run.with_drafts.exists()
    found = import_log(project=team.project, by=team.eva, **asked)
    assert [each.run.state for each in found] == [RunState.PENDING] * 2


def test_uploads_are_laid_out_under_the_names_that_a_reader_looks_for(logs: Path) -> None:
    of_run = results("base").parent
    digests = {}
    for number, each in enumerate(sorted(of_run.iterdir())):
        digests[each.name] = each.rename(Path(f"{number:064x}.jsonl")).resolve()
    with laid_out(digests) as folder:
        found = import_log(project=a_team().project, by=None, kind="lm-eval", path=folder)
    assert [each.task for each in found] == ["sums", "votes"]
    for name in ("../sums.jsonl", "", "..", "a\0b", "x" * 201):
        with pytest.raises(DeclarationError), laid_out({name: of_run}):
            pass


def test_a_log_is_held_to_a_size_that_all_its_files_share(logs: Path) -> None:
    log = Path("lm-eval/base").resolve()
    size = sum(each.stat().st_size for each in log.rglob("*") if each.is_file())
    asked: dict[str, Any] = {"project": a_team().project, "by": None, "kind": "lm-eval"}
    with pytest.raises(DataError, match=f"its files have {size:,} bytes, and at most"):
        import_log(**asked, path=log, limits=replace(LOG, bytes=size - 1))
    assert len(import_log(**asked, path=log, limits=replace(LOG, bytes=size))) == 2


def test_two_who_import_the_same_log_at_once_have_the_same_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    team = a_team()
    asked: dict[str, Any] = {
        "project": team.project,
        "by": team.eva,
        "kind": "lm-eval",
        "path": FILES / "lm-eval" / "base",
    }
    published = import_logs._StagedLog.publish
    others: list[Any] = []

    def after_another(log: import_logs._StagedLog) -> bool:
        if not others:  # somebody else comes first, with all of it
            others.append(None)
            others.extend(import_log(**asked))
        return published(log)

    monkeypatch.setattr(import_logs._StagedLog, "publish", after_another)
    found = import_log(**asked)
    assert [each.run.pk for each in found] == [each.run.pk for each in others[1:]]
    kinds = rows()
    assert (kinds["Run"], kinds["TestSetVersion"], kinds["ModelVersion"]) == (2, 2, 1)
    assert (kinds["Item"], kinds["Output"]) == (24, 24)
