"""What a study asks: tiers, shares, budgets, repeats, and how a contradiction is refused."""

from pathlib import Path

import pytest

from evalhub.decision.criteria.budget import Budget
from evalhub.declare.study import Development
from tests.studies.test_spec import read, refusal

ASKED = """\
schema: evalhub.study/1
project: desk
name: Shall we?
baseline: base
arms:
  base: {kind: base, backend: {recorded: "base.{test_set}.jsonl"}}
  shot: {kind: few-shot, backend: {recorded: "shot.{test_set}.jsonl"}}
  tuned: {kind: lora, parent: base, backend: {recorded: "tuned.{test_set}.jsonl"}}
test_sets:
  triage:
    file: triage.jsonl
    role: primary
    metric: {name: exact_match}
  sums:
    file: sums.jsonl
    role: guard
    metric: {name: exact_match}
"""


def test_tiers_shares_gains_and_mixes_are_read(tmp_path: Path) -> None:
    text = ASKED.replace("role: guard", "role: guard\n    tier: supporting").replace(
        "role: primary", "role: primary\n    planned_gain: 0.1\n    mix: {rare: 0.1, usual: 0.9}"
    )
    spec = read(tmp_path, text.replace("supporting", "supporting\n    relative_margin: 0.2"))
    assert spec.test_sets["triage"].planned_gain == 0.1
    assert spec.test_sets["triage"].mix == {"rare": 0.1, "usual": 0.9}
    assert (spec.test_sets["sums"].tier, spec.test_sets["sums"].relative_margin) == (
        "supporting",
        0.2,
    )


def test_the_best_untuned_arm_is_asked_for_by_a_word(tmp_path: Path) -> None:
    spec = read(tmp_path, ASKED.replace("baseline: base", "baseline: best-untuned"))
    assert (spec.baseline, spec.candidate) == ("base", "tuned")
    assert spec.policy.development == Development(share=0.3, seed=0)
    assert read(tmp_path, ASKED).policy.development is None
    text = ASKED.replace("baseline: base", "baseline: best-untuned\ndevelopment: {share: 0.5}")
    assert read(tmp_path, text).policy.development == Development(share=0.5, seed=0)


def test_recorded_answers_may_be_a_file_for_each_test_set(tmp_path: Path) -> None:
    files = "recorded: {triage: one.jsonl, sums: other.jsonl}"
    spec = read(tmp_path, ASKED.replace('recorded: "base.{test_set}.jsonl"', files))
    arm = spec.arms["base"]
    assert arm.answers(tmp_path.joinpath, "triage") == tmp_path / "one.jsonl"
    assert arm.answers(tmp_path.joinpath, "sums") == tmp_path / "other.jsonl"


def test_a_repeat_of_recorded_answers_is_a_noise_floor(tmp_path: Path) -> None:
    text = ASKED.replace(
        "{kind: base,", '{kind: base, repeat: {recorded: "again.{test_set}.jsonl"},'
    )
    spec = read(tmp_path, text)
    assert spec.policy.noise_floor
    assert (
        spec.arms["base"].repeat_answers(tmp_path.joinpath, "sums") == tmp_path / "again.sums.jsonl"
    )
    assert spec.arms["tuned"].repeat_answers(tmp_path.joinpath, "sums") is None


