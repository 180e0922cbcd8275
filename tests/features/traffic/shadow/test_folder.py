"""`evalhub study init --from-traffic`: a study, production's answers, and a verdict."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from evalhub.cli.app import run
from evalhub.features.traffic.models import RequestText
from evalhub.ledger.models import Look
from evalhub.registry.models import Output, Run, TestSetVersion, TrafficSample
from tests.cast import Team, a_version
from tests.fakes.openai_server import OpenAIServer, saying
from tests.features.traffic.shadow.production import LAST_WEEK, by_metric, served, stands_for

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk"]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def draw(*options: str, n: int = 100) -> None:
    assert run(["traffic", "sample", *LAST_WEEK, "--n", str(n), *options]) == 0


def written(folder: Path, *options: str) -> int:
    return run(["study", "init", str(folder), "--from-traffic", *OF, *options])


def filled(server: OpenAIServer) -> list[str]:
    return ["--kind", "lora", "--url", server.url, "--model", "tuned"]


def unlike_answers() -> Callable[[str, int], web.Response]:
    """A server that says something else each time."""
    numbers = count()
    return lambda prompt, attempt: saying(f"answer {next(numbers)}")


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def study(folder: Path) -> Any:
    return yaml.safe_load((folder / "study.yaml").read_text())


def test_production_s_answers_and_errors_are_the_baseline_s(team: Team, tmp_path: Path) -> None:
    version = a_version(team, "now")
    stands_for(team, version)
    served(team, ["a?", "b?"], output=["yes", None], error_type=["", "timeout"])
    draw()
    assert written(tmp_path) == 0
    answers = {row.pop("id"): row for row in rows(tmp_path / "production.traffic.jsonl")}
    assert sorted(answers.values(), key=str) == [
        {"error": "timeout", "served_model": "support"},
        {"output": "yes", "served_model": "support"},
    ]
    assert study(tmp_path)["arms"]["production"]["build"] == "now@1"
    items = rows(tmp_path / "traffic.jsonl")
    assert {row["id"] for row in items} == answers.keys()


def test_the_tools_that_production_called_are_checked_as_the_candidate_s_are(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    """Both arms call the same tool, but for one question where production says it in words."""
    questions = [f"Where is {i}?" for i in range(12)]
    call = {"name": "find", "arguments": {"number": 5}}
    calls = [None, *[[call]] * 11]
    served(team, questions, output=["I find it.", *[None] * 11], tool_calls=calls)
    draw()
    assert written(tmp_path, *filled(server)) == 0
    recorded = rows(tmp_path / "production.traffic.jsonl")
    assert sorted(str(row.get("tool_calls")) for row in recorded) == sorted(map(str, calls))
    items = rows(tmp_path / "traffic.jsonl")
    with_calls = [item | {"reference": json.dumps(call)} for item in items]
    (tmp_path / "traffic.jsonl").write_text("".join(json.dumps(row) + "\n" for row in with_calls))
    file = study(tmp_path)
    del file["review"]
    file["test_sets"]["traffic"] = {
        "file": "traffic.jsonl",
        "role": "primary",
        "metric": {"name": "tool_call_match"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    function = {"name": "find", "arguments": '{"number": 5}'}
    server.misbehave = lambda prompt, attempt: saying(
        None, tool_calls=[{"id": "c-1", "type": "function", "function": function}]
    )
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    [criterion] = [
        row for row in json.loads(capsys.readouterr().out)["criteria"] if row["name"] == "traffic"
    ]
    assert (criterion["baseline"], criterion["candidate"]) == (pytest.approx(11 / 12), 1)


def test_what_is_not_said_of_the_candidate_is_left_to_be_filled_in(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["a?", "b?"])
    draw()
    assert written(tmp_path) == 0
    assert run(["study", "run", str(tmp_path / "study.yaml"), "--dry-run"]) == 65
    assert "arms.candidate" in capsys.readouterr().err
    (tmp_path / "study.yaml").write_text("filled in by hand")
    assert written(tmp_path) == 0
    assert (tmp_path / "study.yaml").read_text() == "filled in by hand"


def test_a_folder_with_a_study_of_another_sample_is_left_alone(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Its study would ask the new items, without their weights, under the old name."""
    served(team, [f"Question {i}?" for i in range(6)])
    draw(n=3)
    assert written(tmp_path) == 0
    before = {path: path.read_text() for path in tmp_path.iterdir()}
    draw(n=3)
    capsys.readouterr()
    assert written(tmp_path) == 65
    message = "holds another study than this one of traffic v2: choose another folder"
    assert message in capsys.readouterr().err
    assert {path: path.read_text() for path in tmp_path.iterdir()} == before
    assert written(tmp_path / "two") == 0


