"""The documents of this very version: read, laid out, searched."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGED = Path(__file__).parent / "pages"
_CHECKOUT = Path(__file__).parents[2]
# files outside of docs/ that documents link to
_BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md")


@dataclass(frozen=True, slots=True)
class SiteDocument:
    """A page in Markdown. `name` is its path below docs/: decisions/ledger.md."""

    name: str
    text: str

    @property
    def title(self) -> str:
        return self.text.lstrip().splitlines()[0].lstrip("# ")


@cache
def files() -> dict[str, Path]:
    """Every file of the documents, including pictures and schemas, by its path below docs/.

    A wheel has them in this package; a checkout has them where they are written.
    """
    top = _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT
    paths = {
        path.relative_to(top / "docs").as_posix(): path
        for path in sorted((top / "docs").rglob("*"))
        if path.is_file()
    }
    return paths | {name: top / name for name in _BESIDE}


@cache
def documents() -> dict[str, SiteDocument]:
    """Every page by its name, read once a process."""
    return {
        name: SiteDocument(name, path.read_text(encoding="utf-8"))
        for name, path in files().items()
        if path.suffix == ".md"
    }
