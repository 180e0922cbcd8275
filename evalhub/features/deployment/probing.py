"""Asks a server what a version answered before, to see whether it serves the evaluated model."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from evalhub.declare.declaration import validate
from evalhub.declare.keys import Reach
from evalhub.declare.sampling import Sampling
from evalhub.features.deployment.model_list import ModelEntry, check_model_list
from evalhub.features.deployment.models import Probe
from evalhub.features.deployment.served_model_check import (
    PROBES,
    TOLERANCE,
    ComparedAnswer,
    ProbedItem,
    ProbeFinding,
    compare_answers,
    otherwise,
)
from evalhub.features.deployment.server_config import (
    WITH_ADAPTER,
    ServeError,
    usual_base_name,
    usual_name,
)
from evalhub.registry.models import ModelVersion, Output, Run
from evalhub.registry.models.runs import RunState
from runners.backends import backend_of
from runners.backends.asking import BackendError, BackendRequest, Reply
from runners.backends.hf import USUAL_MOST_TOKENS, HfBackend
from runners.backends.openai import Client, OpenAIBackend
from runners.retrieval import with_contexts

LOOKED_AT = 16
"""Times as many items as probes are looked at for those that the base answers otherwise."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Where:
    """The server to ask, and the model's name there.

    Attributes:
        url, key_env: of the operator's own; or
        endpoint: an alias that they made.
        model: the name that the server has for the version; "" the one that `serve-config` gives.
        base: the name that it has for its base; "" what the version says.
    """

    url: str | None = None
    key_env: str | None = None
    endpoint: str | None = None
    model: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class ProbeMade:
    """A stored probe, with the texts that aren't stored: (item, stored answer, answer now)."""

    probe: Probe
    finding: ProbeFinding
    listed: ModelEntry
    changed: Sequence[tuple[str, str, str]]


def probe(
    *,
    version: ModelVersion,
    where: Where,
    reach: Reach,
    probes: int = PROBES,
    test_set: str | None = None,
    tolerance: float = TOLERANCE,
) -> ProbeMade:
    """Asks the server the items of the version's newest finished run, and stores the outcome.

    Each probe is asked twice, alone and among others, with the prompt and the sampling of the
    version.

    Args:
        test_set: take the run on this one.
        tolerance: of the distance of two log-probabilities of one answer (`sameness.distance`).

    Raises:
        ServeError: there is nothing to compare with.
        runners.backends.asking.BackendError: the server can't be used, or refuses.
        evalhub.declare.declaration.DeclarationError: an address, alias or variable that can't be.
    """
    run = _newest_run(version, test_set)
    outputs = _choose_outputs(version, run, probes)
    if not outputs:
        raise ServeError(f"{run} has no answers in words that could be compared", "VERSION")
    backend, sampling = _backend_and_sampling(version, where)
    questions, not_found = with_contexts([_question(each) for each in outputs], version, reach)
    if not_found:
        raise BackendError(not_found[0][1].error)
    alone = Client.of(
        backend.model_copy(update={"concurrency": 1}), version.prompt, sampling, reach
    )
    among = Client.of(
        backend.model_copy(update={"concurrency": AT_ONCE}), version.prompt, sampling, reach
    )
    first: dict[int, Reply] = {}
    for question in questions:  # one by one: no other request is in its batch
        first |= _answers(alone, [question])
    second = _answers(among, questions)
    parents = _of_parent(version, run, outputs)
    probed = [
        ProbedItem(
            key=output.item.key,
            kept=_from_output(output),
            first=_heard(first[output.item_id]),
            second=_heard(second[output.item_id]),
            parent=parents.get(output.item_id),
        )
        for output in outputs
        if first[output.item_id].text is not None and second[output.item_id].text is not None
    ]
    entry = check_model_list(
        among.models(),
        name=backend.model,
        bases=_bases(version, where),
        adapter=_has_adapter(version),
    )
    failed = len(outputs) - len(probed)
    finding = compare_answers(probed, failed=failed, listing_error=entry.wrong, tolerance=tolerance)
    report = asdict(replace(finding, why="")) | {
        "outcome": finding.outcome.value,
        "tolerance": tolerance,
        "parent": entry.parent,
        "note": entry.note,
        "errors": sorted({each.error for each in first.values() if each.text is None})[:3],
    }
    record = Probe.objects.create(
        version=version,
        run=run,
        address=backend.address,
        model=backend.model,
        outcome=finding.outcome.value,
        why=finding.why,
        report=report,
    )
    changed = [
        (probed_item.key, probed_item.kept.text, probed_item.first.text)
        for probed_item in probed
        if probed_item.key in finding.otherwise
    ]
    return ProbeMade(record, finding, entry, changed)


