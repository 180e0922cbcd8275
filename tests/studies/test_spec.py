"""A study file as it is read: what it may say, and how it is refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import evalhub
from evalhub.declare.sampling import Sampling
from evalhub.io.rows import DataError
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.schemas import schema_of
from evalhub.studies.file.spec import StudySpec, read_study
from runners.metrics import METRICS
from runners.metrics.exact_match import ExactMatch
from runners.metrics.numeric_match import NumericMatch

REPOSITORY = Path(__file__).resolve().parents[2]
METRIC_KINDS = {kind.__name__ for kind in METRICS.values()}
PAGE = (REPOSITORY / "docs" / "reference/study-file.md").read_text(encoding="utf-8")
PAGES = "".join(
    (REPOSITORY / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in (
        "reference/study-file",
        "reference/study-arms",
        "reference/study-test-sets",
        "reference/retrieval",
        "reference/judges",
        "reference/backends",
        "reference/hf",
        "reference/command",
        "reference/general-capability",
        "reference/policy",
        "reference/policy-rules",
        "how-to/review-plan",
        "how-to/cost-of-ownership",
        "how-to/own-metric",
    )
)

STUDY = """\
schema: evalhub.study/1
project: desk
name: Shall we?
baseline: base
arms:
  base: {kind: base, backend: {recorded: base.jsonl}}
  tuned: {kind: lora, parent: base, backend: {recorded: tuned.jsonl}}
test_sets:
  triage:
    file: triage.jsonl
    role: primary
    metric: {name: exact_match}
