"""Judgments as files: every row names its turn, its campaign and the sealed plan's hash.

Texts are as the models gave them, not as pages show them.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import batched
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from evalhub.io.tools import with_calls
from evalhub.registry.models import Item, Output
from reviews.models import RATED, Campaign, Pair, PairKind
from reviews.planning.stopping import SCORE
from reviews.results.judgment_data import JudgmentData, JudgmentRow, judgment_data
from reviews.results.reviewer_quality import too_fast

SCHEMA = pa.schema(
    [
        ("campaign", pa.int64()),
        ("plan_hash", pa.string()),
        ("assignment", pa.string()),
        ("kind", pa.string()),
        ("purpose", pa.string()),
        ("pair", pa.int64()),
        ("item", pa.string()),
        ("stratum", pa.string()),
        ("reviewer", pa.string()),
        ("turn", pa.int64()),
        ("left", pa.string()),
        ("choice", pa.string()),
        ("favours", pa.string()),
        ("much", pa.bool_()),
        ("answers", pa.string()),
        ("flags", pa.string()),
        ("rationale", pa.string()),
        ("seconds", pa.float64()),
        ("visible_seconds", pa.float64()),
        ("too_fast", pa.bool_()),
        ("revision", pa.int64()),
        ("answered", pa.string()),
    ]
)
COLUMNS = tuple(SCHEMA.names)
Ties = Literal["drop", "keep"]
_TEXT = ("item", "stratum", "reviewer", "rationale")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_AT_ONCE = 2000


def rows(campaign: Campaign, *, pseudonyms: bool = False) -> Iterator[dict[str, Any]]:
    """Every valid judgment, in the order of its time; `answers` and `flags` are JSON.

    `left` is the arm that stood on the left, `choice` what was said as presented, `favours` whom
    that favours; `too_fast` whether it came before both texts could be read. `answers` and `flags`
    name arms. With `pseudonyms` reviewers are r1, r2, …
    """
    data = judgment_data(campaign, rationales=True)
    names = _pseudonyms(data) if pseudonyms else data.reviewers
    for judgment in data.judgments:
        yield _row(campaign, judgment, names[judgment.reviewer])


def as_jsonl(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A line a record, in UTF-8 as it is."""
    for record in records:
        yield json.dumps(record, ensure_ascii=False) + "\n"


