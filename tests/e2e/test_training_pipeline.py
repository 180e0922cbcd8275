"""A whole pipeline: a training, the gate at a grown site, a network that breaks, and the verdict.

The commands are those of docs/how-to/ci and docs/how-to/training-ci.md, run as they stand there.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.fakes.breaking_proxy import LOST, SENT_BACK, UNHEARD, BreakingProxy
from tests.fakes.openai_server import OpenAIServer
from tests.migrated import a_migrated_database
from tests.serving.site import BIN, Site, up

pytestmark = [pytest.mark.heavy, pytest.mark.services]

DOCS = Path(__file__).resolve().parents[2] / "docs"
TRAINING = Path(__file__).with_name("ticket_training.py")
STUDY = """\
schema: evalhub.study/1
project: support
name: May the new adapter answer?
slug: adapter
baseline: old
arms:
  old:
    kind: base
    backend: {openai: {endpoint: old, model: m}}
  tuned:
    kind: full
    backend: {recorded: answers.jsonl}
test_sets:
  tickets: {file: tickets.jsonl, role: primary, metric: {name: contains}}
"""
SCOPES = [f"--scope={each}" for each in ("read", "ingest", "run", "decide")]


@dataclass
class Grown:
    """A site on PostgreSQL and Redis with a worker, the model that runs now, and the network."""

    site: Site
    model: OpenAIServer
    network: BreakingProxy
    token: str


@pytest.fixture(scope="module")
def grown(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, redis_url: str
) -> Iterator[Grown]:
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        model = stack.enter_context(OpenAIServer())
        old = {"old": {"url": model.url, "private": True}}
        site = stack.enter_context(
            up(
                folder,
                EVALHUB_DATABASE_URL=a_migrated_database(postgres_url, "pipeline"),
                EVALHUB_REDIS_URL=redis_url,
                EVALHUB_ALLOWED_HOSTS="127.0.0.1",
                EVALHUB_ENDPOINTS=json.dumps(old),
            )
        )
        worker = subprocess.Popen(
            [BIN / "evalhub", "worker"], env=site.environment, stderr=subprocess.DEVNULL
        )
        stack.callback(worker.wait, 60)
        stack.callback(worker.terminate)
        site.command("user", "add", "nour", "--project", "support", "--role", "owner")
        token = site.command(
            "token", "add", "ci", "--project", "support", "--user", "nour", *SCOPES
        )
        network = stack.enter_context(BreakingProxy(site.url))
        yield Grown(site, model, network, token.split()[0])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, job: Path) -> Path:
    """A team's repository, and on its path what its CI calls: pip, python train.py, gh."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "evals").mkdir()
    (folder / "evals" / "study.yaml").write_text(STUDY)
    tools = {
        "pip": "exit 0",
        "python": f'[ "$1" = train.py ] && exec {job} {TRAINING} .',
        "gh": 'echo "$@" > gh.txt; cp evalhub.md comment.md',
        "evalhub": f'exec {BIN / "evalhub"} "$@"',
    }
    (folder / "bin").mkdir()
    for name, line in tools.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def variables(repository: Path, grown: Grown) -> dict[str, str]:
    """What a runner of GitHub Actions gives a step, and the repository's variable and secret."""
    ours = ("EVALHUB_", "DJANGO_", "PYTHON")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return plain | {
        "PATH": f"{repository / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "EVALHUB_SERVER": grown.network.url,
        "EVALHUB_TOKEN": grown.token,
        "EVALHUB_SOURCE": f"https://files.example.org/evalhub_gate.whl#sha256={'0' * 64}",
        "GITHUB_STEP_SUMMARY": str(repository / "summary.md"),
        "GITHUB_OUTPUT": str(repository / "outputs.txt"),
        "GITHUB_WORKSPACE": str(repository),
        "PULL_REQUEST": "12",
    }


def begun(command: str, repository: Path, grown: Grown) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=repository,
        env=variables(repository, grown),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def step(command: str, repository: Path, grown: Grown) -> tuple[int, str, str]:
    """(exit code, standard output, standard error) of a step of the CI."""
    process = begun(command, repository, grown)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def github() -> list[str]:
    document = yaml.safe_load((DOCS / "how-to" / "ci" / "github-actions.yml").read_text())
    return [each["run"] for each in document["jobs"]["gate"]["steps"] if "run" in each]


def gitlab() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (DOCS / "how-to" / "ci" / "gitlab-ci.yml").read_text()
    )
    return document["train-and-gate"]


