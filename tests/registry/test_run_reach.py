"""Runs from before their reach was kept count as the operator's, without any host for a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

UPGRADE = """
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

before = [("registry", "0001_initial")]
executor = MigrationExecutor(connection)
executor.migrate(before)
apps = executor.loader.project_state(before).apps
project = apps.get_model("accounts", "Project").objects.create(slug="p", name="P")

def made(name, **fields):
    return apps.get_model("registry", name).objects.create(**fields)

test_set = made("TestSet", project=project, slug="t")
items = made("TestSetVersion", test_set=test_set, number=1, digest="d" * 64, item_count=0)
model = made("Model", project=project, slug="m")
said = {"backend": {}, "prompt": {}, "sampling": {}, "training": {}, "digest": "e" * 64}
version = made("ModelVersion", model=model, number=1, kind="base", **said)
made("Run", version=version, test_set_version=items)
call_command("migrate", verbosity=0)
from evalhub.registry.models import Run
print(Run.objects.get().reach.as_json())
"""


@pytest.mark.heavy
def test_a_run_from_before_is_the_operator_s(tmp_path: Path) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "evalhub.settings"}
    environment["EVALHUB_HOME"] = str(tmp_path)
    environment.pop("EVALHUB_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", UPGRADE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{'operator': True, 'hosts': []}\n"
