"""The adapter check: arms that are asked, told apart by the log-probabilities of their answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from evalhub.registry.models import ModelVersion, Output, Run, StudyArm, StudyRun
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study
from tests.cast import Team, a_run, a_study, a_test_set, a_version, opened
from tests.runners.test_launch import worked_through
from tests.small_models import an_adapter

SERVER = {"type": "openai", "url": "http://127.0.0.1:1/v1", "model": "base"}


class Desk:
    """A base on 60 questions, asked at a server, and adapters that say the same words."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.questions = a_test_set(team, items=60)
        self.base = a_version(team, "base", backend=SERVER)
        self.run(self.base)

    def run(self, version: ModelVersion, moved: float | None = 0.0, repeat: int = 0) -> Run:
        """All say the same; answer i has the log-probability −i − `moved`, or none."""
        run = a_run(
            version,
            self.questions,
            scores=[float(i < 30) for i in range(60)],
            answers=[str(i < 30) for i in range(60)],
            repeat=repeat,
        )
        rows = list(run.outputs.order_by("item__position"))
        for i, row in enumerate(rows):
            row.logprob = None if moved is None else -i - moved * (i % 2)
        Output.objects.bulk_update(rows, ["logprob"])
        return run

    def tuned(self, name: str = "tuned", **fields: Any) -> ModelVersion:
        backend = SERVER | {"model": name} | fields
        return a_version(self.team, name, parent=self.base, backend=backend)

    def decided(self, candidate: ModelVersion, repeat: float | None = None) -> Decision:
        arms = {"baseline": self.base, "candidate": candidate}
        slug = f"is-it-{candidate.model.slug}"
        study = a_study(self.team, slug=slug, primary=self.questions, **arms)
        if repeat is not None:
            again = self.run(self.base, repeat, repeat=1)
            link = {"arm": study.arms.get(name="base"), "test_set": study.test_sets.get()}
            StudyRun.objects.create(**link, run=again, repeat=1)
        return decide_study(study=study)[0]


@pytest.fixture
def desk(team: Team) -> Desk:
    return Desk(team)


@pytest.mark.django_db
def test_the_same_words_by_another_model_are_evidence(desk: Desk) -> None:
    tuned = desk.tuned()
    desk.run(tuned, moved=1.07)
    decision = desk.decided(tuned)
    assert decision.verdict != "invalid"
    found = decision.record["applied"]
    assert (found["state"], found["status"], found["n"]) == ("moved", "pass", 60)
    assert found["mean"] == pytest.approx(0.5)
    assert found["sentences"] == [
        "The log-probabilities of tuned's answers differ from base's by 0.5 nats on the average: "
        "tuned is another model."
    ]


@pytest.mark.django_db
def test_the_same_log_probabilities_are_an_adapter_that_changed_nothing(desk: Desk) -> None:
    tuned = desk.tuned()
    desk.run(tuned, moved=1e-5)
    decision = desk.decided(tuned)
    assert decision.verdict == "invalid"
    assert decision.record["applied"] is None, "no figure of what can't be judged"
    (why,) = decision.record["invalid"]
    assert why.startswith("tuned: the adapter changed nothing. The log-probabilities of its 60")
    assert "Does the server load the adapter under that name?" in why


@pytest.mark.django_db
def test_an_arm_that_asks_for_the_base_is_told_so(desk: Desk) -> None:
    tuned = desk.tuned(model="base")
    desk.run(tuned)
    (why,) = desk.decided(tuned).record["invalid"]
    assert why.endswith(
        "Both arms have the same backend: name the adapter, or the model that has it"
    )


@pytest.mark.django_db
def test_noise_of_the_size_of_a_second_run_s_is_nothing(desk: Desk) -> None:
    tuned = desk.tuned()
    desk.run(tuned, moved=0.02)
    decision = desk.decided(tuned, repeat=0.02)
    assert decision.verdict == "invalid"
    assert "by 0.02 at most, and a second run of base by 0.01" in decision.record["invalid"][0]


@pytest.mark.django_db
def test_more_than_a_second_run_s_noise_is_another_model(desk: Desk) -> None:
    tuned = desk.tuned()
    desk.run(tuned, moved=0.3)
    decision = desk.decided(tuned, repeat=0.02)
    assert decision.verdict != "invalid"
    assert decision.record["applied"]["repeat"] == pytest.approx(0.01)


