"""The same answers through `compare`, `decide` and a study give the same record.

But for what only one of them knows: the ledger and the home, how the arms are named and by which
digests they are known, and of rows of scores what the rows don't hold (which questions are the
same, in which answers an extraction pattern found nothing).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.decision.charge import Charge
from evalhub.decision.document import DecisionRecord
from evalhub.declare.policy import FailureUse, JumpUse
from evalhub.declare.roles import DemandRole
from evalhub.ledger.decide import decide_study
from evalhub.ledger.file_claims import FileClaim, JudgeAt
from evalhub.studies.files.compare import CompareRequest, compare_files
from evalhub.studies.files.decide import decide_scores
from evalhub.studies.files.evidence import EvidenceSource, read_scores
from evalhub.studies.files.terms import Terms
from tests.studies.desks import Desk, ran

PATTERN = r"answer: (\w+)"
SECTIONS = (
    "verdict",
    "headline",
    "reasons",
    "invalid",
    "pending",
    "as_good",
    "alpha",
    "rule",
    "needed_n",
    "criteria",
    "breakdown",
    "alternatives",
    "people",
    "failures",
    "leakage",
    "noise_floor",
    "extension",
    "jumps",
    "consistency",
    "answers",
    "repeated",
    "judge",
    "ownership",
    "weights",
)
"""All that has its evidence in answers, and all that none of these scenes has."""
COUNTS = ("test_set", "items", "metric", "failed_baseline", "failed_candidate")


@dataclass(frozen=True)
class Scene:
    """What two arms answered, made by a seed.

    Attributes:
        right: the share of answers that are right, by arm.
        missed: the share of answers in which the pattern finds nothing, by arm.
        failed: the share of items to which an answer failed, by arm.
        questions: how many different questions the items ask; None: each its own.
        clusters: how many; 0: every item by itself.
        weighted: every third item counts ten times as much as the others.
        shows: sections that the record must have.
    """

    seed: int
    role: DemandRole = "primary"
    items: int = 120
    samples: int = 1
    right: tuple[float, float] = (0.5, 0.7)
    missed: tuple[float, float] = (0.0, 0.0)
    failed: tuple[float, float] = (0.0, 0.0)
    empty: tuple[float, float] = (0.0, 0.0)
    questions: int | None = None
    clusters: int = 0
    weighted: bool = False
    jumps: JumpUse = "report"
    shows: tuple[str, ...] = ()

    @property
    def terms(self) -> Terms:
        failures: FailureUse = "worst" if any(self.failed) else "invalid"
        return Terms(role=self.role, margin=0.2, failures=failures, jumps=self.jumps)

    @property
    def not_in_rows(self) -> tuple[str, ...]:
        """The sections that rows of scores can't have: they say neither which questions are the
        same nor in which answers the pattern found nothing."""
        if self.questions is not None or (any(self.missed) and self.jumps == "hold"):
            return SECTIONS
        return ("jumps",) if any(self.missed) else ()

    def test_set(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"q{i:03}",
                "input": f"Question {i % (self.questions or self.items)}?",
                "reference": "yes",
                "tags": [f"t{i % 3}"],
            }
            | ({"cluster": f"c{i % self.clusters}"} if self.clusters else {})
            | ({"weight": 1 if i % 3 else 10} if self.weighted else {})
            for i in range(self.items)
        ]

    def answers(self, arm: int) -> list[dict[str, Any]]:
        rng = np.random.default_rng([self.seed, arm])
        rows = []
        for i in range(self.items):
            failed = rng.random() < self.failed[arm]
            for sample in range(self.samples):
                row: dict[str, Any] = {"id": f"q{i:03}"}
                row |= {"sample": sample} if self.samples > 1 else {}
                said = "yes" if rng.random() < self.right[arm] else f"no{arm}"
                text = f"answer: {said}"
                if rng.random() < self.missed[arm]:
                    text = f"It is {said}."
                if rng.random() < self.empty[arm]:
                    text = ""
                rows.append(row | ({"error": "timed out"} if failed else {"output": text}))
        return rows


SCENES = [
    Scene(2, role="guard", right=(0.8, 0.8), clusters=30),
    Scene(4, samples=4, right=(0.4, 0.6), shows=("consistency",)),
    Scene(5, samples=3, right=(0.4, 0.7), failed=(0.02, 0.05), shows=("consistency", "failures")),
    Scene(6, items=90, questions=87, shows=("repeated",)),
    Scene(7, right=(0.8, 0.8), missed=(0.6, 0.0), shows=("jumps",)),
    Scene(8, right=(0.8, 0.8), missed=(0.6, 0.0), jumps="hold", shows=("jumps",)),
    Scene(16, weighted=True, clusters=40, shows=("weights",)),
]
MORE = [
    Scene(1),
    Scene(3, right=(0.5, 0.55)),
    Scene(9, role="guard", right=(0.3, 0.9), shows=("jumps",)),
    Scene(10, right=(0.5, 0.8), empty=(0.0, 0.1)),
    Scene(11, right=(0.7, 0.3)),
    Scene(12, role="guard", samples=2, failed=(0.0, 0.1), clusters=40, shows=("failures",)),
    Scene(13, role="guard", right=(0.8, 0.8), missed=(0.5, 0.0), jumps="hold", shows=("jumps",)),
    Scene(14, right=(0.8, 0.9), missed=(0.1, 0.1), jumps="off", clusters=60),
    Scene(15, samples=8, items=60, right=(0.5, 0.6), questions=50, shows=("consistency",)),
]


@dataclass(frozen=True)
class SameLevel:
    """A ledger that leaves files what a study's left to it."""

    charge: Charge
    is_a_servers = False

    def read(self, claims: Sequence[FileClaim], judge: JudgeAt, **_: Any) -> DecisionRecord:
        return judge(self.charge, False)