"""


def read(folder: Path, text: str, *hosts: str) -> StudySpec:
    path = folder / "study.yaml"
    path.write_text(text)
    return read_study(path, OperatorFile(hosts))


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(folder, text)
    return str(caught.value).removeprefix(f"{folder}/")


def test_a_short_study_has_the_defaults(tmp_path: Path) -> None:
    spec = read(tmp_path, STUDY)
    assert (spec.baseline, spec.candidate, spec.project) == ("base", "tuned", "desk")
    triage = spec.test_sets["triage"]
    assert (triage.margin, triage.min_gain, triage.file) == (0.02, 0.0, "triage.jsonl")
    assert spec.arms["tuned"].answers(tmp_path.joinpath, "triage") == tmp_path / "tuned.jsonl"
    assert (spec.policy.alpha, spec.policy.planned_gain, spec.review) == (0.025, 0.05, None)


def test_the_whole_example_of_the_page_is_read(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    with pytest.raises(DataError, match="run the command with --allow"):
        read(tmp_path, example[1])
    spec = read(tmp_path, example[1], "127.0.0.1:8001")
    assert list(spec.arms) == ["base", "few-shot", "adapter", "older-adapter"]
    assert spec.candidate == "adapter"
    assert spec.arms["few-shot"].only == ("triage",)
    assert spec.arms["few-shot"].sampling == Sampling(temperature=0, max_tokens=200, seed=7)
    assert spec.arms["adapter"].spec.as_json()["key_env"] == "SUPPORT_KEY"
    older = spec.arms["older-adapter"]
    assert older.answers(tmp_path.joinpath, "triage") == tmp_path / "answers" / "older.triage.jsonl"
    assert older.fields.output == "answer"
    assert spec.test_sets["triage"].metric == ExactMatch(lower=True)
    assert spec.test_sets["arithmetic"].metric == NumericMatch(extract="answer is (.*)")
    assert spec.policy.min_agreement == 0.2
    assert spec.review is not None
    assert (spec.review.items, spec.review.required) == (60, True)


def known_fields(part: dict[str, Any]) -> Iterator[str]:
    """Every field name that the schema knows, at any depth."""
    for name, inner in part.get("properties", {}).items():
        yield name
        yield from known_fields(inner)
    for kind, inner in part.get("$defs", {}).items():
        if kind not in METRIC_KINDS:
            yield from known_fields(inner)


def test_the_pages_name_every_field_of_the_schema_but_the_metrics_options() -> None:
    asked = schema_of("study")
    del asked["$defs"]["Arm"]["properties"]["training"]["properties"]  # which have a page
    for kind in ("Hyperparameters", "Adapter", "Hardware", "TrainingCost"):
        del asked["$defs"][kind]
    for name in set(known_fields(asked)):
        assert f"`{name}`" in PAGES or f"{name}:" in PAGES, name


def test_the_example_uses_every_field_of_arms_test_sets_policy_and_review() -> None:
    """But those that have an example of their own: what is only for recorded or untuned arms."""
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    asked = schema_of("study")
    used = {name for arm in example["arms"].values() for name in arm}
    assert used | {"repeat"} == set(asked["$defs"]["Arm"]["properties"])
    used = {name for test_set in example["test_sets"].values() for name in test_set}
    assert used | {"purpose", "draw", "suite", "lm_eval", "form"} == set(
        asked["$defs"]["AskedTestSet"]["properties"]
    )
    assert set(example["policy"]) == set(asked["$defs"]["StudyPolicy"]["properties"])
    assert set(example) | {"development", "suite"} == set(asked["properties"])


def test_the_demo_studies_are_read() -> None:
    for name in ("study.yaml", "study_live.yaml"):
        assert (
            read_study(Path(evalhub.__file__).parent / "demo" / name, OperatorFile()).candidate
            == "lora"
        )


@pytest.mark.parametrize(
    ("kinds", "candidate"),
    [
        (["base", "prompted", "lora"], "arm2"),
        (["base", "prompted", "retrieval"], "arm1"),
        (["lora", "qlora", "full"], "arm1"),
        (["base", "distilled", "full"], "arm1"),
    ],
)
def test_the_candidate_is_the_first_fine_tune_else_the_first_other_arm(
    tmp_path: Path, kinds: list[str], candidate: str
) -> None:
    arms = "".join(
        f"  arm{i}: {{kind: {kind}, backend: {{recorded: a.jsonl}}}}\n"
        for i, kind in enumerate(kinds)
    )
    text = re.sub(r"(?s)arms:\n.*test_sets", f"arms:\n{arms}test_sets", STUDY)
    assert read(tmp_path, text.replace("baseline: base", "baseline: arm0")).candidate == candidate


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name: Shall we?\n", "", "study.yaml, line 1, field 'name': missing"),
        (
            "project: desk",
            "projekt: desk",
            "study.yaml, line 2, field 'projekt': isn't known here; did you mean project?",
        ),
        (
            "project: desk",
            "project: our desk",
            "study.yaml, line 2, field 'project': \"our desk\" isn't a name",
        ),
        (
            "evalhub.study/1",
            "evalhub.study/2",
            "study.yaml, line 1, field 'schema': \"evalhub.study/2\" isn't one of evalhub.study/1",
        ),
        (
            "baseline: base",
            "baseline: bass",
            "study.yaml, line 4, field 'baseline': there is no arm 'bass'; there are base, tuned",
        ),
        (
            "baseline: base",
            "baseline: base\ncandidate: base",
            "study.yaml, line 5, field 'candidate': the candidate can't be the baseline itself",
        ),
        (
            "baseline: base",
            "ownership: {development: {bass: {bill: 5}}}\nbaseline: base",
            "study.yaml, line 4, field 'ownership.development.bass': there is no arm 'bass'",
        ),
        (
            "parent: base",
            "parent: bass",
            "study.yaml, line 7, field 'arms.tuned.parent': there is no arm 'bass'",
        ),
        (
            "{kind: base,",
            "{kind: base, parent: tuned,",
            "study.yaml, line 6, field 'arms.base.parent': 'tuned' must stand before 'base'",
        ),
        (
            "kind: lora",
            "kind: lorra",
            "study.yaml, line 7, field 'arms.tuned.kind': \"lorra\" isn't one of base, prompted",
        ),
        (
            "parent: base,",
            "parent: base, only: [sums],",
            "study.yaml, line 7, field 'arms.tuned.only.0': there is no test set 'sums'",
        ),
        (
            "parent: base,",
            "only: [triage],",
            "study.yaml, line 7, field 'arms.tuned.only': needs a parent",
        ),
        (
            "{kind: base, backend: {recorded: base.jsonl}}",
            "{kind: base}",
            "study.yaml, line 6, field 'arms.base.backend': missing",
        ),
        (
            "{recorded: base.jsonl}",
            "{recorded: base.jsonl, openai: {url: http://x/v1, model: m}}",
            "study.yaml, line 6, field 'arms.base.backend'",
        ),
        (
            "role: primary",
            "role: main",
            "study.yaml, line 11, field 'test_sets.triage.role': \"main\" isn't one of primary",
        ),
        (
            "role: primary",
            "role: guard\n    margin: -0.1",
            "study.yaml, line 12, field 'test_sets.triage.margin': must be 0 or more, not -0.1",
        ),
        (
            "role: primary",
            "role: guard\n    margin: much",
            "study.yaml, line 12, field 'test_sets.triage.margin': a number is needed, not",
        ),
        (
            "test_sets:\n",
            "policy: {alpha: 0.5}\ntest_sets:\n",
            "study.yaml, line 8, field 'policy.alpha': must be at most 0.25, not 0.5",
        ),
        (
            "test_sets:\n",
            "review: {test_set: sums, items: 5}\ntest_sets:\n",
            "study.yaml, line 8, field 'review.test_set': there is no test set 'sums'; "
            "there are triage",
        ),
        (
            "test_sets:\n",
            "test_sets:\n  sums: {file: s.jsonl, role: guard, metric: {name: contains}}\n",
            "study.yaml, line 6, field 'arms.base.backend.recorded': needs {test_set}",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_field(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in STUDY
    assert refusal(tmp_path, STUDY.replace(old, new, 1)).startswith(says)


def test_a_file_that_is_no_mapping_is_told_how_one_starts(tmp_path: Path) -> None:
    for text in ("", "- a\n", "just words\n"):
        assert "a study is a mapping that starts with schema" in refusal(tmp_path, text)


def test_two_flaws_are_said_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = STUDY.replace("kind: lora", "kind: x").replace("role: primary", "role: y")
    assert "line 7" in refusal(tmp_path, text)