def test_the_study_asks_the_candidate_what_production_was_asked(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    served(team, [f"Question {i}?" for i in range(12)] + ["Question 0?"], users=6)
    draw()
    assert written(tmp_path, *filled(server), "--name", "Shadow") == 0
    versions = TestSetVersion.objects.count()
    assert run(["study", "run", str(tmp_path / "study.yaml"), "--json"]) != 70
    assert TestSetVersion.objects.count() == versions, "the sample itself is judged"
    assert sorted(server.asked) == sorted(f"Question {i}?" for i in range(12))
    baseline, candidate = Run.objects.order_by("version__model__slug").reverse()
    assert baseline.test_set_version == candidate.test_set_version
    texts = Output.objects.filter(run=baseline).values_list("text", flat=True)
    assert sorted(texts) == sorted(f"answer {i}" for i in range(12))


def test_masked_requests_are_asked_again_and_their_share_is_said(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    mail = "Write to nora@example.org."
    served(team, [f"Question {i}?" for i in range(8)] + [f"{mail} {i}" for i in range(2)])
    draw()
    baseline = ["--baseline-url", server.url, "--baseline-model", "old"]
    capsys.readouterr()
    assert written(tmp_path, *filled(server), *baseline) == 0
    assert "The baseline has to be asked again on 2." in capsys.readouterr().out
    assert len(rows(tmp_path / "production.traffic.jsonl")) == 8
    server.misbehave = lambda prompt, attempt: saying("asked again")
    record = ["record", str(tmp_path / "again.yaml"), "--arm", "production"]
    assert run([*record, "--out", str(tmp_path), "--yes"]) == 0
    assert sorted(server.asked) == ["Write to [mail-1]. 0", "Write to [mail-1]. 1"]
    capsys.readouterr()
    assert written(tmp_path, *filled(server), *baseline) == 0
    assert "The baseline was asked again on 2." in capsys.readouterr().out
    answers = [row["output"] for row in rows(tmp_path / "production.traffic.jsonl")]
    assert (len(answers), answers.count("asked again")) == (10, 2)
    assert not any("latency_ms" in row for row in rows(tmp_path / "production.traffic.jsonl"))
    assert TrafficSample.objects.get().asked_again == 2
    file = study(tmp_path)
    by_metric(file)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    record = json.loads(capsys.readouterr().out)
    [row] = record["shadow"]["test_sets"]
    assert (row["items"], row["asked_again"], row["mirrored"]) == (10, 2, False)
    assert (
        "On 2 of them (20.0%) production's answer couldn't stand, and production was asked again."
        in record["shadow"]["sentences"]
    )


def test_an_answer_that_retention_deleted_is_asked_again(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["a?", "b?", "c?"])
    draw()
    RequestText.objects.filter(key="r-001").delete()
    capsys.readouterr()
    assert run(["study", "init", str(tmp_path), "--from-traffic", *OF, "--json"]) == 0
    folder = json.loads(capsys.readouterr().out)
    assert (folder["recorded"], folder["missing"]) == (2, 1)
    assert TrafficSample.objects.get().asked_again == 1


def test_a_second_answer_of_the_baseline_gives_the_noise_floor(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    served(team, [f"Question {i}?" for i in range(12)])
    draw()
    baseline = ["--baseline-url", server.url, "--baseline-model", "old", "--second-answer"]
    assert written(tmp_path, *filled(server), *baseline) == 0
    record = ["record", str(tmp_path / "second.yaml"), "--arm", "production"]
    assert run([*record, "--out", str(tmp_path), "--yes"]) == 0
    file = study(tmp_path)
    by_metric(file)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["noise_floor"] is not None
    assert document["shadow"]["second_answer"] is True
    assert not any("answered once" in sentence for sentence in document["shadow"]["sentences"])
    assert written(tmp_path, "--mirror", "new", "--second-answer") == 64


def test_costs_of_production_are_not_measured_against_a_replay(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    latencies, costs = [900.0] * 11 + [2000.0], [0.001, 0.003]
    served(team, [f"Question {i}?" for i in range(12)], latency_ms=latencies, cost_usd=costs)
    draw()
    assert written(tmp_path, *filled(server), "--name", "Costs") == 0
    file = study(tmp_path)
    del file["review"]
    file["policy"]["budgets"] = {"latency": {"max_ratio": 0.9, "test_set": "traffic"}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["verdict"] == "need-more-data"
    [pending] = [sentence for sentence in record["pending"] if "latency" in sentence]
    assert pending == (
        "The latency on traffic isn't measured: the arms weren't asked by one runner in turn, nor "
        "by a mirror"
    )
    assert record["shadow"]["exposed"] == 0
    [row] = record["shadow"]["test_sets"]
    assert row["production"] == {
        "answers": 12,
        "latency_p50_ms": 900.0,
        "latency_p95_ms": 2000.0,
        "cost_usd": 0.002,
    }
    assert row["candidate"]["answers"] == 12
    sentences = record["shadow"]["sentences"]
    assert sentences.pop(3).startswith("As recorded, candidate answered traffic in ")
    assert sentences == [
        "Nobody was exposed: no user was shown an answer of candidate.",
        "The 12 items of traffic were drawn at random from 12 requests that support answered, of "
        "0 users.",
        "As recorded, support answered traffic in 900 ms (p50) and 2,000 ms (p95), at $0.002 a "
        "request.",
        "What production's answers took and cost isn't compared: they were given under another "
        "load.",
        "Earlier turns of a conversation are the baseline's, for both arms.",
        "production answered once: how far it differs from itself isn't known.",
    ]


def test_costs_count_where_one_runner_asks_both_arms_in_turn(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    served(team, [f"Question {i}?" for i in range(11)] + ["I am nora@example.org."])
    draw()
    server.misbehave = unlike_answers()
    both = ["--ask-both", "--baseline-url", server.url, "--baseline-model", "old"]
    capsys.readouterr()
    assert written(tmp_path, *filled(server), *both) == 0
    assert "Both arms are asked all of it, in turn." in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml", "traffic.jsonl"]
    file = study(tmp_path)
    del file["review"]
    file["policy"]["budgets"] = {"latency": {"max_ratio": 100, "test_set": "traffic"}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    capsys.readouterr()
    run(["study", "run", str(tmp_path / "study.yaml"), "--json"])
    record = json.loads(capsys.readouterr().out)
    assert server.asked.total() == 24
    assert "latency" in {row["name"] for row in record["criteria"]}
    [row] = record["shadow"]["test_sets"]
    assert (row["asked_together"], row["asked_again"]) == (True, 0)
    assert (
        "production was asked all of it anew, in turn with candidate, by one runner: what their "
        "answers took and cost may be compared."
    ) in record["shadow"]["sentences"]
    assert written(tmp_path, "--mirror", "new", "--ask-both") == 64
    assert written(tmp_path, "--second-answer", "--ask-both") == 64


def test_a_baseline_that_was_asked_in_an_earlier_study_is_not_measured_beside_another(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    served(team, [f"Question {i}?" for i in range(12)])
    draw()
    server.misbehave = unlike_answers()
    both = ["--ask-both", "--baseline-url", server.url, "--baseline-model", "old"]
    records = []
    for model in ("tuned", "rival"):
        folder = tmp_path / model
        named = ["--kind", "lora", "--url", server.url, "--model", model, "--name", model]
        assert written(folder, *both, *named) == 0
        file = study(folder)
        del file["review"]
        file["policy"]["budgets"] = {"latency": {"max_ratio": 100, "test_set": "traffic"}}
        (folder / "study.yaml").write_text(yaml.safe_dump(file))
        capsys.readouterr()
        run(["study", "run", str(folder / "study.yaml"), "--json"])
        records.append(json.loads(capsys.readouterr().out))
    assert [row["shadow"]["test_sets"][0]["asked_together"] for row in records] == [True, False]
    assert any("latency on traffic isn't measured" in each for each in records[1]["pending"])


def test_the_wrong_words_are_refused(team: Team, tmp_path: Path, capsys: Capture) -> None:
    assert run(["study", "init", str(tmp_path), *OF]) == 64
    assert "say --from-traffic" in capsys.readouterr().err
    assert written(tmp_path) == 64
    assert "has no sample: `evalhub traffic sample` draws one" in capsys.readouterr().err
    served(team, ["a?", "b?"])
    draw()
    assert written(tmp_path, "--test-set", "traffic@2") == 64
    (tmp_path / "file").write_text("")
    assert written(tmp_path / "file") == 65


@pytest.mark.heavy
def test_the_same_candidate_drawn_again_is_a_further_stage_and_another_one_a_first_look(
    team: Team, tmp_path: Path, server: OpenAIServer, capsys: Capture
) -> None:
    served(team, [f"Question {i}?" for i in range(60)])

    def look(folder: str, model: str, test_set: str = "traffic") -> Look:
        """The primary's look of a study on a new draw."""
        draw("--test-set", test_set, n=15)
        options = ["--kind", "lora", "--url", server.url, "--model", model]
        assert written(tmp_path / folder, *options, "--name", folder) == 0
        file = study(tmp_path / folder)
        by_metric(file, test_set=test_set, metric="empty")
        (tmp_path / folder / "study.yaml").write_text(yaml.safe_dump(file))
        assert run(["study", "run", str(tmp_path / folder / "study.yaml")]) == 2
        return Look.objects.get(study__name=folder, tries__isnull=False)

    first, again = look("first", "tuned"), look("again", "tuned")
    assert (first.number, first.extends, again.extends) == (1, None, first)
    another = look("another", "rival")
    assert (another.number, another.extends, another.tries) == (1, None, 1)
    renamed = look("renamed", "tuned", test_set="elsewhere")
    assert renamed.effective_number > 1, "another name is no way past the ledger"