def as_csv(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Comma-separated with a header, quoted where needed.

    A text that a spreadsheet would take for a formula is given an apostrophe in front, the
    spreadsheets' own sign for text.
    """
    yield _csv_line(COLUMNS)
    for record in records:
        safe = {name: _harmless(record[name]) for name in _TEXT}
        yield _csv_line([(record | safe)[name] for name in COLUMNS])


def write_parquet(records: Iterable[dict[str, Any]], path: Path) -> None:
    """One file with SCHEMA's columns, written 2,000 rows at a time."""
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for part in batched(records, _AT_ONCE):
            writer.write_table(pa.Table.from_pylist(list(part), schema=SCHEMA))


def preferences(campaign: Campaign, *, ties: Ties = "drop") -> Iterator[dict[str, Any]]:
    """Preference pairs {prompt, chosen, rejected} for DPO and its kin: one a main pair.

    Chosen is what more of its judgments favour than the other answer, and than said a tie or both
    bad. Pairs without such a winner are left out; with ties="keep" they come with
    "tie": true and the candidate's answer first. `prompt` is the item's input: a text, or chat
    messages.
    """
    votes = _votes(campaign)
    for part in batched(votes, 500):
        pairs = Pair.objects.filter(campaign=campaign).in_bulk(part)
        items = Item.objects.in_bulk([each.item_id for each in pairs.values()])
        wanted = [
            pk
            for pair in pairs.values()
            for pk in (pair.baseline_output_id, pair.candidate_output_id)
            if pk is not None
        ]
        outputs = Output.objects.filter(pk__in=wanted).values_list("pk", "text", "tool_calls")
        texts = {
            pk: None if text is None else with_calls(text, calls) for pk, text, calls in outputs
        }
        for pk in part:
            counts, pair = votes[pk], pairs[pk]
            winner = _majority(counts)
            if winner is None and ties == "drop":
                continue
            item = items[pair.item_id]
            first, second = texts[pair.candidate_output_id or 0], texts[pair.baseline_output_id]
            if winner == "baseline":
                first, second = second, first
            yield {
                "prompt": item.input,
                "context": item.context,
                "chosen": first,
                "rejected": second,
                "tie": winner is None,
                "chosen_arm": winner,
                "votes": {name: counts[name] for name in SCORE},
                "item": item.key,
                "pair": pair.position,
                "campaign": campaign.pk,
                "plan_hash": campaign.plan_hash,
            }


def inspect_scores(campaign: Campaign) -> Iterator[dict[str, Any]]:
    """Scores of the candidate made elsewhere, in the form that Inspect takes: {id, value, …}.

    One line an item: the share of its judgments that the candidate won, ties being half; in a
    campaign of ratings the candidate's mean rating by dimension.
    """
    of_item: dict[str, list[JudgmentRow]] = defaultdict(list)
    rated = False
    for judgment in judgment_data(campaign).of():
        rated = rated or judgment.favours == RATED
        arm = judgment.pair.candidate_version or judgment.pair.baseline_version
        if arm == campaign.candidate_id:
            of_item[judgment.pair.item].append(judgment)
    for item, own in of_item.items():
        counts = Counter(each.favours for each in own)
        yield {
            "id": item,
            "value": _ratings(own) if rated else sum(SCORE[e.favours] for e in own) / len(own),
            "explanation": ", ".join(f"{n} {name}" for name, n in sorted(counts.items())),
            "metadata": {
                "campaign": campaign.pk,
                "plan_hash": campaign.plan_hash,
                "judgments": len(own),
                "assignments": [each.token for each in own],
            },
        }


def _row(campaign: Campaign, judgment: JudgmentRow, reviewer: str) -> dict[str, Any]:
    return {
        "campaign": campaign.pk,
        "plan_hash": campaign.plan_hash,
        "assignment": judgment.token,
        "kind": judgment.pair.kind,
        "purpose": judgment.purpose,
        "pair": judgment.pair.position,
        "item": judgment.pair.item,
        "stratum": judgment.pair.stratum,
        "reviewer": reviewer,
        "turn": judgment.turn,
        "left": "candidate" if judgment.candidate_side == "left" else "baseline",
        "choice": judgment.choice,
        "favours": judgment.favours,
        "much": judgment.much,
        "answers": _json(judgment.answers),
        "flags": _json(judgment.flags),
        "rationale": judgment.rationale,
        "seconds": judgment.seconds,
        "visible_seconds": judgment.visible_seconds,
        "too_fast": too_fast(judgment),
        "revision": judgment.revision,
        "answered": judgment.created,
    }


def _pseudonyms(data: JudgmentData) -> dict[int, str]:
    return {pk: f"r{i}" for i, pk in enumerate(data.reviewers, 1)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _csv_line(cells: Iterable[Any]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _votes(campaign: Campaign) -> dict[int, Counter[str]]:
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for judgment in judgment_data(campaign).of(kind=PairKind.MAIN):
        if judgment.favours != RATED:
            votes[judgment.pair.pk][judgment.favours] += 1
    return dict(sorted(votes.items(), key=lambda vote: vote[0]))


def _majority(counts: Counter[str]) -> str | None:
    ahead = counts["candidate"] - counts["baseline"]
    undecided = counts["tie"] + counts["both-bad"]
    winner = "candidate" if ahead > 0 else "baseline"
    return winner if ahead and counts[winner] > undecided else None


def _ratings(judgments: list[JudgmentRow]) -> dict[str, float]:
    values_by_name: dict[str, list[float]] = defaultdict(list)
    for judgment in judgments:
        for name, value in judgment.answers.items():
            values_by_name[name].append(float(value))
    return {name: sum(values) / len(values) for name, values in values_by_name.items()}
