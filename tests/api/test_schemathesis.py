"""Requests by the thousand from the OpenAPI document, to a site that runs: no 5xx, and no answer
that the document doesn't have."""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

import evalhub
from tests.api.sums import HALF, ITEMS, RIGHT, digest, study
from tests.serving.site import BIN, Site, up

ROOT = Path(__file__).resolve().parents[2]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
CONFIG = f"""
[parameters]
"path.project" = "support-desk"
"path.slug" = "sums"
"path.number" = 1
"path.id" = 1
"path.item" = 1
"path.name" = "{digest(ITEMS)}"
"""


def token_of(site: Site) -> str:
    """Of an owner, with every scope, in whose project a study has been handed in and a working set
    begun of its items."""
    site.command("user", "add", "olga", "--project", "support-desk", "--role", "owner")
    scopes = ("read", "ingest", "run", "decide", "review", "admin")
    asked = [part for scope in scopes for part in ("--scope", scope)]
    secret = site.command("token", "add", "st", "--project", "support-desk", *asked).strip()

    def send(method: str, path: str, body: bytes) -> None:
        at = f"{site.url}/api/v1/projects/support-desk{path}"
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": path}
        headers["Content-Type"] = "application/json"
        asked = urllib.request.Request(at, body, headers, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.status in (200, 201, 202)

    for content in (ITEMS, HALF, RIGHT):
        send("PUT", f"/files/{digest(content)}", content)
    send("POST", "/studies", json.dumps(study()).encode())
    send("POST", "/working-sets", json.dumps({"test_set": "sums"}).encode())
    return secret


@pytest.mark.heavy
@pytest.mark.services
def test_every_answer_is_in_the_document(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with up(tmp_path, "--threads", "8") as site:
        secret = token_of(site)
        asked = subprocess.run(
            [
                BIN / "st",
                *("--config-file", tmp_path / "schemathesis.toml"),
                *("run", Path(evalhub.__file__).parent / "api" / "openapi.json", "--url", site.url),
                *("--header", f"Authorization: Bearer {secret}"),
                *("--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing"),
                *("--max-examples", "15", "--seed", "11", "--continue-on-failure"),
                *("--no-color", "--warnings", "off", "--workers", "2"),
            ],
            cwd=tmp_path,
            env=site.environment | {"SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks"}
            | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    assert asked.returncode == 0, asked.stdout[-20_000:] + asked.stderr
    assert "Tested: " in asked.stdout
