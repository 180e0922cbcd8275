"""BIG-Bench Hard, ten tasks: chain of thought against direct answers, through one study file.

The case that a mean hides: nine tasks gain by 4 to 48 points, and word sorting loses ten.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.conduct import conduct
from evalhub.studies.run.register import register_study
from evalhub.workers.embedded import embedded_worker

pytestmark = pytest.mark.django_db(transaction=True)


def study_of(folder: Path, tasks: list[str]) -> dict[str, Any]:
    """Every task must gain but word sorting, which must not lose .02."""
    extract = r"(?s).*the answer is (.*?)\.?\s*$"

    def arm(kind: str, name: str) -> dict[str, Any]:
        recorded = f"{folder}/{{test_set}}/outputs_{name}.jsonl"
        return {"kind": kind, "backend": {"recorded": recorded}}

    return {
        "schema": "evalhub.study/1",
        "project": "bbh",
        "name": "Does thinking aloud help?",
        "baseline": "direct",
        "arms": {"direct": arm("base", "direct"), "cot": arm("prompted", "cot")},
        "test_sets": {
            task: {
                "file": f"{folder / task}/testset.jsonl",
                "role": "guard" if task == "word_sorting" else "primary",
                "metric": {"name": "exact_match", "extract": extract},
                "fields": {"reference": "target"},
                **({"margin": 0.02} if task == "word_sorting" else {}),
            }
            for task in tasks
        },
    }


@pytest.mark.heavy
def test_every_accuracy_is_the_published_one_and_word_sorting_holds_it(
    shared_data: Path, tmp_path: Path
) -> None:
    published = json.loads((shared_data / "bbh" / "published_accuracy.json").read_text())
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study_of(shared_data / "bbh", sorted(published))))
    with embedded_worker():
        (decision,) = conduct(study=register_study(read_study(file, OperatorFile()))).decisions

    record = decision.record
    found = {each["name"]: each for each in record["criteria"]}
    assert found.keys() == published.keys()
    for task, accuracy in published.items():
        assert round(100 * found[task]["baseline"], 2) == accuracy["direct"], task
        assert round(100 * found[task]["candidate"], 2) == accuracy["cot"], task
        assert found[task]["n"] == 250

    assert decision.verdict == "hold"
    assert "loses 0.10 on word_sorting, beyond the margin of 0.02" in record["headline"]
    assert record["reasons"][0].startswith("✗ word_sorting −0.10")
    # One gain of 4 points is shown at .025 and not at .0152, what the first look has of it.
    statuses = [each["status"] for each in found.values()]
    assert (statuses.count("pass"), statuses.count("open")) == (8, 1)
    assert found["word_sorting"]["status"] == "fail"
    misses = {row["test_set"]: row["extraction_misses_candidate"] for row in record["evidence"]}
    assert misses["word_sorting"] == 146
