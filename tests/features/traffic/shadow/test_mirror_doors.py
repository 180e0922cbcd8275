"""A mirror's calls as gateways send them, joined to sampled requests by `evalhub study init`."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.features.traffic.keeping import change_settings
from evalhub.features.traffic.models import Request
from tests.api.conftest import Program
from tests.cast import Team, a_version
from tests.features.traffic.otlp_bodies import RECORDED, a_trace_body
from tests.features.traffic.shadow.production import SERVED, question, served, stands_for
from tests.features.traffic.test_otlp_api import recorded_now, send

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
Programs = Callable[..., Program]
OF = ["--project", "support-desk"]


def drawn(model: str = SERVED) -> None:
    sample = ["traffic", "sample", *OF, "--since", "7d", "--n", "100"]
    assert run([*sample, "--where", f"model={model}"]) == 0


def joined(folder: Path, capsys: Capture, mirror: str) -> dict[str, Any]:
    """What `evalhub study init` says of the mirrored pairs."""
    parts = ["--from-traffic", *OF, "--kind", "lora", "--mirror", mirror, "--json"]
    capsys.readouterr()
    code = run(["study", "init", str(folder), *parts])
    out = capsys.readouterr()
    assert code == 0, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def decided(folder: Path, capsys: Capture, **policy: Any) -> dict[str, Any]:
    """The record of the study with a primary that refuses less, and no people."""
    file = yaml.safe_load((folder / "study.yaml").read_text())
    del file["review"], file["test_sets"]["traffic"]["tier"]
    file["test_sets"]["traffic"]["role"] = "primary"
    file["policy"] |= policy
    (folder / "study.yaml").write_text(yaml.safe_dump(file))
    run(["study", "run", str(folder / "study.yaml"), "--json"])
    record: dict[str, Any] = json.loads(capsys.readouterr().out)
    return record


def copies(team: Team, texts: list[str], **fields: Any) -> list[Request]:
    """Mirrored calls of these questions to another model."""
    usual: dict[str, Any] = {"name": "copy", "model": "new", "output": "another answer"}
    return served(team, texts, **usual | fields)


def test_litellm_s_mirror_is_joined_by_its_trace_through_otlp(
    team: Team, program: Programs, tmp_path: Path, capsys: Capture
) -> None:
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    body = a_trace_body(*recorded_now())
    assert send(program("traffic").client, body).json() == {}
    drawn("openai/support-v7")
    folder = joined(tmp_path, capsys, "openai/support-v8")
    assert (folder["joined"], folder["lost"], folder["single_copies"]) == ({"trace": 1}, 0, 1)


@pytest.mark.parametrize(("named", "by"), [(True, "request"), (False, "trace")])
def test_litellm_s_payloads_are_joined_by_the_caller_s_name_or_by_their_trace(
    team: Team, tmp_path: Path, capsys: Capture, named: bool, by: str
) -> None:
    change_settings(project=team.project, by=team.olga, text_share=1.0)
    payloads = [json.loads(line) for line in (RECORDED / "payloads.jsonl").read_text().splitlines()]
    later = timezone.now().timestamp() - 60 - payloads[0]["startTime"]
    for payload in payloads:
        payload |= {name: payload[name] + later for name in ("startTime", "endTime")}
        if not named:
            payload["metadata"]["requester_metadata"].pop("evalhub_request", None)
    file = tmp_path / "payloads.jsonl"
    file.write_text("".join(f"{json.dumps(payload)}\n" for payload in payloads))
    assert run(["traffic", "import", str(file), *OF]) == 0
    drawn("openai/support-v7")
    folder = joined(tmp_path / "shadow", capsys, "openai/support-v8")
    assert (folder["joined"], folder["lost"]) == ({by: 1}, 0)


def test_calls_of_one_trace_are_joined_by_what_they_ask(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """An agent asks three things in a trace, a second apart; each copy comes .9 s late, and the
    last one never."""
    texts = ["Plan", "Search", "Answer"]
    served(team, texts, trace_id="t", users=1)
    copies(
        team,
        texts[:2],
        trace_id="t",
        users=1,
        days_ago=1 - 0.9 / 86_400,
        output=["new Plan", "new Search"],
    )
    drawn()
    folder = joined(tmp_path, capsys, "new")
    assert (folder["joined"], folder["lost"]) == ({"trace": 2}, 1)
    items, answers = (
        {row["id"]: row for row in map(json.loads, (tmp_path / name).read_text().splitlines())}
        for name in ("traffic.jsonl", "candidate.traffic.jsonl")
    )
    for item, row in answers.items():
        [message] = items[item]["input"]
        assert row.get("output", "new Answer") == f"new {message['content']}"


def test_a_copy_that_names_its_request_may_come_an_hour_later(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Such as by a mirror that sends at night; by content alone it would be too late."""
    served(team, ["a?", "b?", "c?"], users=3)
    copies(team, ["a?", "b?"], days_ago=23 / 24, mirror_of=["r-000", ""], users=3)
    copies(team, ["else?"], name="unlike")
    drawn()
    folder = joined(tmp_path, capsys, "new")
    assert (folder["joined"], folder["lost"], folder["single_copies"]) == ({"request": 1}, 2, 2)


