"""The sources and licences that rows name, and answers that a provider's model wrote. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from evalhub.decision.wording import count_text, join
from evalhub.declare.data_report import DataFinding, ReportTable, Unchecked, Weight
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, top_rows
from evalhub.features.data.checks.licences import LicenceKind, licence_kind
from evalhub.features.data.rows.training_rows import TrainingRow

NAME = "sources"
SOURCE_FIELDS = ("source", "sources", "dataset", "origin", "corpus", "provenance", "url")
LICENCE_FIELDS = ("license", "licence", "licenses", "licences", "license_name", "rights")
MODEL_FIELDS = ("model", "model_name", "generator", "generated_by", "teacher", "engine", "source")
_INSIDE = ("meta", "metadata", "info", "provenance")
"""Fields that hold such fields in their turn."""
MOST_VALUES = 5_000
SHOWN = 20
_CELL = 100

_PROVIDERS = (
    ("OpenAI", re.compile(r"\bgpt-?[345]|chatgpt|openai|davinci|\bo[134](?:-mini|-preview|$)")),
    ("Anthropic", re.compile(r"claude|anthropic")),
    ("Google", re.compile(r"gemini|\bbard\b|\bpalm-?2|text-bison")),
    ("xAI", re.compile(r"\bgrok\b")),
    ("Cohere", re.compile(r"\bcommand-[ra]\b|cohere")),
    ("Mistral AI", re.compile(r"mistral-(?:large|medium)")),
)
"""Providers of hosted models, by what their models are called; open weights are none of them."""

_LICENCES: dict[LicenceKind, tuple[Weight, str, str]] = {
    LicenceKind.NON_COMMERCIAL: (
        "important",
        "a non-commercial licence",
        "A model that earns money, trained on them, may break the licence.",
    ),
    LicenceKind.NO_DERIVATIVES: (
        "important",
        "a licence without derivatives",
        "Whether a trained model is a derivative is disputed; the licence may forbid it.",
    ),
    LicenceKind.PROPRIETARY: (
        "important",
        "a proprietary licence",
        "Somebody owns these texts and has allowed nothing by their licence's name.",
    ),
    LicenceKind.OWN_TERMS: (
        "minor",
        "a licence with terms of its own",
        "Its text says what is allowed, its name doesn't: often not to train other models.",
    ),
    LicenceKind.SHARE_ALIKE: (
        "minor",
        "a share-alike licence",
        "What is made of these texts may have to be given on under the same licence.",
    ),
    LicenceKind.UNKNOWN: (
        "minor",
        "a licence that isn't known by its name",
        "Nobody can tell from the file whether training on them is allowed.",
    ),
}


class SourceCounter:
    """Counts the values of fields that name a source, a licence or a model."""

    def __init__(self, settings: CheckSettings) -> None:
        self._rows = 0
        self._values: dict[str, Counter[str]] = {}
        self._licences = {kind: ConcernedRows() for kind in _LICENCES}
        self._without = {name: ConcernedRows() for name in ("licence", "source")}
        self._models: dict[str, ConcernedRows] = {}
        self._kinds: dict[str, LicenceKind] = {}

    def see(self, row: TrainingRow) -> None:
        self._rows += 1
        fields = dict(_named_fields(row)) if row.fields else {}
        self._count(row, fields, SOURCE_FIELDS, "source")
        if not self._count(row, fields, LICENCE_FIELDS, "licence"):
            return
        for name in LICENCE_FIELDS:
            if value := fields.get(name):
                kind = self._kinds.get(value) or licence_kind(value)
                if len(self._kinds) < MOST_VALUES:
                    self._kinds[value] = kind
                if kind in self._licences:
                    self._licences[kind].add(row, value)
                return

    def result(self) -> CheckResult:
        if not self._values:
            reason = (
                "No row names its source or its licence (fields such as source, dataset, url, "
                "license, model)."
            )
            return CheckResult(unchecked=(Unchecked(check=NAME, topic="licence", reason=reason),))
        return CheckResult(
            findings=[*self._by_licence(), *self._by_model(), *self._by_silence()],
            tables=[self._table(name, counts) for name, counts in sorted(self._values.items())],
        )

    def _count(
        self, row: TrainingRow, fields: dict[str, str], names: tuple[str, ...], what: str
    ) -> bool:
        """Counts the values of these fields; whether there is one."""
        any_value = False
        for name in names:
            if value := fields.get(name):
                any_value = True
                counts = self._values.setdefault(name, Counter())
                shown = _host(value) if name == "url" else value[:_CELL]
                counts[shown if shown in counts or len(counts) < MOST_VALUES else "(others)"] += 1
        if what == "source":
            self._count_model(row, fields)
        if not any_value:
            self._without[what].add_line(row.line)
        return any_value

    def _count_model(self, row: TrainingRow, fields: dict[str, str]) -> None:
        for name in MODEL_FIELDS:
            value = fields.get(name, "").lower()[:_CELL]
            provider = next((p for p, pattern in _PROVIDERS if value and pattern.search(value)), "")
            if name != "source" and value:
                counts = self._values.setdefault(name, Counter())
                counts[value if value in counts or len(counts) < MOST_VALUES else "(others)"] += 1
            if provider:
                self._models.setdefault(provider, ConcernedRows()).add(row, fields[name])
                return

    def _table(self, name: str, counts: Counter[str]) -> ReportTable:
        rows = [*top_rows([*counts.items()], self._rows, SHOWN)]
        without = self._rows - counts.total()
        if without:
            rows.append(("(none)", without, round(100 * without / self._rows, 2)))
        return ReportTable(
            check=NAME,
            topic="licence",
            title=f"Rows by their field {name}",
            columns=(name, "rows", "% of rows"),
            rows=tuple(rows),
            note=f"{len(counts):,} different values, the most frequent {SHOWN} are shown"
            if len(counts) > SHOWN
            else "",
        )

    def _by_licence(self) -> Iterator[DataFinding]:
        for kind, rows in self._licences.items():
            if rows.count:
                weight, name, meaning = _LICENCES[kind]
                yield rows.finding(
                    check=NAME,
                    topic="licence",
                    weight=weight,
                    title=f"{count_text(rows.count, 'row')} under {name}",
                    meaning=meaning,
                    advice="Read the licence, ask who knows it, and leave out what it forbids.",
                )

    def _by_model(self) -> Iterator[DataFinding]:
        for provider, rows in sorted(self._models.items()):
            yield rows.finding(
                check=NAME,
                topic="licence",
                weight="minor",
                title=f"{count_text(rows.count, 'answer')} of a model of {provider}, as the rows "
                "say",
                meaning="A provider's terms may forbid training another model on its answers.",
                advice="Read the terms as they were when the answers were made, and note it.",
            )

    def _by_silence(self) -> Iterator[DataFinding]:
        for what, rows in self._without.items():
            if 0 < rows.count < self._rows:
                names = LICENCE_FIELDS if what == "licence" else SOURCE_FIELDS
                fields = join([name for name in names if name in self._values])
                yield rows.finding(
                    check=NAME,
                    topic="licence",
                    weight="minor",
                    title=f"{count_text(rows.count, 'row')} without a {what}, where others name "
                    "one",
                    meaning="What nobody knows the origin of can't be taken out again when "
                    "somebody asks for it.",
                    advice=f"Fill in the field {fields} in these rows, or leave them out.",
                )


def _named_fields(row: TrainingRow) -> Iterator[tuple[str, str]]:
    """Names in small letters and texts of the row's fields, also of those inside its metadata."""
    for name, value in row.fields.items():
        lower = str(name).lower()
        if lower in _INSIDE and isinstance(value, dict):
            for inner, text in value.items():
                if isinstance(text, str) and text.strip():
                    yield str(inner).lower(), text.strip()
        elif isinstance(value, str) and value.strip():
            yield lower, value.strip()
        elif isinstance(value, list) and value and all(isinstance(part, str) for part in value):
            yield lower, ", ".join(value[:5])


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or url)[:_CELL]
    except ValueError:
        return url[:_CELL]


CHECK = DataCheck(name=NAME, topic="licence", on_all_rows=SourceCounter)
