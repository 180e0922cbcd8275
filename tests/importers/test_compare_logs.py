"""`evalhub compare A B --from KIND`: each tool's logs are paired rightly, by the command."""

import json
from pathlib import Path

import pytest

from evalhub.cli.app import run
from tests.importers.logs import (
    FILES,
    change_each,
    change_json,
    compare,
    counts,
    record,
    refusal,
    results,
    samples,
)

LM = ("lm-eval/base", "lm-eval/tuned")
TWO = ("--metric", "sums=exact_match,strict-match", "--metric", "share_right,majority")
JSON = ("json/base.json", "json/tuned.json")
SUMS = 12
"""Of the sums `base` gets 7 right and `tuned` 8: three that the other misses, and misses two."""
RIGHT = (0.583, 0.667, 3, 2, 7)


def test_the_models_answered_as_is_expected_here() -> None:
    asked = [json.loads(line) for line in (FILES / "make" / "sums.jsonl").open()]
    totals = [int(each["answer"]) for each in asked]
    right = [[total % every != 0 for total in totals] for every in (3, 7)]
    won = sum(tuned and not base for base, tuned in zip(*right, strict=True))
    lost = sum(base and not tuned for base, tuned in zip(*right, strict=True))
    assert (sum(right[0]), sum(right[1]), won, lost, len(totals)) == (7, 8, 3, 2, SUMS)


@pytest.mark.parametrize(
    ("kind", "arguments", "test_set", "metric", "expected"),
    [
        ("lm-eval", (*LM, *TWO, "--primary", "sums"), "sums", "exact_match,strict-match", RIGHT),
        (
            "promptfoo",
            ("promptfoo/results.json", "--base-arm", "base", "--candidate-arm", "tuned"),
            "tests",
            "pass",
            (0.583, 0.0, 0, 7, 5),
        ),
        (
            "openai-evals",
            ("openai-evals/base.jsonl", "openai-evals/tuned.jsonl"),
            "items",
            "passed",
            RIGHT,
        ),
        (
            "json",
            ("json/base.json", "json/tuned.json", "--metric", "exact"),
            "items",
            "exact",
            RIGHT,
        ),
        (
            "every-eval-ever",
            ("every-eval-ever/base", "every-eval-ever/tuned", "--metric", "match:accuracy"),
            "adding",
            "match:accuracy",
            (1.0, 0.75, 0, 1, 3),
        ),
    ],
)
def test_two_logs_are_paired_and_judged_as_any_scores_are(
    logs: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    arguments: tuple[str, ...],
    test_set: str,
    metric: str,
    expected: tuple[float, float, int, int, int],
) -> None:
    found = record(capsys, kind, *arguments)
    first = found["criteria"][0]
    assert (first["test_set"], first["metric"], first["role"]) == (test_set, metric, "primary")
    assert counts(first) == expected
    assert not found["registered"]
    for figure in found["imported"]["figures"]:
        ours = first if figure["test_set"] == test_set else found["criteria"][1]
        assert figure["ours"] == pytest.approx(ours[figure["arm"]])
        if figure["theirs"] is not None:
            assert figure["theirs"] == pytest.approx(figure["ours"])
    told = [each["theirs"] is not None for each in found["imported"]["figures"]]
    assert all(told) if kind not in ("json", "openai-evals") else not any(told)
    assert found["imported"]["status"] == "pass"


def test_several_tasks_are_several_criteria(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "lm-eval", *LM, *TWO, code=64)
    assert "there are several tasks, sums, votes: say which must gain (--primary TASK)" in said
    said = refusal(capsys, "lm-eval", *LM, *TWO, "--primary", "sum", code=64)
    assert "--primary sum: the tasks are sums, votes" in said
    found = record(capsys, "lm-eval", *LM, *TWO, "--primary", "votes", "--margin", "0.1")
    assert [(each["name"], each["role"], each["margin"]) for each in found["criteria"]] == [
        ("sums", "guard", 0.1),
        ("votes", "primary", None),
    ]
    both = record(capsys, "lm-eval", *LM, *TWO, "--primary", "votes", "--primary", "sums")
    assert [each["role"] for each in both["criteria"]] == ["primary", "primary"]


