"""The folder of a shadow study: its file, its items, and production's answers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalhub.features.traffic.shadow.baseline import baseline_answers, baseline_version
from evalhub.features.traffic.shadow.mirror import JoinedBy
from evalhub.features.traffic.shadow.mirrored import mirrored_answers
from evalhub.features.traffic.shadow.study import (
    AGAIN,
    SECOND,
    AnsweringVersions,
    ShadowParts,
    answers_of,
    asking_text,
    candidate_answers,
    mirrored_build,
    study_text,
)
from evalhub.frames.command.outputs import whole
from evalhub.io.answers import RecordedAnswer, read_answers
from evalhub.io.rows import DataError
from evalhub.registry.item_rows import ItemRowsError, item_rows
from evalhub.registry.models import MIRRORED_BUILD, TrafficSample

STUDY = "study.yaml"
OPTION = "OUT"


@dataclass(frozen=True, slots=True)
class ShadowFolder:
    """What was written.

    Attributes:
        recorded: items with an answer that production gave.
        asked_again: items with an answer that the baseline gave when it was asked again.
        missing: items that the baseline still has to be asked again.
        unnamed: served names of which nobody has said which version they are.
    """

    path: Path
    items: int
    recorded: int
    asked_again: int
    missing: int
    unnamed: Sequence[str]


@dataclass(frozen=True, slots=True)
class MirroredFolder:
    """What was written of a mirrored study.

    Attributes:
        joined: pairs by what joined them.
        lost: items of which one arm's answer never came.
        without_texts: of these, copies that came, but whose texts the project doesn't keep.
        single_copies: mirrored calls that joined no item.
        unnamed: as of a `ShadowFolder`.
    """

    path: Path
    items: int
    joined: Mapping[JoinedBy, int]
    lost: int
    without_texts: int
    single_copies: int
    unnamed: Sequence[str]


def write_folder(folder: Path, sample: TrafficSample, parts: ShadowParts) -> ShadowFolder:
    """Write the study, its items and production's answers; a study file that is there stays.

    Where the baseline has to be asked again, a second study asks for just those items; once
    `evalhub record` has written its answers into the folder, writing again puts all together.

    Raises:
        evalhub.io.rows.DataError: a file can't be written, the answers can't be read, an item's
            text was redacted, or the folder has another study.
        DeclarationError: there are no mirrored calls.
    """
    answers, versions = baseline_answers(sample), AnsweringVersions(baseline_version(sample))
    slug, again = sample.version.test_set.slug, set(answers.again)
    lines = _items(folder, sample)
    _check_study(folder, sample, lines)
    _make(folder)
    _write(folder / f"{slug}.jsonl", lines)
    if again:
        asked = [line for line in lines if json.loads(line)["id"] in again]
        _write(folder / f"{slug}-{AGAIN}.jsonl", asked)
        _write_once(folder / f"{AGAIN}.yaml", asking_text(sample, parts, versions, AGAIN))
    if parts.second_answer:
        _write(folder / f"{slug}-{SECOND}.jsonl", lines)
        _write_once(folder / f"{SECOND}.yaml", asking_text(sample, parts, versions, SECOND))
    later = _answers_again(folder / answers_of(f"{slug}-{AGAIN}"), again)
    _write(folder / answers_of(slug), [*map(_line, answers.rows), *later.values()])
    _write_once(folder / STUDY, study_text(sample, parts, versions))
    missing = len(again - later.keys())
    unnamed = [] if versions.baseline else [sample.model_name]
    return ShadowFolder(folder, len(lines), len(answers.rows), len(later), missing, unnamed)


def write_both_asked(folder: Path, sample: TrafficSample, parts: ShadowParts) -> ShadowFolder:
    """As `write_folder`, without production's answers: one runner asks both arms. Raises as it."""
    lines = _items(folder, sample)
    _check_study(folder, sample, lines)
    _make(folder)
    _write(folder / f"{sample.version.test_set.slug}.jsonl", lines)
    versions = AnsweringVersions(baseline_version(sample))
    _write_once(folder / STUDY, study_text(sample, parts, versions))
    return ShadowFolder(folder, len(lines), recorded=0, asked_again=0, missing=0, unnamed=[])


def write_mirrored(folder: Path, sample: TrafficSample, parts: ShadowParts) -> MirroredFolder:
    """As `write_folder`, with the answers to mirrored copies as the candidate's. Raises as it."""
    answers = mirrored_answers(sample, parts.mirror)
    slug, lines = sample.version.test_set.slug, _items(folder, sample)
    build = mirrored_build(parts.mirror, answers.version)
    _check_study(folder, sample, lines, mirror_build=build)
    _make(folder)
    _write(folder / f"{slug}.jsonl", lines)
    _write(folder / answers_of(slug), map(_line, answers.baseline))
    _write(folder / candidate_answers(slug), map(_line, answers.candidate))
    versions = AnsweringVersions(baseline_version(sample), answers.version)
    _write_once(folder / STUDY, study_text(sample, parts, versions))
    names = zip((sample.model_name, parts.mirror), versions, strict=True)
    return MirroredFolder(
        folder,
        len(lines),
        answers.joined,
        answers.lost,
        answers.without_texts,
        answers.single_copies,
        unnamed=[name for name, version in names if version is None],
    )


def _items(folder: Path, sample: TrafficSample) -> list[str]:
    try:
        return list(item_rows(sample.version).lines())
    except ItemRowsError as error:
        raise DataError(f"{error}: draw another sample", file=str(folder)) from error


def _check_study(
    folder: Path, sample: TrafficSample, lines: Sequence[str], *, mirror_build: str = ""
) -> None:
    """Raises DataError where the folder's study, which stays, is one of other items or arms."""
    study, items = folder / STUDY, folder / f"{sample.version.test_set.slug}.jsonl"
    if not study.exists():
        return
    text = study.read_text(encoding="utf-8", errors="replace")
    same_items = items.exists() and items.read_text("utf-8", "replace") == "".join(lines)
    same_arms = mirror_build in text if mirror_build else MIRRORED_BUILD not in text
    if not (same_items and same_arms):
        raise DataError(
            f"holds another study than this one of {sample.version}: choose another folder",
            file=str(folder),
        )


def _answers_again(path: Path, wanted: set[str]) -> dict[str, str]:
    """By item's id, the line of its answer, of the items that are asked again."""
    if not wanted or not path.exists():
        return {}
    answers = read_answers(path)
    return {answer.item_id: _line(_row(answer)) for answer in answers if answer.item_id in wanted}


def _row(answer: RecordedAnswer) -> dict[str, object]:
    """An answer without latency and tokens, which production's haven't got either."""
    outcome = {"error": answer.error} if answer.error else {"output": answer.text}
    more = {
        "finish_reason": answer.finish_reason,
        "served_model": answer.served_model,
        "system_fingerprint": answer.fingerprint,
        "reasoning": answer.reasoning,
        "tool_calls": answer.tool_calls,
    }
    return {"id": answer.item_id, **outcome, **{name: each for name, each in more.items() if each}}


def _line(row: object) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"can't be written ({OPTION}): {error.strerror}", file=str(folder)
        ) from error


def _write(path: Path, lines: Iterable[str]) -> None:
    with whole(path, option=OPTION) as partial:
        partial.write_text("".join(lines), encoding="utf-8")


def _write_once(path: Path, text: str) -> None:
    """Somebody may have filled it in."""
    if not path.exists():
        _write(path, [text])
