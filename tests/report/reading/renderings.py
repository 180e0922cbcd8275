"""Renderings as blocks of text, and what they say that the record doesn't."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from evalhub.declare.remedies import REMEDIES
from tests.report.reading.figures import (
    COMPARATIVE,
    MARKS,
    TAIL,
    Known,
    Record,
    Row,
    numbers_of,
    tail_is_so,
    tokens,
)

_STATIC = Path(__file__).resolve().parents[3] / "evalhub" / "report"


@cache
def _static_words() -> str:
    """What is written once for every record: how methods work, what words mean, and what is done
    about forgetting."""
    found: list[str] = []
    for path in (_STATIC / "methods" / "methods.yaml", *sorted(_STATIC.glob("words/*.yaml"))):
        found += _texts(yaml.safe_load(path.read_text(encoding="utf-8")))
    found += [remedy.sentence for remedy in REMEDIES]
    return " ".join(" ".join(found).split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


class _Blocks(HTMLParser):
    """The texts of an HTML page, by the elements that hold a line, a cell or an item; of pictures
    their titles and descriptions."""

    OPENS = frozenset(
        [
            "p",
            "li",
            "td",
            "th",
            "dd",
            "dt",
            "h1",
            "h2",
            "h3",
            "h4",
            "title",
            "desc",
            "summary",
            "figcaption",
            "caption",
        ]
    )
    SKIPS = frozenset(["style", "script", "nav", "footer"])

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.stack: list[str] = []
        self.text: list[str] = []
        self.tables: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.OPENS:
            self._flush()
        if tag not in ("meta", "link", "br", "img", "input", "line", "path", "circle", "rect"):
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.OPENS:
            self._flush()
        while self.stack and tag in self.stack:
            if self.stack.pop() == tag:
                break

    def handle_data(self, data: str) -> None:
        inside = set(self.stack)
        picture = "svg" in inside and not inside & {"title", "desc"}
        if not picture and not inside & self.SKIPS:
            self.text.append(data)

    def _flush(self) -> None:
        text = " ".join("".join(self.text).split())
        self.text = []
        if text:
            self.blocks.append(text)


def html_blocks(page: str) -> list[str]:
    reader = _Blocks()
    reader.feed(page)
    reader._flush()
    return reader.blocks


def markdown_blocks(text: str) -> list[str]:
    """Its lines and the cells of its tables, as a reader of the page has them."""
    found: list[str] = []
    for line in text.splitlines():
        plain = html.unescape(re.sub(r"</?(?:details|summary|code)>", " ", line))
        if line.startswith("|"):
            found += [cell.strip() for cell in re.split(r"(?<!\\)\|", plain)]
        else:
            found.append(re.sub(r"^(?:#+|-|>) ", "", plain).replace("**", "").strip())
    return [each for each in found if each]


def junit_blocks(document: bytes) -> list[str]:
    found: list[str] = []
    for element in ElementTree.fromstring(document).iter():
        found += [element.get("message") or "", *(element.text or "").splitlines()]
    return [each for each in found if each.strip()]


# Sentences of a rendering that the record doesn't hold, with what must be so of it.
PASSES = "It passes all that is asked."
"""What a study's page says next of a candidate that ships."""
TEMPLATES: list[str] = [
    r"It is critical: a ship waits until it holds\.",
    r"It is supporting: failing holds the candidate, doubt holds nothing\.",
    r"It is advisory: it is reported and decides nothing\.",
    r"It is one of \d+ primaries, .*",
    r"It is open whatever its interval: nothing on these items could show a loss beyond what may "
    r"be lost\.",
    r"(?:Upper|Lower) end, to (?:pass|fail): one-sided α = \S+.*",
    r"Harm: p [=<] \S+ .*",
    r"Being advisory, it holds nothing back\.",
    r"Dot: difference, positive where the candidate is better\..*",
    r"Today’s [\d,]+ show .* or more with a chance of 80%, if differences deviate as they did\.",
    r"A design effect of \S+: these .*",
    r"(?:criterion|requires|Requires|Won.*|Lost|won/lost/tied)",
    r"below \S+%", r"may lose \S+", r"must gain(?: over \S+)?", r"over 0\.\d+ of people",
    r"With one answer an item nobody can tell .*", r"It is decided: nothing more is needed\.",
    r"fails, and is advisory: ?", r"Nothing is open: both arms are one here\.",
    r"Interval: (?:lower|upper) end at .*", r"\d+ \S+(?: or \S+)? criteria "
    r"(?:hold|don’t fail: [^,]*, \d+ open)"
    r"(?:, as the table says; --json gives \d+ reasons? more)?",
    r".* of the baseline’s .*, where it must stay below \S+",
    r"The chance to show it at the level of the next look.*",
    r"(?:⏳ )?Need more data(?: \(exit code 2\))?:?(?: tuned against base\.?(?: · Evalhub)?)?",
    r"of the baseline’s [a-z]+, (?:none|\S+ to \S+), where it must stay below \S+",
    # a verdict card's line: criteria that came out alike, and what was asked of them
    r"(?:[^,]+ [+−]?\d\S*(?:, )?)+(?: and \d+ more)? "
    r"(?:below \S+%|may lose \S+|must gain(?: over \S+)?)(?: each)?",
    r"[^,]+ (?:below \S+%|may lose \S+|must gain(?: over \S+)?)(?:, own scale)?(?: \w+)?",
    r"Read the \d+ answers? that it lost on [^,]+, then train again\.",
]  # fmt: skip
TEMPLATE = re.compile("|".join(f"(?:{each})" for each in TEMPLATES))


