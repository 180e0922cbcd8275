"""The study file as far as it is written, and the page's inputs, which are named for its fields.

An input `t:arms.lora.kind` writes the field `arms.lora.kind`: there is no second description of
what a study may say. What an input writes is checked with the whole file, by its declaration. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from evalhub.declare.declaration import default_of
from evalhub.declare.policy import Demand
from evalhub.declare.roles import not_for
from evalhub.registry.slugs import slug_of
from evalhub.studies.web.bundle import file_fields

type Place = Sequence[str]
OPTIONAL = ("budget", "review", "pairwise", "judges", "suite", "policy")
IN_ARM = ("prompt", "sampling", "price", "fields", "training")
IN_TEST_SET = ("fields",)
LONGEST_LIST = 50
SLUG_LENGTH = 40


@dataclass(slots=True)
class StudyQuestion:
    """A study file that may be incomplete, without schema and project.

    Attributes:
        files: the digests of what was sent, by the names that the document uses.
    """

    document: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_text(cls, text: str) -> "StudyQuestion":
        """The question that a page or a draft holds as JSON; an empty one for anything else."""
        try:
            content = json.loads(text)
            document, files = content["document"], content["files"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return cls()
        if not isinstance(document, dict) or not isinstance(files, dict):
            return cls()
        return cls(document, {str(name): str(digest) for name, digest in files.items()})

    def as_text(self) -> str:
        return json.dumps({"document": self.document, "files": self.files}, ensure_ascii=False)

    @property
    def arms(self) -> dict[str, Any]:
        return _mapping(self.document, "arms")

    @property
    def test_sets(self) -> dict[str, Any]:
        return _mapping(self.document, "test_sets")

    @property
    def is_empty(self) -> bool:
        return not self.document and not self.files

    def free_name(self, part: str, wanted: str) -> str:
        """A name for a new arm or test set, like the wanted one."""
        existing = _mapping(self.document, part)
        name = slug_of(wanted, limit=SLUG_LENGTH) or part.rstrip("s")
        names = [name, *(f"{name}-{number}" for number in range(2, 1000))]
        return next(each for each in names if each not in existing)

    def add_file(self, name: str, digest: str) -> str:
        """Keeps a file under its name, or under one like it where another file has that name."""
        path = PurePosixPath(name.replace("{", "(").replace("}", ")"))
        stem, suffixes = path.name.split(".")[0] or "file", "".join(path.suffixes)
        stem = stem.replace("sha256:", "sha256-")
        names = [f"{stem}{suffixes}", *(f"{stem}-{n}{suffixes}" for n in range(2, 1000))]
        name = next(each for each in names if self.files.get(each, digest) == digest)
        self.files[name] = digest
        return name

    def remove(self, part: str, name: str) -> None:
        """Takes an arm or a test set out, with what names it."""
        _mapping(self.document, part).pop(name, None)
        if part == "arms":
            for role in ("baseline", "candidate"):
                if self.document.get(role) == name:
                    del self.document[role]
        for holder in ("review", "pairwise"):
            if part == "test_sets" and _mapping(self.document, holder).get("test_set") == name:
                del self.document[holder]["test_set"]
        for arm in self.arms.values():
            recorded = _mapping(_mapping(arm, "backend"), "recorded")
            if part == "test_sets":
                recorded.pop(name, None)
        self.drop_unused_files()

    def rename(self, part: str, name: str, wanted: str) -> None:
        """Gives an arm or a test set another name, everywhere; a taken name changes nothing."""
        existing = _mapping(self.document, part)
        if wanted == name or not wanted or name not in existing or wanted in existing:
            return
        renamed = {wanted if each == name else each: value for each, value in existing.items()}
        self.document[part] = renamed
        if part == "arms":
            for role in ("baseline", "candidate"):
                if self.document.get(role) == name:
                    self.document[role] = wanted
            for arm in self.arms.values():
                if isinstance(arm, dict) and arm.get("parent") == name:
                    arm["parent"] = wanted
            _rename_key(_mapping(_mapping(self.document, "ownership"), "serving"), name, wanted)
            return
        for holder in ("review", "pairwise"):
            if _mapping(self.document, holder).get("test_set") == name:
                self.document[holder]["test_set"] = wanted
        for arm in self.arms.values():
            _rename_key(_mapping(_mapping(arm, "backend"), "recorded"), name, wanted)
            only = arm.get("only") if isinstance(arm, dict) else None
            if isinstance(only, list):
                arm["only"] = [wanted if each == name else each for each in only]

    def drop_unused_files(self) -> None:
        """Forgets the files that the document doesn't name any more."""
        used: set[str] = set()
        for holder, key, _ in file_fields(self.document):
            named = holder[key].values() if isinstance(holder[key], dict) else [holder[key]]
            used |= {PurePosixPath(str(each)).name for each in named}
        if not any("{test_set}" in name for name in used):
            self.files = {name: each for name, each in self.files.items() if name in used}

    def write(self, posted: Mapping[str, str]) -> None:
        """Writes what the page's inputs say into the document."""
        for name, value in posted.items():
            kind, _, path = name.partition(":")
            if kind in READ and path:
                self._put(path.split("."), READ[kind](value))
        self._prune()
        for test_set in self.test_sets.values():
            _keep_to_role(test_set)

    def _put(self, path: Place, value: Any) -> None:
        holder: Any = self.document
        for part in path[:-1]:
            if value is None and not _has(holder, part):
                return
            holder = _child(holder, part, in_list=part == "examples")
            if holder is None:
                return
        if not isinstance(holder, dict):
            return
        if value is None:
            holder.pop(path[-1], None)
        else:
            holder[path[-1]] = value

    def _prune(self) -> None:
        """Takes out optional parts that hold nothing."""
        for arm in self.arms.values():
            prompt = _mapping(arm, "prompt")
            if isinstance(prompt.get("examples"), list):
                prompt["examples"] = [
                    {"input": "", "output": "", **each} for each in prompt["examples"] if each
                ]
            _drop_empty(prompt, "examples", "retriever")
            if isinstance(arm, dict):
                _drop_empty(arm, *IN_ARM)
            asked = _mapping(_mapping(arm, "backend"), "openai")
            if asked.get("endpoint"):
                asked.pop("url", None)
        for test_set in self.test_sets.values():
            if isinstance(test_set, dict):
                _drop_empty(test_set, *IN_TEST_SET)
        _drop_empty(self.document, *OPTIONAL)


