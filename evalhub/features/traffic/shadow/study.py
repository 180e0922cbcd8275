"""The study file of a shadow study, with a comment on each choice."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from evalhub.features.traffic.shadow.baseline import served_build
from evalhub.registry.models import MIRRORED_BUILD, ModelVersion, TrafficSample
from evalhub.studies.file.gaps import UNFILLED

BASELINE, CANDIDATE = "production", "candidate"
AGAIN, SECOND = "again", "second"
"""Studies by which the baseline is asked: what it has to be, and all of it once more."""
WHY = {
    AGAIN: "What production answered can't stand here: data was masked, or it isn't whole.",
    SECOND: "A second answer of the baseline shows how far it differs from itself.",
}
GUARDS = ("empty", "truncation", "repetition", "language")
"""Forms that have a worst score, which an answer that failed then gets."""
REVIEWED = 200
BASE = "base"
KINDS = f"{UNFILLED}base, prompted, few-shot, retrieval, lora, qlora, full or distilled"


class ShadowParts(NamedTuple):
    """What is said of the two models; an empty field is left to be filled in.

    Attributes:
        second_answer: whether the baseline is asked once more, for the noise floor.
        mirror: under which the model was served that answered mirrored copies; empty: the candidate
            is asked now.
        ask_both: whether the baseline is asked all of it anew, in turn with the candidate, so that
            what answers take and cost is measured.
    """

    name: str = ""
    kind: str = ""
    url: str = ""
    model: str = ""
    baseline_url: str = ""
    baseline_model: str = ""
    key_env: str = ""
    second_answer: bool = False
    mirror: str = ""
    ask_both: bool = False


class AnsweringVersions(NamedTuple):
    """The versions that served names stood for when they answered; None: nobody has said it, or a
    server is asked now."""

    baseline: ModelVersion | None = None
    candidate: ModelVersion | None = None


def study_text(sample: TrafficSample, parts: ShadowParts, versions: AnsweringVersions) -> str:
    """The study: production's recorded answers against a candidate that is asked now, or whose
    answers to mirrored copies are recorded."""
    return "\n".join(_study(sample, parts, versions)) + "\n"


def asking_text(
    sample: TrafficSample, parts: ShadowParts, versions: AnsweringVersions, kind: str
) -> str:
    """A study by which `evalhub record` asks the baseline; `kind` is AGAIN or SECOND."""
    return "\n".join(_asking(sample, parts, versions, kind)) + "\n"


def mirrored_build(model: str, version: ModelVersion | None) -> str:
    """What gave a mirror's answers: the ledger knows by it that both were asked at one time."""
    return MIRRORED_BUILD + served_build(model, version)


def answers_of(test_set: str) -> str:
    """The name of the file into which `evalhub record` writes the baseline's answers."""
    return f"{BASELINE}.{test_set}.jsonl"


def candidate_answers(test_set: str) -> str:
    """The name of the file of the answers to mirrored copies."""
    return f"{CANDIDATE}.{test_set}.jsonl"


def _head(sample: TrafficSample, name: str) -> Iterator[str]:
    yield "schema: evalhub.study/1"
    yield f"project: {_quote(sample.version.test_set.project.slug)}"
    yield f"name: {_quote(name)}"
    yield f"baseline: {BASELINE}"
    yield f"candidate: {CANDIDATE}"
    yield ""
    yield "arms:"