RULE = re.compile(
    r"It holds with its whole interval (?P<side>above|below) (?P<bound>\S+?)"
    r"(?: of the baseline)?, fails with all of it (?P<other>above|below), and is open between\."
)
SPOKEN = re.compile(
    r"(?P<name>[^:]+): .*?"
    r"(?:, must stay (?P<side>above|below) (?P<bound>\S+)(?: of the baseline)?)?"
    r": (?P<status>holds|fails|open)(?: \(own scale, \S+ to \S+\))?"
)
STATUSES = {"holds": "pass", "fails": "fail", "open": "open"}


def _as_drawn(row: Row, match: re.Match[str]) -> bool:
    """That the row's bound lies there, on that side, and its status is what is said."""
    said = match.groupdict()
    if "status" in said and (row["name"], row["status"]) != (
        said["name"].rpartition(", ")[2], STATUSES[said["status"]]
    ):  # fmt: skip
        return False
    if said["side"] is None:
        return True
    stays_low = row["factor"] is not None and not row["higher_is_better"]
    bound = row["bound"] if row["factor"] is None else row["factor"]
    fits = said["side"] == ("below" if stays_low else "above") and said.get("other") != said["side"]
    return fits and all(token.is_of(bound) for token in tokens(said["bound"]))


def row_faults(cells: Sequence[str], row: Row) -> list[str]:
    """What isn't so of a table's row: base, candidate, difference or ratio, interval, counts."""
    base, candidate, middle, ends = cells[:4]
    ratio = row["ratio"] is not None
    names = ("ratio", "ratio_lower", "ratio_upper") if ratio else ("difference", "lower", "upper")
    at, low, high = (row[name] for name in names)
    told = [(base, [row["baseline"]]), (candidate, [row["candidate"]]), (middle, [at])]
    told.append((ends, [each for each in (low, high) if each is not None]))
    if len(cells) > 4:
        told.append((cells[4], [row["wins"], row["losses"], row["ties"]]))
    faults = []
    for text, due in told:
        seen = list(tokens(text.replace("×", "").replace("/", " ").replace(" to ", "  ")))
        if len(seen) != len(due) or not all(
            token.is_of(value) for token, value in zip(seen, due, strict=True)
        ):
            faults.append(f"{text!r} of {row['name']}, where {due} are due")
    return faults


