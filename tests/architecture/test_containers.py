"""The image and its services, held to the code: there is no engine here to build them with."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from evalhub import settings
from tests.commands import command_tree
from tests.migrated import a_migrated_database

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = command_tree().commands  # type: ignore[attr-defined]
VARIABLE = re.compile(r"\$\{(\w+):([-?])([^}]*)\}")
REQUIRED = re.compile(r"\$\{(\w+):\?[^}]+\}")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


@pytest.fixture(scope="module")
def instructions() -> list[list[str]]:
    """The Dockerfile's instructions, as words."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [shlex.split(line, posix=False) for line in text.splitlines() if line and line[0] != "#"]


def test_the_services_are_the_grown_four_what_migrates_a_proxy_and_a_worker_for_models(
    services: dict[str, Any],
) -> None:
    assert set(services) == {"migrate", "web", "worker", "gpu", "redis", "postgres", "proxy"}
    assert services["gpu"]["profiles"] == ["gpu"]
    assert services["proxy"]["profiles"] == ["tls"]


@pytest.mark.parametrize("name", ["web", "worker", "gpu", "redis", "postgres", "proxy"])
def test_a_service_has_an_image_and_is_watched(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert service["image"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "gpu"])
def test_ours_are_built_here_and_run_a_command_that_exists(
    name: str, services: dict[str, Any]
) -> None:
    command, *arguments = filled_in(services[name]["command"])
    assert services[name]["build"]["context"] == "."
    assert command in COMMANDS
    assert takes(command, arguments)


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_every_variable_is_one_that_the_settings_read(name: str, services: dict[str, Any]) -> None:
    read = set(re.findall(r"EVALHUB_\w+", settings.__doc__ or ""))
    assert set(services[name]["environment"]) <= read


