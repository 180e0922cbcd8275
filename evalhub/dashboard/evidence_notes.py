"""What a decision rests on beside its criteria, in sentences: who paid, what is noise, what leaked.

Pure. Each part is there where the record has it; records from before have none of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.schemas.verdicts import Verdict
from evalhub.verdict.wording import signed


@dataclass(frozen=True, slots=True)
class EvidenceNote:
    """One part: its sentences, whether it is fine ("pass"), a warning or neither; its method."""

    title: str
    status: str
    method: str
    sentences: tuple[str, ...]


def evidence_notes(record: Mapping[str, Any]) -> list[EvidenceNote]:
    """The parts that the record has, in the order that matters."""
    parts = (
        ("leakage", _leakage),
        ("ledger", _ledger),
        ("noise_floor", _noise),
        ("baseline_choice", _baseline),
        ("extension", _extension),
    )
    return [part(section) for name, part in parts if (section := record.get(name))]


def _ledger(section: Mapping[str, Any]) -> EvidenceNote:
    sentences = [section["sentence"]]
    waiting = [
        f"{row['test_set']} (look {row['number']})"
        for row in section["test_sets"]
        if not row["counted"]
    ]
    if waiting:
        sentences.append(f"Counted without charge: {', '.join(waiting)}.")
    return EvidenceNote(
        "Test-set ledger", "undecided" if section["spent"] else "pass", "ledger", tuple(sentences)
    )


def _noise(section: Mapping[str, Any]) -> EvidenceNote:
    sameness = section.get("sameness") or {}
    status = {"differs": "pass", "no-op": "fail"}.get(sameness.get("state", ""), "undecided")
    sentences = [section["sentence"]] if section.get("sentence") else []
    sentences += [
        f"On {row['test_set']} a second run of the baseline differs from the first by "
        f"{signed(row['difference'])} [{signed(row['lower'])}, {signed(row['upper'])}], though "
        f"nothing changed; {row['differing']:.1%} of its answers read otherwise."
        for row in section["test_sets"]
    ]
    return EvidenceNote("Noise floor", status, "noise-floor", tuple(sentences))


def _leakage(section: Mapping[str, Any]) -> EvidenceNote:
    found = [row for row in section["test_sets"] if row["leaked"]]
    if not found:
        names = ", ".join(row["test_set"] for row in section["test_sets"])
        said = f"No item of {names} was found in the candidate’s training data."
        return EvidenceNote("Leakage", "pass", "leakage", (said,))
    agree = section["verdict_all"] == section["verdict_clean"]
    return EvidenceNote(
        "Leakage", "undecided" if agree else "fail", "leakage", tuple(_leaks(section))
    )


def _leaks(section: Mapping[str, Any]) -> Iterator[str]:
    for row in section["test_sets"]:
        kinds = ", ".join(f"{number:,} × {kind}" for kind, number in row["kinds"].items())
        yield (
            f"{row['leaked']:,} of {row['items']:,} items of {row['test_set']} were found in the "
            f"candidate’s training data{f': {kinds}' if kinds else ''}."
        )
    everything, clean = section["verdict_all"], section["verdict_clean"]
    if clean is None:
        yield "Nothing clean is left to judge."
    elif clean == everything:
        said = Verdict(everything).label.lower()
        yield f"With them and without them the verdict is the same: {said}."
    else:
        yield (
            f"With them the verdict would be {Verdict(everything).label.lower()}, "
            f"without them {Verdict(clean).label.lower()}."
        )
    touched = {row["test_set"] for row in section["test_sets"] if row["leaked"]}
    for row in section["clean"]:
        if row["name"] not in touched:
            continue
        yield (
            f"{row['name']} on the {row['n']:,} clean items: {signed(row['difference'])} "
            f"[{signed(row['lower'])}, {signed(row['upper'])}]."
        )


def _baseline(section: Mapping[str, Any]) -> EvidenceNote:
    sizes = "; ".join(
        f"{row['development']:,} items of {row['test_set']} chose, {row['judged']:,} were judged"
        for row in section["test_sets"]
    )
    scores = ", ".join(
        f"{arm['name']} {' / '.join(f'{score:,.3g}' for score in arm['scores'])}"
        for arm in section["arms"]
    )
    status = {"fine-tune": "pass", "don't-fine-tune": "fail"}.get(
        section.get("answer", ""), "undecided"
    )
    said = [section["sentence"]] if section.get("sentence") else []
    said += [f"{section['chosen']} is the best arm that isn’t fine-tuned: {scores}.", f"{sizes}."]
    return EvidenceNote("Fair baseline", status, "best-untuned", tuple(said))


def _extension(section: Mapping[str, Any]) -> EvidenceNote:
    said = tuple(row["sentence"] for row in section["test_sets"])
    return EvidenceNote("Extension", "pass", "extension", said)