def _newest_run(version: ModelVersion, test_set: str | None) -> Run:
    runs = Run.objects.filter(
        version__digest=version.digest,
        version__model__project=version.model.project,
        state=RunState.DONE,
        repeat=0,
        source="",
        test_set_version__engine__isnull=True,
    )
    if test_set is not None:
        runs = runs.filter(test_set_version__test_set__slug=test_set)
    run: Run | None = runs.order_by("-finished", "-pk").first()
    if run is not None:
        return run
    on = f" on {test_set}" if test_set else ""
    raise ServeError(
        f"{version} has no finished run{on} in which it was asked item by item, so that there is "
        "nothing to compare with: `evalhub study run` makes one",
        "--test-set" if test_set else "VERSION",
    )


def _choose_outputs(version: ModelVersion, run: Run, probes: int) -> list[Output]:
    """Answers to probe with, always the same for a run: chosen by the items' digests, half of them
    where the base answers differently, if there are so many."""
    answered = Output.objects.filter(
        run=run, sample=0, text__isnull=False, text_sha256=None, choice_logprobs__isnull=True
    )
    digests = answered.order_by().values_list("pk", "item__digest")
    order = sorted(
        digests.iterator(chunk_size=5000),
        key=lambda row: hashlib.sha256(f"{version.digest}{row[1]}".encode()).digest(),
    )
    looked_at = [pk for pk, _ in order[: probes * LOOKED_AT]]
    outputs = {
        output.pk: output
        for output in Output.objects.filter(pk__in=looked_at).select_related("item")
    }
    rows = [outputs[pk] for pk in looked_at]
    parents = _of_parent(version, run, rows)
    telling = [
        row
        for row in rows
        if row.item_id in parents and otherwise(parents[row.item_id], _from_output(row))
    ]
    first = telling[: probes // 2]
    first_pks = {each.pk for each in first}
    return (first + [each for each in rows if each.pk not in first_pks])[:probes]


def _of_parent(
    version: ModelVersion, run: Run, rows: Sequence[Output]
) -> dict[int, ComparedAnswer]:
    """The answers of the version's base to the same items, by item key, asked with the same
    settings."""
    parent = version.parent
    if parent is None or parent.prompt != version.prompt or parent.sampling != version.sampling:
        return {}
    of_parent = Run.objects.filter(
        version__digest=parent.digest,
        version__model__project=version.model.project,
        test_set_version=run.test_set_version,
        state=RunState.DONE,
        repeat=0,
    )
    newest = of_parent.order_by("-finished", "-pk").first()
    if newest is None:
        return {}
    answers = Output.objects.filter(
        run=newest, sample=0, text__isnull=False, item__in=[each.item_id for each in rows]
    )
    return {each.item_id: _from_output(each) for each in answers}


def _backend_and_sampling(version: ModelVersion, where: Where) -> tuple[OpenAIBackend, Sampling]:
    """The backend and sampling to ask the server with, set as the version's own."""
    backend, sampling = backend_of(version), version.sampling
    address = {"url": where.url, "key_env": where.key_env, "endpoint": where.endpoint}
    if isinstance(backend, OpenAIBackend):
        declaration = backend.as_json() | address | {"model": where.model or backend.model}
        declaration |= {"adapter_of": None, "echo": False, "logprobs": True}
    elif isinstance(backend, HfBackend):
        declaration = address | {"model": where.model or usual_name(version), "api": backend.api}
        temperature = 0.0 if sampling.temperature is None else sampling.temperature
        most = sampling.max_tokens or USUAL_MOST_TOKENS
        sampling = sampling.model_copy(update={"temperature": temperature, "max_tokens": most})
    else:
        raise ServeError(
            f"{version} was evaluated on answers that came from elsewhere (backend "
            f"{backend.type}): how it was asked isn't known, so that a server can't be asked alike",
            "VERSION",
        )
    return validate(OpenAIBackend, declaration), sampling


def _question(row: Output) -> BackendRequest:
    item = row.item
    question = BackendRequest(item.pk, 0, item.input, item.context, None, item.tools)
    return replace(question, passages=row.passages)  # a server may find others by now


def _answers(client: Client, questions: Sequence[BackendRequest]) -> dict[int, Reply]:
    replies: dict[int, Reply] = {}
    with closing(client.answer(questions)) as batches:
        for batch in batches:
            replies |= {question.item_id: reply for question, reply in batch}
    return replies


def _from_output(row: Output) -> ComparedAnswer:
    return ComparedAnswer(row.text or "", row.tool_calls, row.logprob, row.completion_tokens)


def _heard(reply: Reply) -> ComparedAnswer:
    return ComparedAnswer(
        reply.text or "", reply.tool_calls, reply.logprob, reply.completion_tokens
    )


def _has_adapter(version: ModelVersion) -> bool:
    backend = version.backend
    declares_adapter = backend.get("adapter") is not None or backend.get("adapter_of") is not None
    return declares_adapter or version.kind in WITH_ADAPTER


def _bases(version: ModelVersion, where: Where) -> tuple[str, ...]:
    """Names by which a server may call the evaluated base model."""
    backend = backend_of(version)
    if where.base:
        return (where.base,)
    if isinstance(backend, HfBackend):
        return (usual_base_name(backend), backend.model)
    if isinstance(backend, OpenAIBackend) and backend.adapter_of is not None:
        return (backend.adapter_of,)
    return ()