def there(grown: Grown, path: str) -> Any:
    done = subprocess.run(
        ["curl", "-sS", "-H", f"Authorization: Bearer {grown.token}",
         f"{grown.site.url}/api/v1/projects/support{path}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def killed_on_the_way(command: str, repository: Path, grown: Grown) -> None:
    """The step, whose machine goes away the moment that the study has arrived at the site."""
    grown.network.breaks = lambda method, path, before: (
        UNHEARD if method == "POST" and path.endswith("/studies") else ""
    )
    process = begun(command, repository, grown)
    until = time.monotonic() + 120
    while not any(each[2] for each in grown.network.passed) and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, 9)
    process.communicate()


def test_from_a_training_to_a_verdict_though_the_network_breaks(
    repository: Path, grown: Grown
) -> None:
    install, train, gate, comment = github()
    assert step(install, repository, grown)[0] == 0

    grown.network.breaks = lambda method, path, before: LOST if before == 0 else ""
    code, _, err = step(train, repository, grown)
    assert code == 0, err
    assert "1 version(s) not registered" in err
    versions = there(grown, "/models/tuned/versions")["results"]
    assert sorted(each["training"]["step"] for each in versions) == [50, 100, 150]
    assert versions[0]["training"]["losses"][-1][1] < 0.1

    grown.network.passed.clear()
    killed_on_the_way(gate, repository, grown)
    first = len(grown.network.passed)
    how = {first + 1: LOST, first + 2: UNHEARD, first + 3: SENT_BACK, first + 7: LOST}
    how |= dict.fromkeys(range(first + 9, first + 13), LOST)
    grown.network.breaks = lambda method, path, before: how.get(before, "")
    code, out, err = step(gate, repository, grown)
    assert code == 0, out + err
    assert "trying again" in err
    assert sum(each[2] in (LOST, UNHEARD, SENT_BACK) for each in grown.network.passed) >= 5
    assert len(grown.model.requests) == 80, "every ticket is asked, and paid for, once"

    suite = ElementTree.parse(repository / "evalhub.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "0")
    assert json.loads((repository / "verdict.json").read_text())["verdict"] == "ship"
    assert "::notice title=Evalhub,file=evals/study.yaml::Ship: tuned gains" in err
    assert (repository / "summary.md").read_text().startswith("## ✅ Ship: tuned gains")
    assert "verdict=ship\nexit-code=0\n" in (repository / "outputs.txt").read_text()
    assert step(comment, repository, grown)[0] == 0
    assert "comment 12 --body-file evalhub.md" in (repository / "gh.txt").read_text()
    assert "### Won" in (repository / "comment.md").read_text()
    (arm,) = [each for each in there(grown, "/studies/adapter")["arms"] if each["name"] == "tuned"]
    assert arm["digest"] == versions[0]["digest"], "what the callback registered is what is judged"


def test_gitlab_s_script_finds_it_done_and_a_useless_one_is_a_warning(
    repository: Path, grown: Grown
) -> None:
    grown.network.breaks = lambda method, path, before: ""
    *_, gate = gitlab()["script"]
    asked = len(grown.model.requests)
    assert step(gate, repository, grown)[0] == 0
    answers = repository / "out" / "answers.jsonl"
    good = answers.read_text()
    answers.write_text(good.replace("shipping", "SHIPPING").replace("billing", "no idea"))
    try:
        code, _, err = step(gate.replace("answers.jsonl", "none.jsonl"), repository, grown)
        assert (code, "none.jsonl" in err) == (65, True)
        code, out, _ = step(gate, repository, grown)
        assert code == gitlab()["allow_failure"]["exit_codes"] == 2, out
        junit = repository / gitlab()["artifacts"]["reports"]["junit"]
        suite = ElementTree.parse(junit).getroot().attrib
        assert (suite["skipped"], suite["failures"]) == ("2", "0")
    finally:
        answers.write_text(good)
    assert len(grown.model.requests) == asked


def test_two_jobs_at_once_with_the_same_candidate_both_end_well(
    repository: Path, grown: Grown
) -> None:
    grown.network.breaks = lambda method, path, before: ""
    answers = repository / "out" / "answers.jsonl"
    good = answers.read_text()
    answers.write_text(good.replace("shipping", "shipping, I think"))
    gate = "evalhub gate evals/study.yaml --answers out/answers.jsonl"
    asked = len(grown.model.requests)
    jobs = [begun(gate, repository, grown) for _ in range(3)]
    ended = [(*job.communicate(timeout=300), job.returncode) for job in jobs]
    answers.write_text(good)
    assert [code for *_, code in ended] == [0, 0, 0], ended
    assert len(grown.model.requests) == asked


def test_curl_alone_does_the_same(repository: Path, grown: Grown) -> None:
    grown.network.breaks = lambda method, path, before: ""
    page = (DOCS / "how-to/training-ci.md").read_text(encoding="utf-8")
    (document,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (commands,) = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    assert len(commands.strip().splitlines()) <= 10
    (repository / "evals" / "study.json").write_text(document)
    rows = (repository / "out" / "answers.jsonl").read_text()
    base = repository / "evals" / "base.jsonl"
    base.write_text(rows.replace("shipping", "no idea"))
    weights = repository / "out" / "adapter_model.safetensors"
    weights.write_bytes(b"what the training left")
    code, out, err = step(commands, repository, grown)
    assert code == 0, out + err
    assert json.loads(out)["verdict"] == "ship"
    base.write_text(rows)
    weights.write_bytes(b"what another training left")
    (repository / "out" / "answers.jsonl").write_text(rows.replace("shipping", "no idea"))
    code, out, _ = step(commands, repository, grown)
    (repository / "out" / "answers.jsonl").write_text(rows)
    weights.unlink()
    assert code == 22
    assert json.loads(out)["verdict"] == "hold"


def test_the_ready_files_hold_no_token_and_ask_for_no_more_than_they_need() -> None:
    text = (DOCS / "how-to" / "ci" / "github-actions.yml").read_text()
    document = yaml.safe_load(text)
    assert document["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "evh_" not in text
    assert all("${{" not in command for command in github()), "no value is pasted into a shell"
    steps = document["jobs"]["gate"]["steps"]
    with_token = [each["run"] for each in steps if "EVALHUB_TOKEN" in each.get("env", {})]
    assert with_token == github()[1:3], "what is installed never sees the token"
    assert "EVALHUB_TOKEN" not in document["jobs"]["gate"]["env"]
