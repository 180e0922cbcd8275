"""What runs told: each file by its digest, and the files that each heavy module used."""

import ast
import base64
import hashlib
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath

from tests.selection.noting import OF_ALL, OUTCOMES

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "selection" / "record.json"
PLAIN_TEST = re.compile(r"tests/(.*/)?test_[^/]*\.py")
UNREAD = (".md", ".png", ".svg", ".webp")
"""Documents and pictures that no heavy test has opened: the plain tests read them."""


@dataclass(frozen=True)
class Module:
    """A heavy test module: its seconds by kind (beside, paired, alone), and the files it used when
    it passed: none where it hasn't passed with the files that the record has."""

    seconds: Mapping[str, float]
    used: frozenset[str]


@dataclass(frozen=True)
class Record:
    """`files` are the digests when it was written."""

    files: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, Module] = field(default_factory=dict)


def tracked(root: Path = ROOT) -> dict[str, str]:
    """The digest of each file that git knows or would take, by its path. The record isn't one."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=root, check=True, capture_output=True, text=True).stdout
    paths = {name: root / name for name in names.split("\0") if name}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for name, path in sorted(paths.items())
        if path.is_file() and path != RECORD
    }


def read(path: Path = RECORD) -> Record:
    """An empty record, which selects everything, where there is none."""
    if not path.exists():
        return Record()
    content = json.loads(path.read_text())
    files = [*content["files"]]
    modules = {
        name: Module(row["seconds"], frozenset(_from_bits(row["used"], files)))
        for name, row in content["modules"].items()
    }
    return Record(content["files"], modules)


def write(record: Record, path: Path = RECORD) -> None:
    """One line a file and one a module, so that a change of the record is small."""
    files = [*record.files]
    modules = {
        name: {"seconds": module.seconds, "used": _bits(module.used, files)}
        for name, module in sorted(record.modules.items())
    }
    parts = []
    for key, rows in (("files", record.files), ("modules", modules)):
        lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items()]
        parts.append(f'"{key}": {{\n' + ",\n".join(lines) + "\n}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def from_notes(folder: Path, before: Record, root: Path = ROOT) -> Record:
    """The record `before` with the notes of a run of all modules, or of some of them.

    A module that wasn't run keeps what it used if that is as it was, and no file is new.
    """
    files = tracked(root)
    added = any(name not in before.files and matters(name) for name in files)
    changed = {name for name, digest in before.files.items() if files.get(name) != digest}
    modules = {
        name: replace(old, used=frozenset()) if added or old.used & changed else old
        for name, old in before.modules.items()
        if name in files
    } | _run(folder, files, root)
    read_by_some = frozenset().union(*(module.used for module in modules.values()))
    kept = {name: at for name, at in files.items() if name in read_by_some or matters(name)}
    return Record(kept, modules)


def _run(folder: Path, files: Mapping[str, str], root: Path) -> dict[str, Module]:
    """The modules of a run. Those of which a test failed, or none passed, used nothing."""
    seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    outcomes = defaultdict(set)
    for line in (folder / OUTCOMES).read_text().splitlines():
        module, kind, when, took, outcome = json.loads(line)
        seconds[module][kind] += took
        outcomes[module].add(outcome if when == "call" or outcome != "passed" else "")
    used: dict[str, set[str]] = defaultdict(set)
    for modules in _noted(folder):
        of_all = modules.pop(OF_ALL, set())
        for module, names in modules.items():
            used[module] |= {module} | names | of_all
    passed = {
        module: frozenset(with_imported(names | mirrored(module, files), root) & files.keys())
        for module, names in used.items()
        if "passed" in outcomes[module] and "failed" not in outcomes[module]
    }
    return {
        module: Module(
            {kind: round(took, 1) for kind, took in by_kind.items()},
            passed.get(module, frozenset()),
        )
        for module, by_kind in seconds.items()
    }


def _noted(folder: Path) -> Iterable[dict[str, set[str]]]:
    """The files that each module used, process by process."""
    by_process: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for notes in folder.glob("*~*"):
        process, _, module = notes.name.partition("~")
        by_process[process][module.replace("~", "/")] = set(notes.read_text().splitlines())
    return by_process.values()


def matters(name: str) -> bool:
    """Whether a file that no record knows may change what a heavy test does."""
    known_to_choose = PLAIN_TEST.fullmatch(name) or name.startswith("tests/selection/")
    return not known_to_choose and not name.endswith(UNREAD)


def mirrored(module: str, files: Iterable[str]) -> set[str]:
    """The code in the folder that the module's own mirrors.

    A process that starts with an environment of its own notes nothing.
    """
    folder = str(PurePosixPath(module).parent.relative_to("tests"))
    if folder in {".", "e2e"}:
        return set()
    return {name for name in files if name.startswith((f"evalhub/{folder}/", f"{folder}/"))}


def with_imported(names: Iterable[str], root: Path = ROOT) -> set[str]:
    """`names`, and what they import from the project: what holds constants alone runs nothing."""
    found = set(names)
    for name in names:
        if name.endswith(".py") and (root / name).is_file():
            found |= _imported(root, name)
    return found


@cache
def _imported(root: Path, name: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((root / name).read_bytes())):
        if isinstance(node, ast.Import):
            modules = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        else:
            continue
        for module in modules:
            at = PurePosixPath(module.replace(".", "/"))
            for path in (f"{at}.py", f"{at}/__init__.py"):
                if (root / path).is_file():
                    found.add(path)
    through = {each for each in found if each.endswith("/__init__.py") and each != name}
    return frozenset(found.union(*(_imported(root, each) for each in through)))


def _bits(names: Iterable[str], files: list[str]) -> str:
    places = {name: place for place, name in enumerate(files)}
    number = sum(1 << places[name] for name in names)
    return base64.b64encode(number.to_bytes(len(files) // 8 + 1, "little")).decode()


def _from_bits(bits: str, files: list[str]) -> Iterable[str]:
    number = int.from_bytes(base64.b64decode(bits), "little")
    return (name for place, name in enumerate(files) if number >> place & 1)
