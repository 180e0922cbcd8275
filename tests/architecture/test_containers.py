"""The image and its services, held to the code: there is no engine here to build them with."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from evalhub import settings
from evalhub.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
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


def test_the_services_are_the_grown_four(services: dict[str, Any]) -> None:
    assert set(services) == {"web", "worker", "redis", "postgres"}


@pytest.mark.parametrize("name", ["web", "worker", "redis", "postgres"])
def test_a_service_has_an_image_and_is_watched(name: str, services: dict[str, Any]) -> None:
    service = services[name]
    assert service["image"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", ["web", "worker"])
def test_ours_are_built_here_and_run_a_command_that_exists(
    name: str, services: dict[str, Any]
) -> None:
    command, *arguments = services[name]["command"]
    assert services[name]["build"] == "."
    assert command in COMMANDS
    assert takes(command, arguments)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_every_variable_is_one_that_the_settings_read(name: str, services: dict[str, Any]) -> None:
    read = set(re.findall(r"EVALHUB_\w+", settings.__doc__ or ""))
    assert set(services[name]["environment"]) <= read


@pytest.mark.parametrize("name", ["EVALHUB_SECRET_KEY", "POSTGRES_PASSWORD"])
def test_a_secret_has_no_default(name: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(rf"\$\{{{name}(.)(.)", text)
    assert uses
    assert set(uses) == {(":", "?")}


def test_the_worker_waits_for_the_tables_and_those_for_the_database(
    services: dict[str, Any],
) -> None:
    healthy = {"condition": "service_healthy"}
    assert services["worker"]["depends_on"] == {"web": healthy}
    assert services["web"]["depends_on"] == {"postgres": healthy, "redis": healthy}


def test_the_database_url_names_the_database_that_is_made(services: dict[str, Any]) -> None:
    made = services["postgres"]["environment"]
    url = services["web"]["environment"]["EVALHUB_DATABASE_URL"]
    assert REQUIRED.sub(r"\1", url) == (
        f"postgresql://{made['POSTGRES_USER']}:POSTGRES_PASSWORD@postgres:5432/{made['POSTGRES_DB']}"
    )


def test_every_volume_is_declared(services: dict[str, Any]) -> None:
    declared = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    used = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
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


def takes(command: str, arguments: list[str]) -> bool:
    """Whether the command takes these arguments (it raises, with what is wrong, where not)."""
    COMMANDS[command].make_context(command, list(arguments))
    return True
