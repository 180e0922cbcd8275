"""The manifests of docs/how-to/kubernetes, held to the code: there is no cluster to apply them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import resolve

from evalhub import settings
from evalhub.env import proxy_networks, seconds
from evalhub.serving.server import ServerLimits
from tests.architecture.test_containers import COMMANDS, ROOT, takes
from tests.migrated import a_migrated_database
from tests.serving.site import ask, up

FOLDER = ROOT / "docs" / "how-to/kubernetes"
FILES = [path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml"]
SETTINGS = set(re.findall(r"EVALHUB_\w+", settings.__doc__ or ""))
STOP_S = 30
"""What a site takes after its drain, as docs/reference/proxy.md has it."""


def documents() -> list[dict[str, Any]]:
    return [document for path in FILES for document in yaml.safe_load_all(path.read_text())]


def named(kind: str) -> dict[str, dict[str, Any]]:
    """The manifests of a kind, by name."""
    return {each["metadata"]["name"]: each for each in documents() if each["kind"] == kind}


def pods() -> dict[str, dict[str, Any]]:
    """Specifications of pods, by the name of what makes them."""
    makers = named("Deployment") | named("Job")
    return {name: maker["spec"]["template"]["spec"] for name, maker in makers.items()}


OURS = {name: pod for name, pod in pods().items() if pod["containers"][0]["image"] == "evalhub"}


def variables(name: str) -> dict[str, str]:
    """The environment of a pod of ours."""
    [container] = OURS[name]["containers"]
    given: dict[str, str] = {}
    for source in container["envFrom"]:
        given |= named("ConfigMap")[source["configMapRef"]["name"]]["data"]
    return given | {entry["name"]: entry["value"] for entry in container["env"]}


def probes(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for container in pod["containers"]:
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in container:
                yield kind, container[kind]


def test_each_file_is_applied_but_the_secret_that_is_an_example() -> None:
    applied = {
        (kustomization.parent / name).resolve()
        for kustomization in FOLDER.rglob("kustomization.yaml")
        for name in yaml.safe_load(kustomization.read_text())["resources"]
    }
    assert set(FILES) - applied == {FOLDER / "secret.example.yaml"}
    assert applied <= set(FILES)


def test_there_are_sites_workers_a_queue_and_the_job_that_makes_the_tables() -> None:
    assert set(named("Deployment")) == {"evalhub-web", "evalhub-worker", "evalhub-queue"}
    assert set(named("Job")) == {"evalhub-migrate"}
    assert set(OURS) == {"evalhub-web", "evalhub-worker", "evalhub-migrate"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_pod_runs_a_command_that_there_is(name: str) -> None:
    [container] = OURS[name]["containers"]
    command, *arguments = container["args"]
    assert command in COMMANDS
    assert takes(command, arguments)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_one_that_the_settings_read(name: str) -> None:
    names = {variable.removesuffix("_FILE") for variable in variables(name)}
    assert names <= SETTINGS


@pytest.mark.parametrize("name", sorted(OURS))
def test_each_secret_is_a_file_of_a_key_that_the_secret_has(name: str) -> None:
    pod, [secret] = OURS[name], named("Secret").values()
    mounted = next(each["secret"] for each in pod["volumes"] if each["name"] == "secrets")
    assert mounted["secretName"] == secret["metadata"]["name"]
    assert {item["key"] for item in mounted["items"]} <= set(secret["stringData"])
    paths = {f"/secrets/{item['path']}" for item in mounted["items"]}
    named_files = {value for key, value in variables(name).items() if key.endswith("_FILE")}
    assert named_files == paths, "each is mounted, and none that nobody reads"
    for key, value in variables(name).items():
        assert key.endswith("_FILE") or not re.search(
            "KEY|SECRET|PASSWORD|TOKEN|://.*@", key + value
        )


def test_a_worker_has_none_of_the_site_s_secrets() -> None:
    assert {key for key in variables("evalhub-worker") if key.endswith("_FILE")} == {
        "EVALHUB_DATABASE_URL_FILE",
        "EVALHUB_REDIS_URL_FILE",
    }
    assert "EVALHUB_URL" not in variables("evalhub-worker")


@pytest.mark.parametrize("name", sorted(pods()))
def test_a_pod_needs_no_right_that_can_be_taken_from_it(name: str) -> None:
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False, "they would set variables that begin as ours do"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_ours_run_as_the_image_s_user_and_write_where_a_volume_is(name: str) -> None:
    [uid] = re.findall(r"useradd --uid (\d+)", (ROOT / "Dockerfile").read_text())
    pod = OURS[name]
    assert pod["securityContext"]["runAsUser"] == int(uid)
    mounts = [each["mountPath"] for each in pod["containers"][0]["volumeMounts"]]
    assert "/tmp" in mounts, "uploads of more than 64 KiB and databases of SQLite use it"
    written = [
        value
        for key, value in variables(name).items()
        if key in ("EVALHUB_HOME", "EVALHUB_UPLOADS")
    ]
    for path in written:
        assert any(Path(path).is_relative_to(mount) for mount in mounts), path
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == set(volumes)
    claims = [each["persistentVolumeClaim"]["claimName"] for each in volumes.values()
              if "persistentVolumeClaim" in each]  # fmt: skip
    assert set(claims) <= set(named("PersistentVolumeClaim"))


def test_all_sites_share_their_uploads() -> None:
    claim = named("PersistentVolumeClaim")["evalhub-uploads"]["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"]
    assert variables("evalhub-web")["EVALHUB_UPLOADS"] == "/uploads"


@pytest.mark.parametrize("name", ["evalhub-web", "evalhub-worker", "evalhub-queue"])
def test_each_pod_that_stays_is_watched(name: str) -> None:
    kinds = {kind for kind, _ in probes(pods()[name])}
    assert "livenessProbe" in kinds
    assert name != "evalhub-web" or kinds == {"startupProbe", "readinessProbe", "livenessProbe"}


@pytest.mark.django_db
def test_a_probe_s_path_answers_by_a_pod_s_address() -> None:
    paths = {probe["httpGet"]["path"] for kind, probe in probes(pods()["evalhub-web"])}
    assert paths == {"/healthz", "/readyz"}
    for path in paths:
        assert resolve(path)
        assert Client().get(path, headers={"host": "10.42.3.17:8000"}).status_code == 200


def test_a_probe_s_command_is_one_that_there_is() -> None:
    commands = [
        probe["exec"]["command"]
        for pod in OURS.values()
        for _, probe in probes(pod)
        if "exec" in probe
    ]
    assert commands
    for program, command, *arguments in commands:
        assert program == "evalhub"
        assert takes(command, arguments)


def test_a_site_may_start_as_long_as_it_waits_for_the_tables() -> None:
    for name in ("evalhub-web", "evalhub-worker"):
        startup = dict(probes(pods()[name]))["startupProbe"]
        assert startup["periodSeconds"] * startup["failureThreshold"] > 15 * 60


def test_a_pod_has_time_to_drain_and_to_end() -> None:
    given = variables("evalhub-web")["EVALHUB_DRAIN_S"]
    drain_s = seconds(given, name="EVALHUB_DRAIN_S", default=0, most=600)
    readiness = dict(probes(pods()["evalhub-web"]))["readinessProbe"]
    assert drain_s > readiness["periodSeconds"] * readiness["failureThreshold"]
    assert pods()["evalhub-web"]["terminationGracePeriodSeconds"] >= drain_s + STOP_S
    limits = ServerLimits()
    assert limits.end_s + limits.last_s < STOP_S


def test_the_site_is_the_address_s_and_believes_networks() -> None:
    given = variables("evalhub-web")
    [rule] = named("Ingress")["evalhub"]["spec"]["rules"]
    assert given["EVALHUB_URL"] == f"https://{rule['host']}"
    assert proxy_networks(given["EVALHUB_TRUSTED_PROXY"])
    assert "EVALHUB_ALLOWED_HOSTS" not in given
    largest = named("Ingress")["evalhub"]["metadata"]["annotations"][
        "nginx.ingress.kubernetes.io/proxy-body-size"
    ]
    assert int(largest.removesuffix("m")) * 1024**2 >= ServerLimits().upload


def test_what_selects_pods_selects_those_that_there_are() -> None:
    labels = {
        name: maker["spec"]["template"]["metadata"]["labels"]
        for name, maker in (named("Deployment") | named("Job")).items()
    }
    selectors = [
        deployment["spec"]["selector"]["matchLabels"] for deployment in named("Deployment").values()
    ]
    selectors += [service["spec"]["selector"] for service in named("Service").values()]
    selectors += [
        each["spec"]["selector"]["matchLabels"] for each in named("PodDisruptionBudget").values()
    ]
    selectors += [
        each["spec"]["podSelector"]["matchLabels"] for each in named("NetworkPolicy").values()
    ]
    for selector in selectors:
        assert selector in labels.values()
    assert (
        named("PodDisruptionBudget")["evalhub-web"]["spec"]["minAvailable"]
        < (named("Deployment")["evalhub-web"]["spec"]["replicas"])
    )
    backend = named("Ingress")["evalhub"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]
    assert backend["service"]["name"] in named("Service")


@pytest.mark.heavy
@pytest.mark.services
def test_a_site_of_these_settings_serves_its_probes_by_a_pod_s_address(
    tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    """The settings of the manifests, with the secret's files and the volumes in folders of here."""
    secrets = {
        "database-url": a_migrated_database(postgres_url, "in_a_pod"),
        "redis-url": redis_url,
        "secret-key": "a-long-and-random-text-of-more-than-fifty-characters-0123456789",
        "metrics-token": "for-prometheus",
    }
    places = {"/secrets": tmp_path / "secrets", "/uploads": tmp_path / "uploads"}
    for place in places.values():
        place.mkdir()
    for name, value in secrets.items():
        (places["/secrets"] / name).write_text(f"{value}\n")
    given = variables("evalhub-web")
    del given["EVALHUB_HOME"]  # `up` says which
    for path, place in places.items():
        given = {key: re.sub(f"^{path}", str(place), value) for key, value in given.items()}
    host = "10.42.3.17:8000"
    with up(tmp_path, **given | {"EVALHUB_DRAIN_S": "0"}) as site:
        for _, probe in probes(pods()["evalhub-web"]):
            assert ask(site.port, probe["httpGet"]["path"], host=host).status == 200
        assert json.loads(ask(site.port, "/readyz", host=host).text)["queue"] == "answers"
        sent = {"Authorization": "Bearer for-prometheus"}
        assert ask(site.port, "/metrics", host=host, **sent).status == 200
        assert ask(site.port, "/metrics", host=host).status == 401
        page = ask(site.port, "/accounts/login/", host=host)
        assert (page.status, page.headers["Location"]) == (
            301,
            f"{given['EVALHUB_URL']}/accounts/login/",
        )
        assert "for-prometheus" not in site.log.read_text()
        assert secrets["secret-key"] not in site.log.read_text()
