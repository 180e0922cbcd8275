"""A spec becomes a version of a model; a metric with its options becomes a row."""

from typing import Any

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.declare.training import CheckedTraining, TrainingRecord
from evalhub.io.canonical import digest_of
from evalhub.registry.models import Metric, Model, ModelVersion
from evalhub.registry.versions import register_metric, register_version
from runners.backends import AnyBackend
from tests.cast import Team, a_team

RECORDED = {"type": "recorded"}
SERVER = {"type": "openai", "url": "http://localhost:8080/v1", "model": "small"}


def registered(team: Team, slug: str = "small", **spec: Any) -> ModelVersion:
    kinds = {"prompt": Prompt, "sampling": Sampling, "training": TrainingRecord}
    asked = {"kind": "base", "backend": RECORDED} | spec
    asked["backend"] = validate(AnyBackend, asked["backend"])
    asked |= {name: validate(kind, spec[name]) for name, kind in kinds.items() if name in spec}
    return register_version(project=team.project, slug=slug, **asked)


def test_a_version_keeps_its_whole_specification(team: Team) -> None:
    base = registered(team, backend=SERVER)
    prompt = {
        "system": "Be brief.",
        "examples": [{"input": "2 + 2?", "output": "4", "context": "Sums."}],
        "template": "{context}\n\n{input}",
    }
    sampling = {
        "temperature": 0,
        "top_p": 0.9,
        "max_tokens": 64,
        "seed": 1,
        "samples": 4,
        "stop": ["\n"],
    }
    tuned = registered(
        team,
        "small-lora",
        kind="lora",
        parent=base,
        backend=SERVER | {"key_env": "SERVER_KEY"},
        prompt=prompt,
        sampling=sampling,
        training={"method": "LoRA", "rank": 8, "losses": [2.1, 0.4]},
        notes="first try",
    )
    tuned.refresh_from_db()
    assert (str(tuned), tuned.kind, tuned.parent) == ("small-lora v1", "lora", base)
    assert tuned.prompt == validate(Prompt, prompt)
    assert tuned.sampling == validate(Sampling, sampling)
    assert tuned.backend["key_env"] == "SERVER_KEY"
    assert tuned.training.as_json()["rank"] == 8
    assert (tuned.notes, tuned.stage) == ("first try", "candidate")


def test_a_version_keeps_every_default_so_that_another_default_later_changes_none(
    team: Team,
) -> None:
    plain = registered(team, backend=SERVER)
    said = registered(
        team,
        backend=SERVER | {"api": "chat", "url": "http://localhost:8080/v1/"},
        prompt={"template": "{input}"},
        sampling={"samples": 1},
    )
    assert said == plain
    assert plain.backend["concurrency"] == 8


def test_the_same_specification_is_the_same_version(team: Team) -> None:
    spec = {"sampling": {"temperature": 0, "seed": 1}, "notes": "as it was"}
    first = registered(team, **spec)
    again = registered(team, sampling={"seed": 1, "temperature": 0}, notes="told anew")
    assert again == first
    assert again.notes == "as it was"
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "prompted"},
        {"backend": SERVER},
        {"prompt": {"system": "Be brief."}},
        {"sampling": {"temperature": 1}},
        {"sampling": {"chat_template_kwargs": {"enable_thinking": False}}},
        {"training": {"epochs": 2}},
    ],
)
def test_another_specification_is_the_next_version(team: Team, changed: dict[str, Any]) -> None:
    first, second = registered(team), registered(team, **changed)
    assert (first.number, second.number) == (1, 2)
    assert (first.model, Model.objects.count()) == (second.model, 1)


def test_another_parent_is_another_version_even_where_the_parents_have_one_spec(
    team: Team,
) -> None:
    old, new = registered(team, "old"), registered(team, "new")
    assert old.digest == new.digest
    tuned = [registered(team, "tuned", kind="lora", parent=parent) for parent in (old, new)]
    assert [(each.number, each.parent) for each in tuned] == [(1, old), (2, new)]


