"""The common form of all tools' logs: arms, their tasks, items, answers and scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalhub.io.canonical import canonical_json, digest_of
from evalhub.io.rows import DataError

type Bounds = tuple[float, float]
type Input = str | list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One item of a task.

    Attributes:
        key: what pairs it with the other arm's: made of its content wherever the tool's own ids
            are a run's alone.
        fields: what else the log holds of it, for clusters and tags.
        cluster: not empty where the same item was asked under several keys.
        prompt: digest of what was sent for it; "" where the log doesn't say.
        has_own_id: the key is a name that somebody gave, so that it doesn't say what was asked.
        line: where it stands first.
    """

    key: str
    input: Input
    references: list[Any]
    fields: dict[str, Any] = field(default_factory=dict)
    cluster: str = ""
    prompt: str = ""
    has_own_id: bool = False
    line: int | None = None

    def put_otherwise(self, other: "AskedItem") -> bool:
        """Whether both logs state prompts and these differ."""
        return bool(self.prompt and other.prompt) and self.prompt != other.prompt

    def content(self) -> str:
        """Digest of what the key doesn't say: what is right, and of a name what is asked."""
        return digest_of([self.input if self.has_own_id else "", self.references])


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One answer to an item, as the tool scored it.

    Attributes:
        output: None where an `error` stands in its place, or the log has scores alone.
        scores: by metric; None where nothing was scored.
        line: where it stands in its file; None where the tool's own reader reads it.
    """

    key: str
    sample: int
    output: str | None
    scores: dict[str, float | None]
    error: str = ""
    line: int | None = None
    latency_ms: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ToolMetric:
    """A metric as the tool has it.

    Attributes:
        higher_is_better: None where the log doesn't say.
        bounds: the least and the most that one score can be; None where nothing is known.
        figure: the tool's own number over all items; None where the log holds none.
        otherwise: how the tool's number is made, where that isn't the mean over the items; such a
            number isn't compared with ours.
    """

    name: str
    higher_is_better: bool | None = True
    bounds: Bounds | None = None
    figure: float | None = None
    otherwise: str = ""

    def as_recorded(self) -> dict[str, Any]:
        """The options of Evalhub's metric `recorded` that take this one's scores."""
        options: dict[str, Any] = {"score": self.name}
        if self.higher_is_better is False:
            options["higher_is_better"] = False
        if self.bounds is not None:
            options["bounds"] = list(self.bounds)
        return options


@dataclass(slots=True)
class Task:
    """One arm's answers to the items of one task.

    Attributes:
        headline: the metric that the tool itself shows first; "" where it shows several alike.
        unusable: by a metric's name, why its scores can't be used.
    """

    name: str
    file: Path
    items: dict[str, AskedItem] = field(default_factory=dict)
    answers: list[GivenAnswer] = field(default_factory=list)
    metrics: dict[str, ToolMetric] = field(default_factory=dict)
    headline: str = ""
    unusable: dict[str, str] = field(default_factory=dict)

    def ask(self, item: AskedItem) -> None:
        """Takes an item, or finds that it is the one of this key. Raises DataError."""
        first = self.items.setdefault(item.key, item)
        if first is not item and first.content() != item.content():
            raise DataError(
                f"item {item.key!r} of {self.name} asks something else than on line {first.line}",
                file=str(self.file),
                line=item.line,
            )

    def mean(self, metric: str) -> float | None:
        """The mean over the items of each item's mean over its answers.

        None where an answer has no score, or there is none.
        """
        by_item: dict[str, list[float]] = {}
        for answer in self.answers:
            value = answer.scores.get(metric)
            if value is None:
                return None
            by_item.setdefault(answer.key, []).append(value)
        means = [sum(values) / len(values) for values in by_item.values()]
        return sum(means) / len(means) if means else None


@dataclass(slots=True)
class LoggedArm:
    """One model as a log has it.

    Attributes:
        settings: what else has to be alike in both arms, by what it is: versions of packages,
            options of scorers. A difference is told, and refuses nothing.
    """

    name: str
    file: Path
    tasks: dict[str, Task] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)


def keys_of(positions: Iterable[tuple[Any, str]]) -> dict[Any, tuple[str, str]]:
    """The item key and cluster of each position in a run, from the digests of its contents.

    The digest is the key. What stands in several places gets their order added, so that the k-th
    is paired with the k-th, and is one cluster: the same question twice isn't two.
    """
    by_digest: dict[str, list[Any]] = {}
    for position, digest in positions:
        by_digest.setdefault(digest, []).append(position)
    keys: dict[Any, tuple[str, str]] = {}
    for digest, all_places in by_digest.items():
        for number, position in enumerate(sorted(all_places)):
            several = len(all_places) > 1
            keys[position] = (f"{digest}-{number + 1}", digest) if several else (digest, "")
    return keys


def text_of(parts: Any) -> str:
    """An answer's text: what is text as it is, anything else as one spelling of its JSON."""
    if isinstance(parts, list) and len(parts) == 1:
        return text_of(parts[0])
    return parts if isinstance(parts, str) else digestible(parts)


def digestible(value: Any) -> str:
    """A JSON value as text, the same for equal values."""
    return canonical_json(value).decode()


def chat(value: Any) -> Input:
    """An input: chat messages of the roles that an item may have, or all of it as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(_is_message(message) for message in value):
        return [{"role": message["role"], "content": message["content"]} for message in value]
    return digestible(value)


def _is_message(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and value.get("role") in ("system", "user", "assistant")
        and isinstance(value.get("content"), str)
        and not value.keys() - {"role", "content"}
    )
