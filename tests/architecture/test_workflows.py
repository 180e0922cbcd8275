"""The workflows, held to the repository as far as no server of theirs is needed."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
STEPS = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
READ = {"contents": "read"}
SIGNS = {"id-token": "write", "attestations": "write"}
PERMISSIONS: dict[tuple[str, str], dict[str, str]] = {
    ("release.yml", "build"): READ | SIGNS,
    ("release.yml", "publish"): {"id-token": "write"},
    ("release.yml", "image"): READ | SIGNS | {"packages": "write"},
}
"""By job, what is more than reading the repository. A job that is asked for more fails here."""
PROGRAMS = {"uv", "docker", "test", "echo"}
"""What `run:` may start besides the repository's own scripts."""


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in read(file)["jobs"].values() for step in job.get("steps", ())]


def run_lines(file: Path) -> list[str]:
    return [line for step in steps(file) for line in str(step.get("run", "")).splitlines()]


def test_there_is_one_for_every_change_and_one_for_a_release() -> None:
    assert [file.name for file in FILES] == ["ci.yml", "release.yml"]
    on = {file.name: read(file)[True] for file in FILES}  # YAML 1.1 reads `on` as true
    assert {"push", "pull_request", "workflow_call"} <= set(on["ci.yml"])
    assert on["release.yml"] == {"push": {"tags": ["v*"]}}
    assert "pull_request_target" not in str(on)


@STEPS
def test_a_job_may_do_what_it_needs_and_no_more(file: Path) -> None:
    document = read(file)
    assert document["permissions"] == READ
    for name, job in document["jobs"].items():
        assert job.get("permissions", READ) == PERMISSIONS.get((file.name, name), READ), name
        assert "uses" in job or job["timeout-minutes"] <= 120


@STEPS
def test_an_action_is_pinned_by_its_commit_with_the_tag_beside_it(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text())
    actions = [line for line in used if not line.startswith("./")]
    assert len(actions) == sum("uses" in step for step in steps(file)) > 0
    for line in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    for line in set(used) - set(actions):
        assert (ROOT / line).is_file()


def test_an_action_is_the_same_commit_everywhere() -> None:
    used = [re.findall(r"uses: ([\w-]+/[\w-]+)@(\S+)", file.read_text()) for file in FILES]
    pins = {pin for pins in used for pin in pins}
    assert len(dict(pins)) == len(pins)


@STEPS
def test_a_checkout_leaves_no_token_behind(file: Path) -> None:
    checkouts = [step for step in steps(file) if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@STEPS
def test_no_secret_is_kept_and_no_value_is_pasted_into_a_shell(file: Path) -> None:
    assert "secrets." not in file.read_text()
    assert not any("${{" in line for line in run_lines(file))


@STEPS
def test_what_is_run_exists(file: Path) -> None:
    for line in run_lines(file):
        commands = [re.sub(r"^\w+=", "", line), *re.findall(r"\$\((.*?)\)", line)]
        for command in commands:
            program = shlex.split(command.removeprefix("$("))[0]
            if program.startswith("."):
                assert os.access(ROOT / program, os.X_OK), line
            else:
                assert program in PROGRAMS, line
        assert subprocess.run(["bash", "-n", "-c", line], check=False).returncode == 0, line


@STEPS
def test_uv_knows_the_options_that_it_is_called_with(file: Path) -> None:
    for call in re.findall(r"\buv ([^)\n]*)", "\n".join(run_lines(file))):
        command, *arguments = shlex.split(call.partition('"')[0])
        text = subprocess.run(
            ["uv", command, "--help"], capture_output=True, text=True, check=True
        ).stdout
        options = [each for each in arguments if each.startswith("--")]
        assert [each for each in options if each not in text] == []


def test_ci_runs_what_a_change_needs_and_everything_by_night_and_for_a_release() -> None:
    ci = ROOT / ".github" / "workflows" / "ci.yml"
    assert run_lines(ci) == [".ci/run", ".ci/full", '.ci/installed "$VERSIONS"']
    everything = read(ci)["jobs"]["everything"]
    assert everything["if"] == "github.event_name == 'schedule' || github.ref_type == 'tag'"
    assert "if" not in read(ci)["jobs"]["change"]


def test_ci_tries_the_wheel_with_both_ends_of_its_ranges() -> None:
    ci = ROOT / ".github" / "workflows" / "ci.yml"
    matrix = read(ci)["jobs"]["installed"]["strategy"]["matrix"]["versions"]
    usage = (ROOT / ".ci" / "installed").read_text()
    assert matrix == ["newest", "oldest"]
    assert all(each in usage for each in matrix)


def test_a_release_is_tested_attested_and_published_without_a_token() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert jobs["tests"] == {"uses": "./.github/workflows/ci.yml"}
    for name in ("publish", "image"):
        assert jobs[name]["needs"] == ["tests", "build"]
    [publish] = [step["run"] for step in jobs["publish"]["steps"] if "run" in step]
    assert shlex.split(publish)[:4] == ["uv", "publish", "--trusted-publishing", "always"]
    attested = [step["with"] for step in jobs["build"]["steps"] if "/attest@" in str(step)]
    assert [step["subject-path"] for step in attested] == ["dist/*.whl"] * 2
    assert [step.get("sbom-path") for step in attested] == [None, "sbom/evalhub.cdx.json"]
    [image] = [step["with"] for step in jobs["image"]["steps"] if step.get("id") == "push"]
    assert image["platforms"] == "linux/amd64,linux/arm64"
    assert (image["provenance"], image["sbom"], image["push"]) == ("mode=max", True, True)


def locked(name: str) -> dict[str, list[str]]:
    """By requirement of a hashed file, its hashes."""
    text = (ROOT / ".ci" / name).read_text().replace("\\\n", " ")
    entries = [line.split(" --hash=") for line in text.splitlines()]
    return {re.sub(r"\s+", " ", entry[0]).strip(): entry[1:] for entry in entries}


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_the_hashed_files_have_the_pinned_versions(name: str) -> None:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    pinned = {Requirement(pin).name: Requirement(pin) for pin in pins["constraint-dependencies"]}
    for line, hashes in locked(name).items():
        requirement = Requirement(line)
        assert requirement.specifier == pinned[requirement.name].specifier, line
        assert hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each.strip()) for each in hashes), line


def test_the_hashed_file_has_all_that_the_wheel_needs_in_its_ranges() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked_versions = {
        Requirement(line).name: Version(line.split("==")[1].split(" ")[0])
        for line in locked("requirements.txt")
    }
    for line in project["dependencies"]:
        requirement = Requirement(line)
        assert locked_versions[requirement.name] in requirement.specifier, line


@pytest.mark.heavy
def test_a_release_s_commands_build_the_wheel_and_list_what_it_runs_on(tmp_path: Path) -> None:
    """As they stand in the workflow, in a copy of the checkout, from the cache."""
    checkout = tmp_path / "checkout"
    kept_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "dist", "tests")
    shutil.copytree(ROOT, checkout, ignore=kept_out)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    for step in jobs["build"]["steps"]:
        if "run" in step:
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=checkout,
                env=os.environ | {"GITHUB_REF_NAME": f"v{version}"},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = (checkout / "dist").glob("*.whl")
    assert wheel.name == f"evalhub_gate-{version}-py3-none-any.whl"
    listed = json.loads((checkout / "sbom" / "evalhub.cdx.json").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    components = {f"{each['name']}=={each['version']}" for each in listed["components"]}
    named = {line.split(" ;")[0].split(" ")[0] for line in locked("requirements.txt")}
    assert named <= components
