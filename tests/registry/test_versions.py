"""A spec becomes a version of a model; a metric with its options becomes a row."""

import datetime
import math
from typing import Any

import pytest

from evalhub.registry.models import Metric, Model, ModelVersion
from evalhub.registry.specs import SpecError
from evalhub.registry.versions import register_metric, register_version
from tests.cast import Team, a_team

RECORDED = {"type": "recorded"}
SERVER = {"type": "openai", "url": "http://localhost:8080/v1", "model": "small"}


def registered(team: Team, slug: str = "small", **spec: Any) -> ModelVersion:
    asked = {"kind": "base", "backend": RECORDED} | spec
    return register_version(project=team.project, slug=slug, **asked)


def test_a_version_keeps_its_whole_specification(team: Team) -> None:
    base = registered(team, backend=SERVER)
    prompt = {
        "system": "Be brief.",
        "examples": [{"input": "2 + 2?", "output": "4"}],
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
    assert (tuned.prompt, tuned.sampling) == (prompt, sampling)
    assert tuned.backend["key_env"] == "SERVER_KEY"
    assert (tuned.training["rank"], tuned.notes, tuned.stage) == (8, "first try", "candidate")


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
    with pytest.raises(SpecError, match="field 'parent': small v1 isn't in the project"):
        registered(team, "tuned", kind="lora", parent=elsewhere)


BAD_SPECS: list[tuple[dict[str, Any], str, str]] = [
    ({"slug": "two words"}, "model", "isn't a name"),
    ({"kind": "magic"}, "kind", "isn't one of base, prompted"),
    ({"backend": {}}, "backend.type", "says which backend answers"),
    ({"backend": "recorded"}, "backend", "an object was expected"),
    ({"backend": SERVER | {"timeout_s": math.inf}}, "backend.timeout_s", "is not a number"),
    ({"prompt": {"sytem": "Be brief."}}, "prompt.sytem", "known are system, examples, template"),
    ({"prompt": {"system": ["Be brief."]}}, "prompt.system", "text was expected"),
    ({"prompt": {"template": "Question:"}}, "prompt.template", "must contain {input}"),
    ({"prompt": {"examples": "2 + 2 = 4"}}, "prompt.examples", "a list"),
    ({"prompt": {"examples": [{"input": "2 + 2?"}]}}, "prompt.examples[0]", "{input, output}"),
    (
        {"prompt": {"examples": [{"input": "2 + 2?", "output": 4}]}},
        "prompt.examples[0]",
        "all text",
    ),
    ({"sampling": {"heat": 1}}, "sampling.heat", "known are temperature, top_p, max_tokens"),
    ({"sampling": {"temperature": -0.1}}, "sampling.temperature", "0 or more"),
    ({"sampling": {"temperature": "0"}}, "sampling.temperature", "0 or more"),
    ({"sampling": {"temperature": True}}, "sampling.temperature", "0 or more"),
    ({"sampling": {"top_p": 0}}, "sampling.top_p", "above 0"),
    ({"sampling": {"max_tokens": 0}}, "sampling.max_tokens", "1 or more"),
    ({"sampling": {"samples": 0}}, "sampling.samples", "from 1 to 1000"),
    ({"sampling": {"samples": 1.5}}, "sampling.samples", "this is 1.5"),
    ({"sampling": {"seed": "one"}}, "sampling.seed", "a whole number"),
    ({"sampling": {"stop": [1]}}, "sampling.stop", "a text or a list of texts"),
    ({"training": {"date": datetime.date(2026, 1, 1)}}, "training", "date is not JSON"),
    ({"training": {"loss": math.nan}}, "training.loss", "nan"),
]


@pytest.mark.parametrize(("spec", "field", "says"), BAD_SPECS)
def test_a_bad_specification_is_refused_by_its_field(
    team: Team, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(SpecError) as refused:
        registered(team, **spec)
    assert refused.value.field == field
    assert says in refused.value.message
    assert not Model.objects.exists()


@pytest.mark.parametrize(
    "secret",
    [
        {"api_key": "abc"},
        {"apiKey": "abc"},
        {"extra": {"headers": {"Authorization": "abc"}}},
        {"headers": {"X-API-Key": "abc"}},
        {"token": "abc"},
        {"password": "abc"},
        {"key_env": "sk-live-abc"},
        {"extra": {"header": "Bearer abc"}},
        {"url": "https://me:mine@models.example/v1"},
        {"url": "https://models.example/v1?api_key=abc"},
    ],
)
def test_a_secret_in_a_backend_is_refused_and_never_repeated(
    team: Team, secret: dict[str, Any]
) -> None:
    with pytest.raises(SpecError, match="environment variable") as refused:
        registered(team, backend=SERVER | secret)
    assert "abc" not in str(refused.value)
    assert "mine" not in str(refused.value)
    assert not ModelVersion.objects.exists()


def test_names_that_only_sound_like_secrets_are_kept(team: Team) -> None:
    extra = {"max_tokens": 5, "stop_token_ids": [2], "prompt_cache_key": "a", "ignore_eos": True}
    backend = SERVER | {"extra": extra}
    assert registered(team, backend=backend).backend == backend


def test_the_same_metric_with_the_same_options_is_the_same_row(db: None) -> None:
    first = register_metric(name="numeric_match", options={"tolerance": 0.1, "extract": None})
    again = register_metric(name="numeric_match", options={"extract": None, "tolerance": 0.1})
    other = register_metric(name="numeric_match", options={"tolerance": 0.2, "extract": None})
    assert first == again != other
    assert Metric.objects.count() == 2
