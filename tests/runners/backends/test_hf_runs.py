"""The backend `hf` in runs and studies: base and adapter, choices by their likelihood."""

import json
import shutil
from pathlib import Path

import pytest

from evalhub.ledger.decide import decide_study
from evalhub.registry.models import Run, Score
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study
from runners.launch import launch
from runners.launch_checks import LaunchError
from tests.cast import OPERATOR, Team, a_metric, a_test_set, a_version
from tests.runners.backends.test_hf import backend, client, replies, with_torch
from tests.runners.test_launch import worked_through
from tests.small_models import an_adapter


@with_torch
@pytest.mark.django_db
def test_a_run_is_answered_by_base_and_adapter(team: Team, tiny: Path, tmp_path: Path) -> None:
    questions = a_test_set(team, items=[{"references": ["x"]} for _ in range(5)])
    tuned = an_adapter(tmp_path / "tuned")
    whole = an_adapter(tmp_path / "whole", seed=8, whole=("lm_head",))
    arms = {"base": {}, "tuned": {"adapter": str(tuned)}, "whole": {"adapter": str(whole)}}
    texts = set()
    for name, fields in arms.items():
        spec = backend(tiny, **fields).as_json()
        version = a_version(team, name, backend=spec, sampling={"max_tokens": 4})
        run = launch(
            version=version, test_set_version=questions, metrics=[a_metric()], reach=OPERATOR
        )
        run = worked_through(run)
        assert (run.state, run.error) == ("done", "")
        assert run.outputs.filter(logprob__lt=0, completion_tokens__gt=0).count() == 5
        texts.add(tuple(run.outputs.order_by("item").values_list("text", flat=True)))
    assert len(texts) == 3


@with_torch
def test_loading_writes_nothing_between_a_study_s_own_lines(
    tiny: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    unknown = shutil.copytree(tiny, tmp_path / "unknown")
    tuned = an_adapter(tmp_path / "tuned")
    replies(client(backend(unknown, adapter=str(tuned))), "Hello")
    assert capfd.readouterr() == ("", "")


CHOICES = """\
schema: evalhub.study/1
project: desk
name: Choices
baseline: base
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: {hf: {model: MODEL, api: completion}}}
  tuned: {kind: lora, parent: base, backend: {hf: {model: MODEL, api: completion, adapter: tuned}}}
test_sets:
  letters:
    file: letters.jsonl
    role: primary
    fields: {choices: options}
    metric: {name: choice_likelihood, per: character}
"""


@with_torch
@pytest.mark.django_db
def test_a_study_judges_choices_by_their_likelihood(team: Team, tiny: Path, tmp_path: Path) -> None:
    an_adapter(tmp_path / "tuned")
    options = ["a", "some letters", "z"]
    rows = [
        {"id": at, "input": f"Letter {at}:", "options": options, "reference": options[at % 3]}
        for at in range(30)
    ]
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "study.yaml").write_text(CHOICES.replace("MODEL", str(tiny)))
    study = register_study(read_study(tmp_path / "study.yaml", OperatorFile()))
    for run in Run.objects.all():
        assert worked_through(run).state == "done"
    spec = backend(tiny, api="completion")
    wanted = []
    for row in rows:
        pairs = [(f"Letter {row['id']}:", f" {each}") for each in options]
        sums = [each.logprob for each in client(spec).loglikelihood(pairs)]
        values = [each / len(text) for each, text in zip(sums, options, strict=True)]
        wanted.append(float(options[values.index(max(values))] == row["reference"]))
    base = study.arms.get(name="base")
    scores = Score.objects.filter(output__run=base.runs.get().run).order_by("output__item")
    assert [each.value for each in scores] == wanted
    assert decide_study(study=study)[0].record["applied"]["state"] == "moved"


@pytest.mark.django_db
def test_a_server_that_gives_no_likelihoods_is_refused_before_it_is_asked(team: Team) -> None:
    plain = a_test_set(team)
    metric = a_metric("choice_likelihood")
    asked = a_version(team, backend={"type": "openai", "url": "http://x/v1", "model": "m"})
    with pytest.raises(LaunchError, match="choice_likelihood asks how likely each"):
        launch(version=asked, test_set_version=plain, metrics=[metric])
    loaded = a_version(team, backend={"type": "hf", "model": "m", "revision": "0" * 40})
    with pytest.raises(LaunchError, match="item 'q0000' has no choices, which choice_likelihood"):
        launch(version=loaded, test_set_version=plain, metrics=[metric])