def test_a_parent_of_another_project_is_refused(team: Team) -> None:
    elsewhere = registered(a_team("Elsewhere", "elsewhere"))
    with pytest.raises(DeclarationError, match="field 'parent': small v1 isn't in the project"):
        registered(team, "tuned", kind="lora", parent=elsewhere)


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        ({"slug": "two words"}, "model", "isn't a name"),
        ({"slug": "a" * 81}, "model", "is too long: 80 at most"),
        ({"kind": "magic"}, "kind", "isn't one of base, prompted"),
    ],
)
def test_a_bad_specification_is_refused_by_its_field(
    team: Team, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(DeclarationError) as refused:
        registered(team, **spec)
    assert refused.value.field == field
    assert says in refused.value.message
    assert not Model.objects.exists()


def test_the_same_metric_with_the_same_options_is_the_same_row(db: None) -> None:
    first = register_metric(name="numeric_match", options={"tolerance": 0.1, "extract": None})
    again = register_metric(name="numeric_match", options={"extract": None, "tolerance": 0.1})
    other = register_metric(name="numeric_match", options={"tolerance": 0.2, "extract": None})
    assert first == again != other
    assert Metric.objects.count() == 2


CALLBACK = {
    "method": "lora",
    "base_model": "small",
    "adapter": {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"]},
    "dataset_sha256": "a" * 64,
    "hyperparameters": {"learning_rate": 2e-4, "num_train_epochs": 3, "seed": 1},
    "checkpoint": "checkpoint-6",
    "step": 6,
    "epoch": 3.0,
    "losses": [[3, 2.1], [6, None]],
    "seconds": 12.5,
}


@pytest.mark.parametrize(
    ("training", "digest"),
    [
        ({}, "f40ea59911103f324bb3de3a4f1f42edfbd8456b6258a41c4242f261af069e14"),
        (
            {"method": "LoRA", "rank": 8, "losses": [2.1, 0.4]},
            "4ea999056c8c61f104bd021cfa6a354b96ff7f1184f33ef036177a051357f891",
        ),
        (
            {"learning_rate": 2, "cost": 300, "hardware": "A100"},
            "e4b4f4f23c76b878f3eb516725af11fc7c7463a06f5af7abded3a769f0b9e25f",
        ),
        (
            {"data": "rows.jsonl", "epochs": 3},
            "e6bfb95c94c7db02285d7457202e2a5d07cdd8adee0aad5bca984138c2fd433f",
        ),
        (CALLBACK, "7a8d638a50abb76a2d772cf8518ba615cbe1d65fe3e32db213e419f4519db66d"),
    ],
)
def test_a_training_record_counts_in_a_version_s_digest_as_it_was_handed_in(
    team: Team, training: dict[str, Any], digest: str
) -> None:
    """Digests that were kept: named fields and their defaults change none of them."""
    found = registered(team, kind="lora", training=validate(CheckedTraining, training).as_json())
    assert found.digest == digest
    again = ModelVersion.objects.get(pk=found.pk).training
    assert again.as_json() == {"data": None, "hashes": None} | training


def test_a_version_from_before_is_read_whatever_its_record_says(team: Team) -> None:
    found = registered(team, training={"cost": "$300", "alpha": -1, "rank": 8})
    again = ModelVersion.objects.get(pk=found.pk).training
    assert again.as_json()["cost"] == "$300"
    assert again.fields_with_names.unfit == ("alpha", "cost")
    assert again.fields_with_names.fields.adapter.r == 8


def of_the_hub(model: str, **more: Any) -> dict[str, Any]:
    return {"type": "hf", "model": model, "revision": "a" * 40} | more


def test_a_record_of_another_base_is_refused_by_its_field_and_nothing_is_made(team: Team) -> None:
    base = registered(team, "base", backend=of_the_hub("acme/small-1b"))
    for backend, whose in (
        (RECORDED, "what its parent answers with"),
        (
            of_the_hub("acme/small-1b", adapter="acme/lora", adapter_revision="b" * 40),
            "the base that its adapter is loaded onto",
        ),
    ):
        with pytest.raises(DeclarationError) as refused:
            registered(
                team, "tuned", kind="lora", parent=base, backend=backend,
                training={"base_model": "acme/large-9b"},
            )  # fmt: skip
        assert refused.value.field == "training.base_model"
        assert f"is acme/large-9b, and {whose} is acme/small-1b" in refused.value.message
    assert not Model.objects.filter(slug="tuned").exists()


def test_the_same_base_stored_otherwise_and_a_copy_by_another_name_are_taken(team: Team) -> None:
    base = registered(team, "base", backend=of_the_hub("acme/small-1b"))
    for said in ("acme/small-1b", "unsloth/small-1b-bnb-4bit", "others/our-base", "small-1b"):
        training = {"base_model": said}
        assert registered(team, "tuned", kind="lora", parent=base, training=training).pk


def test_a_version_from_before_stays_though_its_record_is_of_another_base(team: Team) -> None:
    base = registered(team, "base", backend=of_the_hub("acme/small-1b"))
    spec = {"kind": "lora", "parent": base}
    old = registered(team, "tuned", training={"base_model": "acme/small-1b"}, **spec)
    known_by = registered(team, "other", training={"base_model": "small"}, **spec)
    ModelVersion.objects.filter(pk=old.pk).update(
        training={"base_model": "acme/large-9b"}, digest=_digest_of(known_by, "acme/large-9b")
    )
    again = registered(team, "tuned", training={"base_model": "acme/large-9b"}, **spec)
    assert again == old


def _digest_of(like: ModelVersion, base_model: str) -> str:
    """The digest of a version like this one, trained from another base."""
    parent = like.parent
    assert parent is not None
    return digest_of(
        {
            "kind": like.kind,
            "backend": validate(AnyBackend, like.backend).identity(),
            "prompt": like.prompt.as_json(),
            "sampling": like.sampling.as_json(),
            "training": validate(TrainingRecord, {"base_model": base_model}).as_json(),
            "parent": [parent.model.slug, parent.digest],
        }
    )