def _study(sample: TrafficSample, parts: ShadowParts, versions: AnsweringVersions) -> Iterator[str]:
    version = sample.version
    yield "# Made by `evalhub study init --from-traffic`. A shadow study: nobody is exposed."
    yield f"# {version}: {version.item_count:,} items, drawn from {sample.requests:,} requests."
    yield "# It ships if people prefer the candidate and no form of its answers is shown to lose."
    yield "# Say now what else must hold: a change after a look is held against the candidate."
    yield from _head(sample, parts.name or f"Shadow of {sample.model_name} on {version}")
    yield from _baseline(sample, parts, versions.baseline)
    if parts.second_answer:
        file = answers_of(f"{version.test_set.slug}-{SECOND}")
        yield f"    repeat: {{recorded: {file}}}   # how far it differs from itself"
    if parts.mirror:
        yield f"  {CANDIDATE}:   # answered mirrored copies of the same requests, at the same time"
        yield f"    kind: {_quote(parts.kind or (_kind(versions.candidate) or KINDS))}"
        yield f"    backend: {{recorded: {candidate_answers(version.test_set.slug)}}}"
        yield f"    build: {_quote(mirrored_build(parts.mirror, versions.candidate))}"
    else:
        yield f"  {CANDIDATE}:   # asked the same now; earlier turns are the baseline's"
        yield from _live(parts.kind, parts.url, parts.model, parts.key_env)
        yield "    # budget: {tokens: 2000000}   what asking it may cost in all"
    yield from _test_set(sample, version.test_set.slug)
    guards = ", ".join(GUARDS)
    yield "    tier: supporting   # a loss that is shown holds; a ship waits for people alone"
    yield f"    form: {{guards: [{guards}]}}"
    yield "    # Where answers have a right form, let it decide too. Instead of role, metric, tier:"
    yield "    # role: primary"
    yield "    # metric: {name: json_valid, root: object}   or json_schema, tool_call_match"
    yield ""
    yield "policy:"
    yield "  failures: worst   # an answer that failed scores the worst, of either arm"
    if parts.mirror or parts.ask_both:
        yield f"  # budgets: {{latency: {{max_ratio: 1.2, test_set: {version.test_set.slug}}}}}"
    else:
        yield "  # No budget of cost or latency: production's were measured under another load."
    yield ""
    yield "review:   # requests have no right answers: people compare, blind"
    yield f"  test_set: {_quote(version.test_set.slug)}"
    yield f"  items: {min(REVIEWED, version.item_count)}"
    yield "  required: true   # a ship waits for them: three people or more"
    yield "# pairwise: {by: JUDGE, …}   a judge beside them, once `evalhub judge-check` passes it"


def _baseline(
    sample: TrafficSample, parts: ShadowParts, version: ModelVersion | None
) -> Iterator[str]:
    if parts.ask_both:
        yield f"  {BASELINE}:   # asked anew, in turn with the candidate, by one runner"
        name = parts.baseline_model or sample.model_name
        yield from _live(_kind(version) or BASE, parts.baseline_url, name, parts.key_env)
        return
    yield f"  {BASELINE}:   # what production answered; its errors are its failures"
    yield f"    kind: {_kind(version) or BASE}"
    yield f"    backend: {{recorded: {answers_of(sample.version.test_set.slug)}}}"
    yield f"    build: {_quote(served_build(sample.model_name, version))}"


def _asking(
    sample: TrafficSample, parts: ShadowParts, versions: AnsweringVersions, kind: str
) -> Iterator[str]:
    of_baseline = _kind(versions.baseline) or BASE
    model = parts.baseline_model or sample.model_name
    yield f"# {WHY[kind]}"
    yield f"# `evalhub record {kind}.yaml --arm {BASELINE} --out .` asks."
    yield from _head(sample, f"{sample.version}: {kind}")
    yield f"  {BASELINE}:"
    yield from _live(of_baseline, parts.baseline_url, model, parts.key_env)
    yield f"  {CANDIDATE}:   # isn't asked here"
    yield f"    kind: {of_baseline}"
    yield "    backend: {recorded: none.jsonl}"
    yield from _test_set(sample, f"{sample.version.test_set.slug}-{kind}")


def _live(kind: str, url: str, model: str, key_env: str) -> Iterator[str]:
    key = f", key_env: {_quote(key_env)}" if key_env else ""
    address = url or f"{UNFILLED}the address of the model, ending in /v1"
    name = model or f"{UNFILLED}what the server calls the candidate"
    yield f"    kind: {_quote(kind or KINDS)}"
    yield "    backend:"
    yield f"      openai: {{url: {_quote(address)}, model: {_quote(name)}{key}}}"
    yield "    # Tools that an answer calls are never executed."


def _test_set(sample: TrafficSample, name: str) -> Iterator[str]:
    yield ""
    yield "test_sets:"
    yield f"  {_quote(name)}:"
    yield f"    file: {name}.jsonl"
    if sample.version.items.filter(weight__isnull=False).exists():
        yield "    fields: {weight: weight}   # requests of production that an item stands for"
    yield "    purpose: task"
    yield "    role: guard"
    yield "    metric: {name: refusal}"


def _kind(version: ModelVersion | None) -> str:
    """Its kind, or ""."""
    return version.kind if version else ""


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