@pytest.mark.parametrize("name", ["EVALHUB_SECRET_KEY", "EVALHUB_URL", "POSTGRES_PASSWORD"])
def test_what_must_be_said_has_no_default(name: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(rf"\$\{{{name}(.)(.)", text)
    assert uses
    assert set(uses) == {(":", "?")}


def test_a_worker_has_no_key_that_signs_sessions_and_nothing_else_of_the_site_s(
    services: dict[str, Any],
) -> None:
    assert set(services["worker"]["environment"]) == {
        "EVALHUB_DATABASE_URL",
        "EVALHUB_REDIS_URL",
        "EVALHUB_ENDPOINTS",
        "EVALHUB_OFFLINE",
        "EVALHUB_LOG",
    }
    assert "volumes" not in services["worker"]


def test_ports_are_published_on_this_machine_unless_it_is_said_otherwise(
    services: dict[str, Any],
) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 3
    filled = [filled_in(port) for port in published]
    assert all(port.startswith("127.0.0.1:") for port in filled)
    assert "ports" not in services["postgres"] | services["redis"]


def test_the_proxy_passes_https_on_from_the_address_that_the_site_believes(
    services: dict[str, Any],
) -> None:
    proxy, web = services["proxy"], filled_in(services["web"]["environment"])
    address = proxy["networks"]["default"]["ipv4_address"]
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    [network] = whole["networks"]["default"]["ipam"]["config"]
    assert ip_address(address) in ip_network(network["subnet"])
    assert web["EVALHUB_TRUSTED_PROXY"] == address
    command = filled_in(proxy["command"])
    assert command == ["caddy", "reverse-proxy", "--from", web["EVALHUB_URL"], "--to", "web:8000"]


def test_the_web_s_health_is_whether_it_is_ready(services: dict[str, Any]) -> None:
    assert "http://localhost:8000/readyz" in services["web"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        [Path(sys.executable).parent / "evalhub", "doctor", "--deploy"],
    ],
    ids=["check", "doctor"],
)
@pytest.mark.heavy
@pytest.mark.services
def test_what_the_environment_makes_of_the_site_may_be_let_in_to(
    command: list[str | Path],
    services: dict[str, Any],
    postgres_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    """The compose file's own environment, with another database and queue behind its addresses."""
    given = filled_in(services["web"]["environment"])
    url = a_migrated_database(postgres_url, f"contained_{Path(command[0]).stem}")
    given |= {"EVALHUB_DATABASE_URL": url, "EVALHUB_REDIS_URL": redis_url}
    with psycopg.connect(url) as database:  # a worker that is alive, for longer than this
        database.execute(
            "INSERT INTO runners_worker (host, pid, kinds, threads, seen) "
            "VALUES ('worker', 1, '[\"cpu\"]', 2, now() + interval '1 hour')"
        )
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=plain | given | {"EVALHUB_HOME": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "✗" not in ended.stdout


def test_without_an_address_the_doctor_says_what_is_missing(tmp_path: Path) -> None:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("EVALHUB_", "DJANGO_"))}
    ended = subprocess.run(
        [Path(sys.executable).parent / "evalhub", "doctor", "--deploy", "--json"],
        cwd=tmp_path,
        env=plain,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 69
    amiss = {each["name"]: each for each in json.loads(ended.stdout) if not each["well"]}
    assert {"address", "check security.W008", "check security.W012"} <= set(amiss)
    assert "set EVALHUB_URL" in amiss["address"]["advice"]
    assert amiss["check security.W012"]["advice"] == "It follows from EVALHUB_URL."


def test_all_wait_for_the_tables_and_those_for_the_database(services: dict[str, Any]) -> None:
    healthy, done = {"condition": "service_healthy"}, "service_completed_successfully"
    migrated_first = {"migrate": {"condition": done}, "redis": healthy}
    assert services["migrate"]["depends_on"] == {"postgres": healthy}
    assert services["migrate"]["restart"] == "no"
    assert services["web"]["depends_on"] == {**migrated_first, "postgres": healthy}
    assert services["worker"]["depends_on"] == services["gpu"]["depends_on"] == migrated_first


def test_a_backup_before_an_upgrade_outlives_the_container(services: dict[str, Any]) -> None:
    [volume] = services["migrate"]["volumes"]
    folder = services["migrate"]["command"][2]
    assert folder.startswith(f"{volume.partition(':')[2]}/")


@pytest.mark.parametrize("name", ["worker", "gpu"])
def test_a_worker_s_health_is_the_worker_s_own(name: str, services: dict[str, Any]) -> None:
    [kind, program, command, *arguments] = services[name]["healthcheck"]["test"]
    assert (kind, program, command, arguments) == ("CMD", "evalhub", "worker", ["--check"])
    assert takes(command, arguments)


def test_the_site_is_told_of_the_identity_provider(services: dict[str, Any]) -> None:
    named = {name for name in services["web"]["environment"] if name.startswith("EVALHUB_OIDC_")}
    assert named == set(re.findall(r"EVALHUB_OIDC_\w+", settings.__doc__ or ""))


def test_the_database_url_names_the_database_that_is_made(services: dict[str, Any]) -> None:
    made = services["postgres"]["environment"]
    url = services["web"]["environment"]["EVALHUB_DATABASE_URL"]
    assert REQUIRED.sub(r"\1", url) == (
        f"postgresql://{made['POSTGRES_USER']}:POSTGRES_PASSWORD@postgres:5432/{made['POSTGRES_DB']}"
    )


def test_every_volume_is_declared(services: dict[str, Any]) -> None:
    declared = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    used = {mount.split(":")[0] for mount in mounts}
    assert used == set(declared)


def test_what_the_image_copies_exists_and_is_sent_to_the_builder(
    instructions: list[list[str]],
) -> None:
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = {
        source
        for word, *words in instructions
        if word == "COPY" and not words[0].startswith("--from")
        for source in words[:-1]
    }
    assert copied == sent
    assert all((ROOT / source).exists() for source in copied)


def test_nothing_is_installed_in_the_image_but_by_its_hash(instructions: list[list[str]]) -> None:
    commands = [
        part.split()
        for word, *words in instructions
        if word == "RUN"
        for part in " ".join(words).split(" && ")
        if (" install" in part and "pip" in part) or "pip wheel" in part
    ]
    assert len(commands) == 4
    for command in commands:
        assert "--require-hashes" in command or {"--no-index", "--no-deps"} <= set(command)
    bases = [words[1] for words in instructions if words[0] == "FROM"]
    assert bases == ["${PYTHON}", "${PYTHON}"], "one base, whose digest `make image` gives"


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_the_hashed_packages_are_those_that_are_pinned_and_no_address_is_named(name: str) -> None:
    text = (ROOT / ".ci" / name).read_text().replace("\\\n", " ")
    pinned = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pins = {each.partition(" ;")[0] for each in pinned["tool"]["uv"]["constraint-dependencies"]}
    assert "://" not in text
    lines = text.splitlines()
    assert lines
    for line in lines:
        requirement, *hashes = line.split(" --hash=")
        assert requirement.partition(" ;")[0].strip() in pins, f"`make lock` writes {name} anew"
        assert hashes
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each.strip()) for each in hashes)


def test_the_image_runs_as_nobody_in_particular(instructions: list[list[str]]) -> None:
    last = [words for words in instructions if words[0] in {"FROM", "USER"}][-1]
    assert last[0] == "USER"
    assert last[1] != "root"


def test_the_image_serves_the_site(instructions: list[list[str]]) -> None:
    said = {words[0]: " ".join(words[1:]) for words in instructions}
    assert json.loads(said["ENTRYPOINT"]) == ["evalhub"]
    command, *arguments = json.loads(said["CMD"])
    assert command in COMMANDS
    assert takes(command, arguments)


def filled_in(value: Any) -> Any:
    """The value with the variables of a file .env that says what has to be said, and no more."""
    env = {
        "EVALHUB_URL": "https://evalhub.example.org",
        "EVALHUB_SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
        "POSTGRES_PASSWORD": "letters123",
    }
    if isinstance(value, dict):
        return {name: filled_in(each) for name, each in value.items()}
    if isinstance(value, list):
        return [filled_in(each) for each in value]
    return VARIABLE.sub(lambda found: env[found[1]] if found[2] == "?" else found[3], value)


def takes(command: str, arguments: list[str]) -> bool:
    """Whether the command takes these arguments (it raises, with what is wrong, where not)."""
    COMMANDS[command].make_context(command, list(arguments))
    return True