def test_a_metric_is_chosen_and_never_guessed(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "lm-eval", *LM, "--primary", "sums")
    assert "sums has several metrics: say --metric 'exact_match,strict-match', or another" in said
    said = refusal(capsys, "lm-eval", *LM, *TWO, "--metric", "brevity", "--primary", "sums")
    assert (
        "no task has the metric 'brevity': sums has exact_match,strict-match, exact_match," in said
    )
    said = refusal(capsys, "lm-eval", *LM, "--metric", "sums=bleu", "--primary", "sums")
    assert "sums has no metric 'bleu'; it has exact_match,strict-match" in said


def test_the_tools_own_figure_is_told_where_it_is_another(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = ("--metric", "acc,none")
    guesses = ("lm-eval/base-guesses", "lm-eval/tuned-guesses")
    change_json(
        results("tuned-guesses"),
        lambda document: document["results"]["parity"].update({"acc,none": 0.9}),
    )
    found = record(capsys, "lm-eval", *guesses, *one)["imported"]
    assert found["status"] == "fail"
    assert (
        "lm-evaluation-harness says 0.9 for wea5hh95 on parity (acc,none), and the mean of the "
        "scores in its log is 0.5: find out why before you trust either." in found["sentences"]
    )

    def by_another_rule(document: dict) -> None:
        document["results"]["parity"].update({"acc,none": 0.9})
        document["configs"]["parity"]["metric_list"][0]["aggregation"] = "weighted_f1"

    change_json(results("tuned-guesses"), by_another_rule)
    found = record(capsys, "lm-eval", *guesses, *one)["imported"]
    assert found["status"] == "open"
    assert (
        "lm-evaluation-harness says 0.9 for wea5hh95 on parity (acc,none), made by weighted_f1; "
        "ours is 0.5." in found["sentences"]
    )


def test_a_figure_that_is_not_a_number_is_none(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nan = {"acc,none": float("nan")}
    change_json(results("tuned-guesses"), lambda d: d["results"]["parity"].update(nan))
    guesses = ("lm-eval/base-guesses", "lm-eval/tuned-guesses", "--metric", "acc,none")
    found = record(capsys, "lm-eval", *guesses)["imported"]
    assert [each["theirs"] for each in found["figures"]] == [0.5, None]
    assert (
        "log holds no figure of wea5hh95 on parity (acc,none); ours is 0.5."
        in (found["sentences"][-1])
    )


def test_other_prompts_are_refused_or_declared(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (*LM, *TWO, "--primary", "sums")
    change_each(samples("tuned", "sums"), lambda row: row | {"prompt_hash": row["doc_hash"]})
    said = refusal(capsys, "lm-eval", *asked)
    assert "12 of 12 items of sums were put to the two models in other words" in said
    assert "samples_sums_" in said
    assert "line 1:" in said
    assert "say --other-prompts" in said
    found = record(capsys, "lm-eval", *asked, "--other-prompts")
    assert found["imported"]["status"] == "open"
    said = found["imported"]["sentences"][-1]
    assert said.startswith("The items of sums were put to the two arms in other words, as was said")


def test_other_versions_of_the_tool_are_told(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_json(results("tuned"), lambda document: document.update({"lm_eval_version": "0.4.9"}))
    found = record(capsys, "lm-eval", *LM, *TWO, "--primary", "sums")["imported"]
    assert found["cautions"] == [
        "lm_eval is 0.4.13 for acme/base and 0.4.9 for acme/tuned: a difference may be the tool's"
    ]
    assert found["status"] == "open"


def test_items_that_one_log_lacks_make_the_evidence_invalid(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(Path("json/tuned.json").read_text())
    Path("json/tuned.json").write_text(json.dumps(rows[1:]))
    found = record(capsys, "json", "json/base.json", "json/tuned.json", "--metric", "exact")
    assert found["verdict"] == "invalid"
    assert found["invalid"][0].startswith("tuned ")
    assert found["imported"]["figures"] == []


def test_arms_that_are_one_are_invalid(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("json/tuned.json").write_text(Path("json/base.json").read_text())
    found = record(capsys, "json", "json/base.json", "json/tuned.json", "--metric", "exact")
    assert (
        "base and tuned gave the same answers to every item: was the adapter applied?"
        in (found["invalid"])
    )
    one = ("json/base.json", "--metric", "exact")
    assert "is compared with itself" in refusal(capsys, "json", *one)


def test_clusters_and_tags_are_fields_of_the_log(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("json/base.json", "json/tuned.json", "--metric", "exact")
    found = record(capsys, "json", *asked, "--cluster", "size", "--tag", "size")
    assert found["criteria"][0]["clusters"] == 2
    assert {each["tag"] for each in found["breakdown"]} == {"small", "large"}
    said = refusal(capsys, "json", *asked, "--tag", "length")
    assert "field 'length': an item has no such field in the log; there are size" in said


def test_a_metric_of_evalhubs_own_scores_the_answers(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chats = ("openai-chat/base.jsonl", "openai-chat/tuned.jsonl")
    ours = ("--metric", "exact_match", "--extract", r"#### (\d+)")
    found = record(capsys, "openai-chat", *chats, *ours, "--test-set", "openai-chat/right.jsonl")
    assert counts(found["criteria"][0]) == RIGHT
    assert found["imported"] is None
    rows = record(capsys, "json", "json/base.json", "json/tuned.json", *ours)
    assert counts(rows["criteria"][0]) == RIGHT

    said = refusal(capsys, "openai-chat", *chats, *ours)
    assert "openai-chat/base.jsonl, line 1: no right answer to item" in said
    assert "name a file of them by --test-set" in said
    said = refusal(capsys, "openai-chat", *chats)
    assert "chat has no scores: name a metric of Evalhub's own" in said
    said = refusal(capsys, "lm-eval", *LM, "--metric", "exact_match", code=64)
    assert "scores one task, and the logs' are sums, votes" in said


def test_a_report_is_written_of_logs_too(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("json/base.json", "json/tuned.json", "--metric", "exact", "--report", "page.html")
    assert compare("json", *asked) == 2
    page = Path("page.html").read_text("utf-8")
    assert "What is 5 + 9?" in page
    assert "Read from another tool" in page
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a", "b", "--from", "langsmith"], "--from: 'langsmith' isn't one of lm-eval, inspect"),
        (["a", "b", "--metric", "exact_match"], "--test-set: is needed"),
        (["a", "--metric", "exact_match", "--test-set", "c"], "CANDIDATE: is needed"),
        (["a", "b", "--test-set", "c"], "--metric: is needed"),
        (
            ["a", "b", "--test-set", "c", "--metric", "exact_match", "--primary", "x"],
            "--primary: goes with --from KIND",
        ),
        (
            ["a", "b", "--from", "lm-eval", "--id", "key"],
            "--rows, --id, --output, --score, --field: are for json and parquet",
        ),
        (["a", "b", "--from", "json", "--reference", "r"], "--reference: doesn't go with --from"),
        (["a", "b", "--from", "json", "--extract", "r"], "--extract: doesn't go with scores of a"),
        (["a", "b", "--from", "json", "--test-set", "c"], "--test-set: doesn't go with scores of"),
        (["a", "b", "--from", "json", "--margin", "0.1"], "--margin: is for guards"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(
    logs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["compare", *arguments]) == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["lm-eval", "promptfoo", "openai-evals", "openai-chat", "json"])
def test_a_log_that_is_not_there_is_an_error(
    logs: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert "evalhub: none.json: no such file" in refusal(capsys, kind, "none.json", "none.json")
