"""Texts that begin, end or are built alike, in a sample. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evalhub.declare.data_report import (
    MOST_EXAMPLES,
    MOST_LINES,
    DataFinding,
    Measure,
    ReportTable,
    Weight,
)
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck, example
from evalhub.features.data.checks.figures import percent
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import words_of

NAME = "templates"
ENDS = 5
"""Words of an opening and of a closing."""
LONG = 15
"""Words from which a text has an opening and a closing besides what it says."""
FEWEST = 5
"""Rows that must share an opening, a closing or a frame."""
FREQUENT = 0.02
"""Share of the texts that have a word which belongs to a frame; other words fill it."""
FEWEST_FRAME_WORDS = 5
SHARED = 0.10
MOSTLY = 0.30
"""Shares of answers with one opening or closing that are minor and important."""
FRAMED = 0.5
"""Share of prompts from frames from which it is a finding. All by our choice."""
GAP = "…"
_CHARACTERS = 2_000
_SHOWN = 5
_SHOWN_TEXT = 120


class _Side(NamedTuple):
    """One side of the rows: the rows with a word in their prompt, or in their answer."""

    part: str
    rows: Sequence[TrainingRow]

    def text(self, place: int) -> str:
        row = self.rows[place]
        return row.prompt if self.part == "prompt" else row.answer

    def words(self) -> Iterator[list[str]]:
        """The words of each row, read again each time: to hold them all takes too much memory."""
        return (words_of(_ends_of(self.text(place))) for place in range(len(self.rows)))


class _Shared(NamedTuple):
    """Texts (their places) that have an opening, a closing or a frame."""

    part: str
    kind: str
    pattern: str
    places: Sequence[int]
    share: float


def check_templates(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Openings and closings that many answers share, frames that prompts are filled into."""
    sides = [_side(rows, "prompt"), _side(rows, "answer")]
    ends = [shared for side in sides for shared in _ends(side)]
    frames = {side.part: _frames(side) for side in sides}
    findings = [
        _end_finding(sides[1], shared)
        for shared in ends
        if shared.part == "answer" and shared.share >= SHARED
    ]
    measures = []
    for side in sides:
        if not side.rows:
            continue
        framed = sum(len(frame.places) for frame in frames[side.part]) / len(side.rows)
        measures.append(_measure(side.part, framed, len(frames[side.part])))
    prompts = frames["prompt"]
    framed_places = sorted(place for frame in prompts for place in frame.places)
    if prompts and len(framed_places) >= FRAMED * len(sides[0].rows):
        findings.append(_frame_finding(sides[0], prompts, framed_places))
    shown = [*ends, *(frame for part in frames.values() for frame in part[:_SHOWN])]
    return CheckResult(findings=findings, measures=measures, tables=_tables(shown))


def _side(rows: Sequence[TrainingRow], part: str) -> _Side:
    everything = _Side(part, rows)
    places = [place for place, words in enumerate(everything.words()) if words]
    return _Side(part, [rows[place] for place in places])


def _ends_of(text: str) -> str:
    """The text, of a long one its beginning and its end."""
    half = _CHARACTERS // 2
    return text if len(text) <= _CHARACTERS else f"{text[:half]} {text[-half:]}"


def _ends(side: _Side) -> list[_Shared]:
    """The openings and closings that most of the longer texts share."""
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    longer = 0
    for place, words in enumerate(side.words()):
        if len(words) >= LONG:
            longer += 1
            places["opening", " ".join(words[:ENDS])].append(place)
            places["closing", " ".join(words[-ENDS:])].append(place)
    shared = [
        _Shared(side.part, kind, pattern, members, len(members) / longer)
        for (kind, pattern), members in places.items()
        if len(members) >= FEWEST
    ]
    shared.sort(key=lambda each: -each.share)
    return [
        each
        for kind in ("opening", "closing")
        for each in [of_kind for of_kind in shared if of_kind.kind == kind][:_SHOWN]
    ]