@pytest.mark.django_db
def test_choices_by_their_likelihood_tell_an_adapter_that_changes_no_choice(desk: Desk) -> None:
    """lm-eval's multiple choice keeps the log-probability of each choice, and none of an answer."""
    tuned = desk.tuned()
    for run, moved in ((Run.objects.get(), 0.0), (desk.run(tuned), 0.68)):
        rows = list(run.outputs.all())
        for row in rows:
            row.logprob, row.choice_logprobs = None, [-3.0 + moved, -9.0 - moved, -9.5]
        Output.objects.bulk_update(rows, ["logprob", "choice_logprobs"])
    decision = desk.decided(tuned)
    assert decision.verdict != "invalid"
    found = decision.record["applied"]
    assert (found["measure"], found["state"]) == ("log-probabilities", "moved")
    assert found["mean"] == pytest.approx(0.68 * 2 / 3)


@pytest.mark.django_db
def test_choices_that_no_adapter_moved_are_an_adapter_that_changed_nothing(desk: Desk) -> None:
    tuned = desk.tuned()
    for run, moved in ((Run.objects.get(), 0.0), (desk.run(tuned), 1e-5)):
        rows = list(run.outputs.all())
        for row in rows:
            row.logprob, row.choice_logprobs = None, [-3.0 + moved, -9.0]
        Output.objects.bulk_update(rows, ["logprob", "choice_logprobs"])
    (why,) = desk.decided(tuned).record["invalid"]
    assert why.startswith("tuned: the adapter changed nothing. The log-probabilities of its 60")


@pytest.mark.django_db
def test_without_log_probabilities_texts_tell_and_the_report_says_so(desk: Desk) -> None:
    tuned = desk.tuned()
    run = desk.run(tuned, moved=None)
    (why,) = desk.decided(tuned).record["invalid"]
    assert why == "tuned and base gave the same answers to every item: was it applied?"
    other = desk.tuned("other")
    run = a_run(other, desk.questions, scores=[float(i < 40) for i in range(60)])
    opened(run)
    (said,) = desk.decided(other).record["applied"]["sentences"]
    assert said.startswith("Not all answers come with log-probabilities, so that only texts tell")


@pytest.mark.django_db
def test_recorded_answers_are_told_by_their_texts_as_ever(desk: Desk) -> None:
    tuned = a_version(desk.team, "tuned", parent=desk.base)
    a_run(tuned, desk.questions, scores=[float(i < 40) for i in range(60)])
    assert desk.decided(tuned).record["applied"] is None


STUDY = """\
schema: evalhub.study/1
project: desk
name: Three adapters
baseline: base
candidate: trained
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: {hf: {model: MODEL}}, sampling: {max_tokens: 6}}
"""
ARM = """\
  NAME: {kind: lora, parent: base, backend: {hf: {model: MODEL, adapter: NAME}},
    sampling: {max_tokens: 6}}
"""
TEST_SETS = """\
test_sets:
  words: {file: words.jsonl, role: primary, metric: {name: exact_match}}
"""


@pytest.mark.hf
@pytest.mark.heavy
@pytest.mark.django_db
def test_a_trained_adapter_a_dead_one_and_a_copy_are_told_apart(
    team: Team, tiny: Path, tmp_path: Path
) -> None:
    an_adapter(tmp_path / "trained")
    an_adapter(tmp_path / "dead", zero=True)
    an_adapter(tmp_path / "copied")
    rows = [{"id": at, "input": f"Word {at}", "reference": "x"} for at in range(12)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arms = "".join(ARM.replace("NAME", name) for name in ("trained", "dead", "copied"))
    text = (STUDY + arms).replace("MODEL", str(tiny)) + TEST_SETS
    (tmp_path / "study.yaml").write_text(text)
    study = register_study(read_study(tmp_path / "study.yaml", OperatorFile()))
    for run in Run.objects.order_by("pk"):
        assert worked_through(run).state == "done"
    decisions = {each.arm: each.record for each in decide_study(study=study)}
    assert StudyArm.objects.filter(study=study).count() == 4
    assert decisions["dead"]["verdict"] == "invalid"
    (why,) = decisions["dead"]["invalid"]
    assert why.startswith("dead: the adapter changed nothing. The log-probabilities of its 12 ans")
    assert why.endswith(
        "Its matrices B are all zero, as before training: it was saved too early, or its "
        "parameters had no gradient"
    )
    for name, sibling in (("trained", "copied"), ("copied", "trained")):
        found = decisions[name]["applied"]
        assert (found["state"], found["siblings"]) == ("moved", [sibling])
        assert found["mean"] > 0.5