def test_the_file_of_training_rows_lies_beside_the_study(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    for field in ("data", "hashes"):
        text = ASKED.replace("{kind: lora,", f"{{kind: lora, training: {{{field}: train.jsonl}},")
        spec = read(tmp_path, text)
        assert spec.arms["tuned"].training_file(tmp_path.joinpath) == tmp_path / "train.jsonl"
        assert spec.arms["base"].training_file(tmp_path.joinpath) is None


def test_budgets_reviewers_and_the_rule_are_read(tmp_path: Path) -> None:
    policy = """\
policy:
  primaries: any-of
  min_reviewers: 3
  harm_alpha: 0.1
  ledger: all
  leakage: report
  budgets:
    latency: {max_ratio: 1.2, tier: supporting}
"""
    found = read(tmp_path, ASKED + policy).policy
    assert (found.primaries, found.min_reviewers, found.harm_alpha) == ("any-of", 3, 0.1)
    assert (found.ledger, found.leakage) == ("all", "report")
    assert found.budgets == {"latency": Budget(max_ratio=1.2, tier="supporting")}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "role: primary",
            "role: primary\n    margin: 0.1",
            "field 'test_sets.triage.margin': is for guards: a primary is critical and must gain",
        ),
        (
            "role: guard",
            "role: guard\n    min_gain: 0.1",
            "field 'test_sets.sums.min_gain': is for primaries: a guard is asked no gain",
        ),
        (
            "role: guard",
            "role: guard\n    margin: 0.1\n    relative_margin: 0.1",
            "line 18, field 'test_sets.sums.relative_margin': stands in for margin",
        ),
        (
            "role: guard",
            "role: guard\n    relative_margin: 1.5",
            "line 17, field 'test_sets.sums.relative_margin': must be below 1, not 1.5",
        ),
        (
            "role: guard",
            "role: guard\n    tier: vital",
            "line 17, field 'test_sets.sums.tier': \"vital\" isn't one of critical",
        ),
        (
            "role: guard",
            "role: guard\n    planned_gain: 0.1",
            "line 17, field 'test_sets.sums.planned_gain': is for primaries",
        ),
        (
            "role: primary",
            "role: primary\n    tier: advisory",
            "line 13, field 'test_sets.triage.tier': is for guards",
        ),
        (
            "role: primary",
            "role: primary\n    mix: {a: 0.5, b: 0.2}",
            "line 13, field 'test_sets.triage.mix': the shares add up to 0.7, and must to 1",
        ),
        (
            "baseline: base",
            "baseline: best-untuned\ncandidate: shot",
            "line 5, field 'candidate': 'shot' may be the baseline itself",
        ),
        (
            "baseline: base",
            "baseline: base\ndevelopment: {seed: 1}",
            "line 5, field 'development': is only for baseline: best-untuned",
        ),
        (
            "baseline: base",
            "baseline: base\nnoise_floor: true",
            "line 5, field 'noise_floor': the answers of 'base' are recorded: say repeat",
        ),
        (
            "{kind: lora,",
            '{kind: lora, repeat: {recorded: "a.{test_set}.jsonl"},',
            "line 8, field 'arms.tuned.repeat': only the baseline is repeated",
        ),
        (
            "{kind: base,",
            "{kind: base, repeat: {recorded: a.jsonl},",
            "line 6, field 'arms.base.repeat.recorded': needs {test_set}",
        ),
        (
            'recorded: "base.{test_set}.jsonl"',
            "recorded: {sums: a.jsonl, triage: a.jsonl, more: a.jsonl}",
            "line 6, field 'arms.base.backend.recorded.more': there is no test set 'more'",
        ),
        (
            'recorded: "base.{test_set}.jsonl"',
            "recorded: {sums: a.jsonl}",
            "line 6, field 'arms.base.backend.recorded': has no file of the answers to 'triage'",
        ),
        (
            "{kind: lora,",
            "{kind: lora, training: {data: none.jsonl},",
            "line 8, field 'arms.tuned.training.data': there is no file 'none.jsonl'",
        ),
        (
            "test_sets:",
            "policy: {budgets: {latency: {max_ratio: 1.2, test_set: sum}}}\ntest_sets:",
            "line 9, field 'policy.budgets.latency.test_set': there is no test set 'sum'",
        ),
        (
            "test_sets:",
            "policy: {budgets: {latency: {max_ratio: 0}}}\ntest_sets:",
            "line 9, field 'policy.budgets.latency.max_ratio': must be above 0, not 0",
        ),
        (
            "test_sets:",
            "policy: {primaries: some-of}\ntest_sets:",
            "line 9, field 'policy.primaries': \"some-of\" isn't one of all-of, any-of",
        ),
    ],
)
def test_what_contradicts_itself_is_said_with_its_line_and_field(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in ASKED
    assert says in refusal(tmp_path, ASKED.replace(old, new, 1))


def test_a_study_of_which_nothing_is_critical_would_ship_anything(tmp_path: Path) -> None:
    guards = ASKED.replace("role: primary", "role: guard")
    aside = guards.replace("role: guard", "role: guard\n    tier: advisory")
    assert "field 'test_sets': nothing here is critical" in refusal(tmp_path, aside)
    budget = "policy:\n  budgets:\n    latency: {max_ratio: 1.2, test_set: sums}\n"
    assert read(tmp_path, guards).test_sets["sums"].tier == "critical"
    assert read(tmp_path, aside + budget).test_sets["sums"].tier == "advisory"


def test_an_answer_that_is_live_is_repeated_by_asking_twice(tmp_path: Path) -> None:
    live = "backend: {openai: {url: 'http://x/v1', model: m}}"
    text = ASKED.replace('backend: {recorded: "base.{test_set}.jsonl"}', live)
    assert read(
        tmp_path, text.replace("baseline:", "noise_floor: true\nbaseline:")
    ).policy.noise_floor
    repeat = text.replace("{kind: base,", '{kind: base, repeat: {recorded: "{test_set}.csv"},')
    assert "this arm answers live: say noise_floor: true" in refusal(tmp_path, repeat)