def _frames(side: _Side) -> list[_Shared]:
    """What is left of texts without their rare words, where several have the same left."""
    counts: Counter[str] = Counter()
    for words in side.words():
        counts.update(set(words))
    fewest = max(FEWEST, FREQUENT * len(side.rows))
    frequent = {word for word, count in counts.items() if count >= fewest and not word.isnumeric()}
    places: dict[str, list[int]] = defaultdict(list)
    gaps: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for place, words in enumerate(side.words()):
        frame, filled, kept = [], [], 0
        for word in words:
            if word in frequent:
                frame.append(word)
                kept += 1
            else:
                filled.append(word)
                if not frame or frame[-1] != GAP:
                    frame.append(GAP)
        if kept >= FEWEST_FRAME_WORDS:
            pattern = " ".join(frame)
            places[pattern].append(place)
            gaps[pattern].add(tuple(filled))
    frames = [
        _Shared(side.part, "frame", pattern, members, len(members) / len(side.rows))
        for pattern, members in places.items()
        # of copies the gaps are filled alike, and they are counted elsewhere
        if len(members) >= FEWEST and len(gaps[pattern]) > 1
    ]
    return sorted(frames, key=lambda frame: -frame.share)


def _end_finding(side: _Side, shared: _Shared) -> DataFinding:
    verb = "begin" if shared.kind == "opening" else "end"
    weight: Weight = "important" if shared.share >= MOSTLY else "minor"
    return DataFinding(
        check=NAME,
        topic="diversity",
        weight=weight,
        title=f"Longer answers that {verb} with the same words, “{shared.pattern}”: "
        f"{shared.share:.0%}",
        rows=len(shared.places),
        meaning=(
            "The model will say it to whatever it is asked: what many answers share is learnt "
            "first."
        ),
        advice="Keep it where it is wanted; else cut it, or vary it.",
        examples=tuple(
            example(side.rows[place], _end_of(side.text(place), shared.kind))
            for place in shared.places[:MOST_EXAMPLES]
        ),
        lines=tuple(side.rows[place].line for place in shared.places[:MOST_LINES]),
    )


def _end_of(text: str, kind: str) -> str:
    return text[:_SHOWN_TEXT] if kind == "opening" else text[-_SHOWN_TEXT:]


def _frame_finding(side: _Side, frames: Sequence[_Shared], places: Sequence[int]) -> DataFinding:
    share = len(places) / len(side.rows)
    number = len(frames)
    return DataFinding(
        check=NAME,
        topic="diversity",
        weight="minor",
        title=f"Prompts that fill the gaps of {number:,} frame{'' if number == 1 else 's'}: "
        f"{share:.0%}",
        rows=len(places),
        meaning=(
            "They look many and ask few things. A model learns the frame, and does worse where "
            "users put it in their own words."
        ),
        advice="Add prompts of real users, unless production sends this frame too.",
        examples=tuple(
            example(side.rows[frame.places[0]], side.text(frame.places[0]))
            for frame in frames[:MOST_EXAMPLES]
        ),
        lines=tuple(side.rows[place].line for place in places[:MOST_LINES]),
    )


def _measure(part: str, framed: float, frames: int) -> Measure:
    return Measure(
        check=NAME,
        topic="diversity",
        name=f"framed_{part}s",
        label=f"{part.capitalize()}s that fill the gaps of a frame",
        value=percent(framed),
        unit="%",
        note=f"{frames:,} frames of {FEWEST_FRAME_WORDS} words or more that {FEWEST} or more share",
    )


def _tables(shown: Sequence[_Shared]) -> list[ReportTable]:
    if not shown:
        return []
    return [
        ReportTable(
            check=NAME,
            topic="diversity",
            title="Openings, closings and frames that texts share",
            columns=("of", "kind", "words", "rows", "%"),
            rows=tuple(
                (
                    each.part,
                    each.kind,
                    each.pattern
                    if len(each.pattern) <= _SHOWN_TEXT
                    else f"{each.pattern[: _SHOWN_TEXT - 1]}…",
                    len(each.places),
                    percent(each.share),
                )
                for each in shown
            ),
            note=f"openings and closings of texts of {LONG} words or more",
        )
    ]


CHECK = DataCheck(name=NAME, topic="diversity", on_sample=check_templates)
