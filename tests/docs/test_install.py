"""Nothing installs Evalhub by its bare name as long as nobody has registered it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BARE = re.compile(
    r"(?:install|inject|--with|uvx|--from)\b[^\n`]*?evalhub-gate(?:\[[\w,-]+\])?+(?! @)"
)
EXPLAINED = {
    "CHANGELOG.md",
    "docs/how-to/install.md",
    "docs/explanation/decisions/distribution-name.md",
}
"""Pages that say why it isn't done."""
BY_ORIGIN = {"evalhub/extras.py", "evalhub/cli/health.py"}
"""What came from an index may be named so again; and whoever replaced it is to be uninstalled."""


def test_pages_templates_and_messages_name_a_source() -> None:
    import evalhub
    import runners

    packages = [Path(str(each.__file__)).parent for each in (evalhub, runners)]
    files = {path: path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.md")}
    files |= {path: path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.*")}
    for package in packages:
        files |= {
            path: path.relative_to(package.parent).as_posix() for path in package.rglob("*.py")
        }
    text = {".md", ".yml", ".py"}
    bare = {
        name: BARE.findall(path.read_text("utf-8"))
        for path, name in files.items()
        if path.suffix in text and name not in EXPLAINED | BY_ORIGIN
    }
    assert {name: lines for name, lines in bare.items() if lines} == {}


def test_the_look_for_it_finds_it() -> None:
    for line in ("pip install evalhub-gate", "pip install 'evalhub-gate[hf]'", "uvx evalhub-gate"):
        assert BARE.search(line)
    assert not BARE.search('pip install "evalhub-gate[hf] @ $EVALHUB_SOURCE"')
