"""What a record says of a fine-tune that is held for what it lost, and of whom it says nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.record import decision_record
from evalhub.decision.rule import decide
from evalhub.decision.verify import verify
from evalhub.declare.declaration import validate
from evalhub.declare.remedies import REMEDIES
from evalhub.report.markdown import markdown
from tests.decision.made_up import a_criterion
from tests.decision.recorded import ARMS

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
GAINS = a_criterion(0.02, 0.06, p_value=0.001)
LOST = {"p_harm": 0.001, "p_value": 0.001}


def guard(lower: float = -0.09, upper: float = -0.04, name: str = "sums", **more: Any) -> Criterion:
    return a_criterion(lower, upper, name=name, role="guard", **(LOST | more))


def held(*criteria: Criterion, kind: str | None = "lora") -> DecisionRecord:
    ruling = decide("tuned", [GAINS, *criteria], registered=False)
    tuned = ARMS.candidate.model_copy(update={"kind": kind})
    arms = ARMS.model_copy(update={"candidate": tuned})
    record = decision_record(ruling, alpha=0.025, policy={}, arms=arms, evidence=[])
    return validate(DecisionRecord, json.loads(json.dumps(record.as_json())))


def names(record: DecisionRecord) -> list[str]:
    return [] if record.forgetting is None else [each.name for each in record.forgetting.remedies]


def test_a_hold_by_a_guard_names_what_is_usually_done_with_each_source() -> None:
    record = held(guard())
    assert record.verdict == "hold"
    assert record.forgetting is not None
    assert record.forgetting.guards == ("sums",)
    first, *others = record.forgetting.sentences
    assert first == (
        "tuned fails sums: by its tuning it may have forgotten what base could. Usually one of "
        "these is tried, and measured anew."
    )
    assert others[0] == (
        "Mix general data into the training data: with 1% of each earlier task's data among the "
        "new, T0 learnt eight tasks more and kept nearly all of the earlier ones (Scialom et al. "
        "2022, arXiv:2205.12393); a model's own samples served as such data, and nearly eliminated "
        "forgetting (Marek et al. 2026, arXiv:2605.26097)."
    )
    assert all("arXiv:" in each for each in others)
    assert all(each in markdown(record) for each in record.forgetting.sentences)
    assert verify(record.as_json()).verified


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("lora", ["lower-rank"]),
        ("qlora", ["lower-rank"]),
        ("full", ["adapter"]),
        ("distilled", []),
        (None, []),
        ("unknown", []),
    ],
)
def test_the_remedies_fit_the_arm_s_kind(kind: str | None, own: list[str]) -> None:
    record = held(guard(), kind=kind)
    assert names(record) == ["general-data", "lower-rate", "fewer-epochs", *own, "averaged-weights"]
    assert verify(record.as_json()).verified


def test_where_nobody_says_the_kind_it_says_if() -> None:
    record = held(guard(), kind=None)
    assert record.forgetting is not None
    assert "tuned fails sums: if it was fine-tuned, it may" in record.forgetting.sentences[0]


@pytest.mark.parametrize("kind", ["base", "prompted", "few-shot", "retrieval"])
def test_an_arm_that_was_not_tuned_is_told_nothing(kind: str) -> None:
    record = held(guard(), kind=kind)
    assert record.verdict == "hold"
    assert record.forgetting is None
    assert "forgetting" not in record.as_json()


@pytest.mark.parametrize(
    "other",
    [
        guard(-0.03, 0.02, p_harm=0.4, p_value=0.5),
        guard(form=True),
        guard(tier="advisory"),
        a_criterion(-0.09, -0.04, name="sums", **LOST),
    ],
    ids=["open", "of form", "advisory", "a primary"],
)
def test_what_is_no_failed_guard_of_capability_is_no_forgetting(other: Criterion) -> None:
    assert held(other).forgetting is None
    both = held(other, guard(name="facts"))
    assert both.forgetting is not None
    assert both.forgetting.guards == ("facts",)


def test_a_supporting_guard_that_fails_counts() -> None:
    assert names(held(guard(tier="supporting")))


def test_a_guard_that_is_not_the_record_s_is_found_and_an_older_record_verifies() -> None:
    document = held(guard()).as_json()
    tampered = json.loads(json.dumps(document))
    tampered["forgetting"]["guards"] = ["facts"]
    assert "forgetting.guards" in [each.field for each in verify(tampered).differences]
    older = {name: value for name, value in document.items() if name != "forgetting"}
    assert verify(older).verified
    # a later table of remedies changes no record
    tampered = json.loads(json.dumps(document))
    del tampered["forgetting"]["remedies"][1:]
    del tampered["forgetting"]["sentences"][2:]
    assert verify(tampered).verified


def test_the_document_lists_them_with_their_sources() -> None:
    page = (REFERENCE / "training-advice.md").read_text(encoding="utf-8")
    table = page.partition("## After a hold by forgetting")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    assert [(row[0].strip("| `"), row[1]) for row in rows] == [(r.name, r.what) for r in REMEDIES]
    for row, remedy in zip(rows, REMEDIES, strict=True):
        found = "; ".join(
            f"{each.says} ([{each.source}](https://arxiv.org/abs/{each.arxiv}))"
            for each in remedy.findings
        )
        assert row[3] == f"{found} |"