def test_a_mirror_to_the_same_model_joins_no_request_to_itself(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["a?", "b?"], users=2, trace_id=["t", "u"])
    copies(team, ["a?"], model=SERVED, mirror_of="r-000", users=2)
    drawn()
    folder = joined(tmp_path, capsys, SERVED)
    assert (folder["joined"], folder["lost"]) == ({"request": 1}, 1)


def test_the_share_of_texts_that_is_kept_takes_a_request_with_its_copy(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """By another id a copy would have its texts in three of ten cases."""
    change_settings(project=team.project, by=team.olga, text_share=0.3)
    program_rows = [
        {"id": f"{name}-{i}", "time": timezone.now().isoformat(), "model": model}
        | ({"mirror_of": f"r-{i}"} if name == "copy" else {})
        | {"messages": question(f"Question {i}?"), "output": f"{name} {i}"}
        for name, model in (("r", SERVED), ("copy", "new"))
        for i in range(40)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in program_rows))
    assert run(["traffic", "import", str(file), *OF]) == 0
    texts = set(Request.objects.filter(has_text=True).values_list("key", flat=True))
    assert 5 < len(texts) / 2 < 20
    assert {f"copy-{key[2:]}" for key in texts if key[0] == "r"} == {
        key for key in texts if key[0] == "c"
    }
    drawn()
    assert joined(tmp_path / "shadow", capsys, "new")["lost"] == 0


def test_copies_whose_texts_are_not_kept_are_named_as_such(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    served(team, ["a?", "b?"])
    copies(team, ["a?", "b?"], mirror_of=["r-000", "r-001"], output=[None, "said"], messages=None)
    drawn()
    folder = joined(tmp_path, capsys, "new")
    assert (folder["joined"], folder["lost"], folder["without_texts"]) == ({"request": 2}, 1, 1)
    parts = ["--from-traffic", *OF, "--kind", "lora", "--mirror", "new"]
    assert run(["study", "init", str(tmp_path), *parts]) == 0
    assert "1 have a copy whose texts aren't kept" in capsys.readouterr().out


def test_a_mirror_whose_name_stood_for_two_versions_is_no_candidate(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    later = timezone.now() - datetime.timedelta(days=1) + datetime.timedelta(seconds=0.5)
    served(team, ["a?", "b?"])
    copies(team, ["a?", "b?"], mirror_of=["r-000", "r-001"])
    stands_for(team, a_version(team, "first"), name="new")
    drawn()
    joined(tmp_path / "one", capsys, "new")
    assert 'build: "mirrored:first@1"' in (tmp_path / "one" / "study.yaml").read_text()
    ago = (timezone.now() - later) / datetime.timedelta(days=1)
    stands_for(team, a_version(team, "second"), name="new", days_ago=ago)
    parts = ["--from-traffic", *OF, "--kind", "lora", "--mirror", "new"]
    assert run(["study", "init", str(tmp_path / "two"), *parts]) == 65
    assert "new stood for 2 versions" in capsys.readouterr().err


def test_a_replay_s_folder_takes_no_mirror(team: Team, tmp_path: Path, capsys: Capture) -> None:
    served(team, ["a?", "b?"])
    copies(team, ["a?", "b?"], mirror_of=["r-000", "r-001"])
    drawn()
    replay = ["study", "init", str(tmp_path), "--from-traffic", *OF, "--kind", "lora"]
    assert run(replay) == 0
    assert run([*replay, "--mirror", "new"]) == 65
    assert "holds another study" in capsys.readouterr().err


def test_a_mirror_that_says_no_latency_is_one_all_the_same(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Masked requests stand, and nobody was asked again; what isn't known isn't measured."""
    texts = [f"I am nora@example.org. Question {i}?" for i in range(40)]
    refusal = "I'm sorry, but I can't help with that."
    answers = [refusal if i < 20 else f"answer {i}" for i in range(40)]
    served(team, texts, latency_ms=None, output=answers)
    of = [f"r-{i:03}" for i in range(40)]
    new = [f"another answer {i}" for i in range(40)]
    copies(team, texts, mirror_of=of, latency_ms=None, output=new)
    drawn()
    assert joined(tmp_path, capsys, "new")["lost"] == 0
    budgets = {"latency": {"max_ratio": 0.8, "test_set": "traffic"}}
    record = decided(tmp_path, capsys, budgets=budgets)
    [row] = record["shadow"]["test_sets"]
    assert (row["mirrored"], row["asked_again"]) == (True, 0)
    assert not any("asked again" in sentence for sentence in record["shadow"]["sentences"])
    assert any("The latency of production isn't known for 40" in each for each in record["pending"])


def test_recorded_answers_with_latencies_are_no_mirror_s(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    """Each was measured by itself, as `evalhub record` does."""
    served(team, [f"Question {i}?" for i in range(20)])
    of = [f"r-{i:03}" for i in range(20)]
    new = [f"another answer {i}" for i in range(20)]
    copies(team, [f"Question {i}?" for i in range(20)], mirror_of=of, output=new)
    drawn()
    joined(tmp_path, capsys, "new")
    file = yaml.safe_load((tmp_path / "study.yaml").read_text())
    file["arms"]["candidate"]["build"] = "v8"
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
    budgets = {"latency": {"max_ratio": 0.8, "test_set": "traffic"}}
    record = decided(tmp_path, capsys, budgets=budgets)
    [row] = record["shadow"]["test_sets"]
    assert row["mirrored"] is False
    assert any("latency on traffic isn't measured" in sentence for sentence in record["pending"])