def _keep_to_role(test_set: Any) -> None:
    """Takes out what a test set of another role would be asked."""
    if not isinstance(test_set, dict):
        return
    role = test_set.get("role")
    if role in ("primary", "guard", "development"):
        for name in [each for each in test_set if not_for(role, each)]:
            del test_set[name]
    if test_set.get("tier") == default_of(Demand, "tier"):
        del test_set["tier"]


def with_context(template: Any) -> str:
    """A prompt's template that has room for documents."""
    text = str(template or "{input}")
    return text if "{context}" in text else f"{{context}}\n\n{text}"


def _text(value: str) -> str | None:
    return value.replace("\r\n", "\n").strip() or None


def _number(value: str) -> int | float | str | None:
    """The number; a text that is none stays, to be named by the check of the file."""
    text = value.strip()
    try:
        return int(text) if text.lstrip("+-").isdecimal() and len(text) < 19 else float(text)
    except ValueError:
        return text or None


def _json(value: str) -> Any:
    try:
        return json.loads(value) if value.strip() else None
    except (ValueError, RecursionError):
        return value


READ = {
    "t": _text,
    "n": _number,
    "j": _json,
    "b": lambda value: True if value == "1" else None,
    "z": lambda value: value == "1",
}
"""By the first letter of an input's name: text, number, JSON, a tick (off: left out, or false)."""


def _mapping(holder: Any, key: str) -> dict[str, Any]:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def _rename_key(holder: dict[str, Any], name: str, wanted: str) -> None:
    if name in holder:
        holder[wanted] = holder.pop(name)


def _has(holder: Any, part: str) -> bool:
    if isinstance(holder, list):
        return part.isdecimal() and int(part) < len(holder)
    return isinstance(holder, dict) and part in holder


def _child(holder: Any, part: str, *, in_list: bool) -> Any:
    """What lies in the holder under this part, made where nothing does; None where it can't."""
    if isinstance(holder, list):
        if not part.isdecimal() or int(part) >= LONGEST_LIST:
            return None
        holder += [{} for _ in range(int(part) + 1 - len(holder))]
        return holder[int(part)]
    if not isinstance(holder, dict):
        return None
    if not isinstance(holder.get(part), list if in_list else dict):
        holder[part] = [] if in_list else {}
    return holder[part]


def _drop_empty(holder: dict[str, Any], *names: str) -> None:
    for name in names:
        if holder.get(name) in ({}, [], None):
            holder.pop(name, None)
