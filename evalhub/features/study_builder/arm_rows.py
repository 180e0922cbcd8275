"""The arms as the page shows them, and new arms from endpoints and from other arms."""

from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.declare.study import FINE_TUNED
from evalhub.features.study_builder.finishing import Coverage, FinishedStudy
from evalhub.features.study_builder.inputs import Choices, Input, Inputs
from evalhub.features.study_builder.question import StudyQuestion, with_context
from evalhub.features.study_builder.uploads import columns_of, kind_of
from evalhub.registry.models.versions import Kind
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.checks import BEST_UNTUNED

COPIES = {
    "prompted": "{} with another prompt",
    "few-shot": "{} with examples",
    "retrieval": "{} with documents to look in",
}
"""What a rival may be made of an arm that is asked, by the rival's kind."""
ASK = "ask:"
EXTRA_EXAMPLES = 1
USUAL_FIELDS = {"id", "output"}


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One arm: its inputs, where its answers come from, and how many items they cover.

    Attributes:
        alias: the endpoint that is asked; "" where a file answers.
        elsewhere: what answers where it is neither, as a study file may say.
        prompt: inputs of who is asked and with what; empty where a file answers.
        summary: what is around the item, in a few words.
    """

    name: str
    role: str
    kind: Input
    error: str
    alias: str = ""
    files: Sequence[str] = ()
    elsewhere: str = ""
    coverage: Coverage | None = None
    prompt: Sequence[Input] = ()
    examples: Sequence[Sequence[Input]] = ()
    more: Sequence[Input] = ()
    documents: str = ""
    columns: Sequence[Input] = ()
    summary: str = ""

    @property
    def has_flaws(self) -> bool:
        """Whether something within its fold is wrong."""
        inputs = [*self.prompt, *self.more, *self.columns]
        return any(
            each.error for each in [*inputs, *(each for pair in self.examples for each in pair)]
        )

    @property
    def path(self) -> str:
        return f"arms.{self.name}"


def arm_rows(
    question: StudyQuestion,
    finished: FinishedStudy,
    inputs: Inputs,
    aliases: Collection[str],
    uploads: Uploads,
) -> list[ArmRow]:
    """The arms in the order of the study file."""
    return [
        _row(name, arm, finished, inputs, aliases, uploads)
        for name, arm in question.arms.items()
        if isinstance(arm, dict)
    ]


def _row(
    name: str,
    arm: dict[str, Any],
    finished: FinishedStudy,
    inputs: Inputs,
    aliases: Collection[str],
    uploads: Uploads,
) -> ArmRow:
    path = f"arms.{name}"
    backend: dict[str, Any] = arm["backend"] if isinstance(arm.get("backend"), dict) else {}
    asked = backend["openai"] if isinstance(backend.get("openai"), dict) else None
    kind = inputs.select(f"{path}.kind", f"What {name} is", Kind.choices)
    role = _role(name, finished.document)
    error = inputs.error_within(path, but=_shown_paths(path))
    if asked is None:
        recorded = backend.get("recorded")
        files = list(recorded.values()) if isinstance(recorded, dict) else [recorded]
        named = [Path(str(each)).name for each in files if each]
        columns = columns_of(named[0], finished.files, uploads) if named else []
        choices = [("", "—"), *columns]
        elsewhere = next((each for each in backend if each != "recorded"), "")
        return ArmRow(
            name,
            role,
            kind,
            error,
            files=named,
            elsewhere=elsewhere if not named else "",
            coverage=finished.coverage.get(name),
            columns=[
                inputs.select(f"{path}.fields.id", "Field with the item’s id", choices),
                inputs.select(f"{path}.fields.output", "Field with the answer", choices),
            ]
            if "fields" in arm or (columns and not {each for each, _ in columns} >= USUAL_FIELDS)
            else (),
        )
    examples = (arm.get("prompt") or {}).get("examples") or []
    has_context = "{context}" in str((arm.get("prompt") or {}).get("template"))
    retriever = (arm.get("prompt") or {}).get("retriever") or {}
    return ArmRow(
        name,
        role,
        kind,
        error,
        alias=str(asked.get("endpoint") or ""),
        prompt=_prompt_inputs(path, inputs, aliases),
        examples=[
            _example_inputs(f"{path}.prompt.examples.{index}", index + 1, inputs, has_context)
            for index in range(len(examples) + EXTRA_EXAMPLES)
        ],
        more=_more_inputs(path, inputs, has_documents=bool(retriever)),
        documents=Path(str(retriever.get("documents", ""))).name,
        summary=_summary(arm),
    )


def _shown_paths(path: str) -> list[str]:
    """Fields of an arm whose inputs show their own errors."""
    names = ("kind", "backend.openai.endpoint", "backend.openai.model", "prompt", "sampling")
    return [f"{path}.{name}" for name in (*names, "price", "fields")]


def _prompt_inputs(path: str, inputs: Inputs, aliases: Collection[str]) -> list[Input]:
    choices = [("", "—"), *((alias, alias) for alias in aliases)]
    return [
        inputs.select(f"{path}.backend.openai.endpoint", "Endpoint", choices),
        inputs.text(f"{path}.backend.openai.model", "Model", "its name at that endpoint"),
        inputs.area(f"{path}.prompt.system", "System message"),
        inputs.area(
            f"{path}.prompt.template", "Around each item", "holds {input}, may hold {context}"
        ),
    ]


def _example_inputs(path: str, number: int, inputs: Inputs, has_context: bool) -> list[Input]:
    example = [
        inputs.area(f"{path}.input", f"Example {number}: asked"),
        inputs.area(f"{path}.output", "and answered"),
    ]
    return [
        *example,
        *([inputs.area(f"{path}.context", "with this context")] if has_context else []),
    ]


def _more_inputs(path: str, inputs: Inputs, *, has_documents: bool) -> list[Input]:
    per_million = "a million tokens"
    more = [
        inputs.number(f"{path}.sampling.temperature", "Temperature"),
        inputs.number(f"{path}.sampling.max_tokens", "Longest answer", "tokens"),
        inputs.number(f"{path}.price.prompt", "Price of prompts", per_million),
        inputs.number(f"{path}.price.completion", "Price of answers", per_million),
    ]
    if has_documents:
        more.append(
            inputs.number(f"{path}.prompt.retriever.k", "Documents an item is shown", usual=3)
        )
    return more


def _role(name: str, document: dict[str, Any]) -> str:
    if name == document.get("baseline"):
        return "runs now"
    if name == document.get("candidate"):
        return "candidate"
    return "rival"


def _summary(arm: dict[str, Any]) -> str:
    prompt = arm.get("prompt") or {}
    examples = len(prompt.get("examples") or [])
    parts = [
        "a prompt" if prompt.get("system") or prompt.get("template") else "",
        f"{examples} example{'s' if examples > 1 else ''}" if examples else "",
        "documents" if prompt.get("retriever") else "",
    ]
    return ", ".join(each for each in parts if each)


def new_arm_choices(question: StudyQuestion, aliases: Collection[str]) -> Choices:
    """What an arm can be made of: an endpoint, or an arm that is asked, with another prompt."""
    asked = [name for name, arm in question.arms.items() if _is_asked(arm)]
    return [
        *((f"{ASK}{alias}", f"ask {alias}") for alias in aliases),
        *((f"{kind}:{name}", text.format(name)) for name in asked for kind, text in COPIES.items()),
    ]


def add_arm(question: StudyQuestion, wanted: str, aliases: Collection[str]) -> str:
    """Adds the arm that is chosen of `new_arm_choices`. Returns its name, "" for no such choice."""
    if wanted not in dict(new_arm_choices(question, aliases)):
        return ""
    kind, _, of = wanted.partition(":")
    arms = question.document.setdefault("arms", {})
    if wanted.startswith(ASK):
        models = [_model(arm) for arm in arms.values() if _endpoint(arm) == of]
        name = question.free_name("arms", "base" if not arms else of)
        backend = {"openai": {"endpoint": of, "model": next(iter(models), "")}}
        arms[name] = {
            "kind": kind_of(name, is_first=not arms or _has_tuned(arms)),
            "backend": backend,
        }
        return name
    name = question.free_name("arms", kind)
    copied = deepcopy(arms[of]) | {"kind": kind}
    prompt = copied.setdefault("prompt", {})
    if kind == "retrieval":
        prompt.pop("examples", None)  # each would need documents of its own
        prompt["template"] = with_context(prompt.get("template"))
    arms[name] = {key: each for key, each in copied.items() if key not in ("parent", "training")}
    return name


def baseline_choices(question: StudyQuestion) -> Choices:
    """Whom the candidate has to beat: an arm, or the best of the untuned ones."""
    return [*((name, name) for name in question.arms), (BEST_UNTUNED, "the best untuned arm")]


def _has_tuned(arms: dict[str, Any]) -> bool:
    return any(isinstance(arm, dict) and arm.get("kind") in FINE_TUNED for arm in arms.values())


def _is_asked(arm: Any) -> bool:
    return bool(_endpoint(arm))


def _endpoint(arm: Any) -> str:
    return str(_openai(arm).get("endpoint") or "")


def _model(arm: Any) -> str:
    return str(_openai(arm).get("model") or "")


def _openai(arm: Any) -> dict[str, Any]:
    backend = arm.get("backend") if isinstance(arm, dict) else None
    openai = backend.get("openai") if isinstance(backend, dict) else None
    return openai if isinstance(openai, dict) else {}
