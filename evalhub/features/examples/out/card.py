"""A training file's data card: Markdown with a YAML head, as Hugging Face's dataset cards have."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from evalhub.registry.models import TrainingFileVersion

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
"""By number of rows below it, the size category that Hugging Face's cards say."""
LARGEST = "10M<n<100M"


def data_card(file: TrainingFileVersion) -> str:
    """The card of a file that went out, from what was kept of it."""
    head = yaml.safe_dump(_head(file), sort_keys=False, allow_unicode=True)
    return f"---\n{head}---\n\n{'\n'.join(_body(file))}\n"


def _head(file: TrainingFileVersion) -> dict[str, Any]:
    licences = sorted(each for each in file.card.get("licences", {}) if each != "not stated")
    return {
        "pretty_name": str(file),
        **({"license": licences[0] if len(licences) == 1 else licences} if licences else {}),
        "size_categories": [next((name for most, name in SIZES if file.rows < most), LARGEST)],
        "tags": ["evalhub", file.format],
        "configs": [{"config_name": "default", "data_files": f"{file.name}.jsonl"}],
    }


def _body(file: TrainingFileVersion) -> Iterator[str]:
    card = file.card
    yield f"# {file}"
    yield ""
    yield f"- Rows: {file.rows:,}, as {file.get_format_display()}"
    yield f"- SHA-256 of the file: `{file.sha256}`"
    yield f"- SHA-256 of its rows in any order: `{file.digest}`"
    yield f"- Went out: {file.created:%Y-%m-%d}"
    if file.left_out:
        yield f"- Left out: {_counts(file.left_out)}"
    if "queues" not in card:
        yield f"- Source: {card.get('source', 'not stated')}"
        return
    yield f"- Queues of examples: {', '.join(card['queues'])}"
    yield f"- People who accepted, edited or rejected: {card['people']}"
    yield f"- Edited: {_edited(card)}"
    for each in card["agreement"]:
        if each["same"] is not None and each["same"]["value"] is not None:
            yield (
                f"- Agreement in {each['queue']}: {_share(each['same'])} of {each['examples']:,} "
                "examples that two people answered"
            )
    yield f"- Personal data (rows, found by patterns): {_counts(card['personal_data'])}"
    for title, name in (("Sources", "sources"), ("Licences", "licences"), ("Models", "models")):
        yield ""
        yield f"## {title}"
        yield ""
        yield "| | rows | share |"
        yield "| --- | --- | --- |"
        total = sum(card[name].values())
        for value, count in _in_order(card[name]):
            yield f"| {_cell(value)} | {count:,} | {count / total:.1%} |"
        if not total:
            yield "| none | 0 | |"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in _in_order(counts))


def _in_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most first, then by name: PostgreSQL keeps no order of a JSON object's keys."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _edited(card: Mapping[str, Any]) -> str:
    edited = card["edited"]
    if edited["value"] is None:
        return "no row had a proposal"
    return f"{edited['count']:,} of {card['proposed']:,} proposals, {_share(edited)}"


def _share(value: Mapping[str, Any]) -> str:
    return f"{value['value']:.1%} [{value['lower']:.1%}, {value['upper']:.1%}]"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