class Doors:
    """The scene's answers in one folder, as each door wants them."""

    def __init__(self, folder: Path, scene: Scene) -> None:
        self.scene, self.desk = scene, Desk(folder)
        (folder / "scored").mkdir()
        self.desk.rows("items.jsonl", scene.test_set())
        for arm, name in enumerate(("base", "tuned")):
            self.desk.rows(f"{name}.jsonl", scene.answers(arm))
        self.folder = folder

    def by_study(self) -> DecisionRecord:
        terms, study = self.scene.terms, self.desk.study
        for name, arm in study["arms"].items():
            arm["backend"] = {"recorded": f"{name}.jsonl"}
            arm["sampling"] = {"samples": self.scene.samples}
        study["test_sets"] = {
            "items": {
                "file": "items.jsonl",
                **terms.demand(terms.role),
                "metric": {"name": "exact_match", "extract": PATTERN},
                "fields": {"weight": "weight"} if self.scene.weighted else {},
            }
        }
        study["policy"] = terms.rule() | {"ledger": "off"}
        (decision,) = decide_study(study=ran(self.desk))
        return decision.document

    def by_compare(self, ledger: SameLevel) -> DecisionRecord:
        request = CompareRequest(
            metric="exact_match",
            extract=PATTERN,
            cluster="cluster" if self.scene.clusters else None,
            tag="tags",
            weight="weight" if self.scene.weighted else None,
            terms=self.scene.terms,
        )
        files = (self.folder / f"{name}.jsonl" for name in ("base", "tuned", "items"))
        return compare_files(*files, request, ledger).record

    def by_decide(self, ledger: SameLevel) -> DecisionRecord:
        policy = self.scene.terms.policy(
            {
                "items": self.scene.terms.demand(self.scene.role)
                | {"metric": "exact_match", "bounds": [0, 1]}
            }
        )
        items = {each["id"]: each for each in self.scene.test_set()}
        rows = [
            {
                "test_set": "items",
                "metric": "exact_match",
                "item": row["id"],
                "arm": name,
                "sample": row.get("sample", 0),
                "value": None if "error" in row else float(row["output"] == "answer: yes"),
                "tags": items[row["id"]]["tags"],
            }
            | {
                key: items[row["id"]][key]
                for key in ("cluster", "weight")
                if key in items[row["id"]]
            }
            | {key: row[key] for key in ("output", "error") if key in row}
            for arm, name in enumerate(("base", "tuned"))
            for row in self.scene.answers(arm)
        ]
        self.desk.rows("scored/rows.jsonl", rows)
        path = self.folder / "scored" / "rows.jsonl"
        scores = read_scores(EvidenceSource(path, ("base", "tuned"), (path,), (None,)))
        return decide_scores(policy, scores, ledger=ledger)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "scene",
    [*SCENES, *(pytest.param(each, marks=pytest.mark.heavy) for each in MORE)],
    ids=lambda scene: f"scene-{scene.seed}",
)
def test_the_same_answers_give_the_same_record(tmp_path: Path, scene: Scene) -> None:
    doors = Doors(tmp_path, scene)
    study = doors.by_study()
    plans = {each.test_set: each.next_look for each in study.criteria if each.next_look}
    ledger = SameLevel(Charge(study.alpha, extended=plans))
    due, compared = shown(study), shown(doors.by_compare(ledger))
    assert all(due[name] is not None for name in scene.shows)
    assert compared == due
    decided = shown(doors.by_decide(ledger))
    assert {**decided, **{name: due[name] for name in scene.not_in_rows}} == due


def shown(record: DecisionRecord) -> dict[str, Any]:
    """The record's sections that don't depend on the door, as JSON has them."""
    document = record.as_json()
    (row,) = document["evidence"]
    found = {name: document.get(name) for name in SECTIONS}
    found["counts"] = {name: row[name] for name in COUNTS}
    return json.loads(json.dumps(found))


def test_these_are_all_sections_but_those_of_one_door() -> None:
    of_one_door = {
        "schema",
        "registered",
        "ledger",
        "ledger_head",
        "caveats",
        "policy",
        "policy_since",
        "arms",
        "evidence",
        "study",
        "code",
        "applied",
        "forgetting",  # by the arm's kind, which files don't tell
        "baseline_choice",
        "steps",
        "prices",
        "copies",
        "imported",
        "shadow",
        "inputs",
        "lost_pairs",
        "resampled",
        "training_data",
        "allocation",
        "exposure",
        "stages",
        "live_sums",
    }
    fields = {each.alias or name for name, each in DecisionRecord.model_fields.items()}
    assert fields == of_one_door | set(SECTIONS)