class Teller:
    """Says what a rendering tells that one record doesn't: strange numbers, claims that nobody
    knows. Renderings of a record are alike in most of their blocks: each is read once."""

    def __init__(self, record: Record) -> None:
        rows = record["criteria"]
        self.record = record
        self.numbers = Known(numbers_of(record))
        own = [record["headline"], *record["reasons"], *(r["sentence"] for r in rows)]
        own += [r[name] for r in rows for name in ("needed_why", "method", "test")]
        own += [r["needed_why"].partition(": ")[0] for r in rows]
        self.asked = {f"{r['requires']}{tier}" for r in rows for tier in ("", f", {r['tier']}")}
        own += [reason[2:] for reason in record["reasons"] if reason[:1] in MARKS]
        for section in record.values():
            if isinstance(section, Mapping):
                own += section.get("sentences", [])
        own = sorted({" ".join(each.split()) for each in own if each}, key=len, reverse=True)
        self.own = [*own, *(each[:1].upper() + each[1:] for each in own)]
        self.read: dict[str, list[str]] = {}

    def faults(self, blocks: Sequence[str]) -> list[str]:
        found = []
        for block in without_curves(blocks):
            if block not in self.read:
                self.read[block] = self._faults_of(block)
            found += self.read[block]
        return found

    def _faults_of(self, block: str) -> list[str]:
        record, rows, faults = self.record, self.record["criteria"], []
        if (
            " ".join(block.split()).removeprefix("? ").removeprefix("Source: ").rstrip(".")
            in _static_words()
        ):
            return []
        if block in self.asked:
            return [f"{each} in {block!r}" for each in self.numbers.strange(block)]
        if strange := self.numbers.strange(_without_digests(block, record)):
            faults.append(f"{strange} in {block!r}")
        rest = " ".join(block.split())
        for sentence in self.own:
            rest = rest.replace(sentence, "")
        if tail := TAIL.fullmatch(re.sub(r"^[✓✗?] ?", "", block)):
            fine = any(tail_is_so(row, tail) for row in rows)
            return faults + ([] if fine else [f"{block!r} isn't so"])
        if (rule := RULE.fullmatch(rest)) or (rule := SPOKEN.fullmatch(block)):
            fine = any(_as_drawn(row, rule) for row in rows)
            return faults + ([] if fine else [f"{block!r} isn't so"])
        if rest == PASSES:
            return faults + ([] if record["verdict"] == "ship" else [f"{block!r} isn't so"])
        if COMPARATIVE.search(rest) and not (
            TEMPLATE.fullmatch(rest.strip(" ?✓✗·.")) or TEMPLATE.fullmatch(rest.strip())
        ):
            faults.append(f"no rule knows {rest!r}")
        return faults


def rendering_faults(blocks: Sequence[str], record: Record) -> list[str]:
    """What a rendering says that the record doesn't."""
    return Teller(record).faults(blocks)


def without_curves(blocks: Sequence[str]) -> Iterator[str]:
    """The blocks but for the points of a power's curve, which are those of a picture."""
    curve = False
    for before, block in zip(["", *blocks], blocks, strict=False):
        curve = (before, block) == ("Items", "Power") or (
            curve and bool(re.fullmatch(r"[\d,]+%?", block))
        )
        if not curve:
            yield block


def _without_digests(text: str, record: Record) -> str:
    text = re.sub(r"\b[0-9a-f]{12,64}(?:…|\b)", "", text)
    text = text.replace(f"Evalhub {record['code']['version']}", "")
    names = {row[name] for row in record["criteria"] for name in ("method", "test")}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    # Of a curve, and of what was planned at least the power: with few clusters the next number may
    # have much more.
    text = re.sub(r"(?<=items: )power \d+%|(?<=have a )power of \d+%", "", text)
    return re.sub(r"\(own scale, \S+ to \S+\)", "", text)
