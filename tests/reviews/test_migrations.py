"""A database of the version before brings its campaigns along."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BRING_ALONG = """
import json
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

before = [(app, "0001_initial") for app in ("accounts", "registry", "gate", "reviews")]
executor = MigrationExecutor(connection)
executor.migrate(before)
old = executor.loader.project_state(before).apps
project = old.get_model("accounts", "Project").objects.create(slug="desk", name="Desk")
study = old.get_model("registry", "Study").objects.create(
    project=project, slug="winter", name="Winter", policy={}
)
line = old.get_model("registry", "Model").objects.create(project=project, slug="m")
versions = [
    old.get_model("registry", "ModelVersion").objects.create(
        model=line, number=n, kind="base", backend={"type": "recorded"}, digest=str(n)
    )
    for n in (1, 2)
]
old.get_model("reviews", "Campaign").objects.create(
    study=study, baseline=versions[0], candidate=versions[1], question="Which?",
    reviewers_per_item=2, seed=1, plan={"schema": "evalhub.review-plan/1"}, plan_hash="p",
)
owner = old.get_model("accounts", "User").objects.create(username="olga")
old.get_model("accounts", "Membership").objects.create(project=project, user=owner, role="owner")

executor = MigrationExecutor(connection)
executor.migrate(executor.loader.graph.leaf_nodes())
from evalhub.accounts.models import Exposure
from reviews.models import Campaign
found = Campaign.objects.get()
print(json.dumps({
    "project": found.project.slug, "name": found.name, "kind": found.kind,
    "exposed": [each.user.username for each in Exposure.objects.all()],
}))
"""


def test_a_campaign_takes_its_study_s_project_and_name_and_owners_count_as_exposed(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BRING_ALONG],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if "EVALHUB" not in name},
            "EVALHUB_HOME": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "project": "desk",
        "name": "Winter",
        "kind": "pairs",
        "exposed": ["olga"],
    }
