"""What leaves is read by those whose forms it is in, in an environment of their own.

READERS_ENVIRONMENT names one that is there, where somebody doesn't want to wait.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.model_card import export_model_index
from tests.cast import Team
from tests.features.exporters.desk import a_decision
from tests.features.exporters.environment import environment

pytestmark = [pytest.mark.heavy, pytest.mark.django_db]

CARD = """
import json, sys
from huggingface_hub import ModelCard
data = ModelCard.load(sys.argv[1]).data
print(json.dumps([
    [each.dataset_name, each.metric_type, each.metric_value, each.metric_args["status"]]
    for each in data.eval_results
]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with Every Eval Ever's validator and Hugging Face's library."""
    if kept := os.environ.get("READERS_ENVIRONMENT"):
        return Path(kept) / "bin" / "python"
    wanted = "every-eval-ever>=0.3", "huggingface_hub"
    return environment(tmp_path_factory.mktemp("readers"), *wanted)


def test_every_eval_ever_s_own_validator_finds_nothing(
    team: Team, python: Path, tmp_path: Path
) -> None:
    export_every_eval_ever(decision=a_decision(team), by=None, to=tmp_path)
    done = subprocess.run(
        [python, "-m", "every_eval_ever", "validate", "data/*/*/*/*"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed, 0 warning-only, 0 failed" in done.stdout, done.stdout


def test_hugging_face_s_library_reads_the_card(team: Team, python: Path, tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text(export_model_index(decision=a_decision(team), by=None) + "# A card\n")
    done = subprocess.run([python, "-c", CARD, card], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["questions v1", "exact_match", 0.7, "pass"],
        ["sums v1", "exact_match", 0.9, "pass"],
    ]
