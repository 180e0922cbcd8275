"""A study that comes by web or REST names uploads by their digest and aliases, and nothing else."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalhub.declare.keys import Reach
from evalhub.io.rows import DataError
from evalhub.studies.file.origin import OperatorFile, UploadedStudy
from evalhub.studies.file.spec import StudySpec, read_study
from evalhub.studies.run.register import register_study

ROWS = b'{"id": "a", "input": "1 + 1", "reference": "2"}\n'
OUTPUT = b'{"id": "a", "output": "2"}\n'
SECRET = "/etc/passwd"


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def study() -> dict[str, Any]:
    """One that a pipeline may hand in: an endpoint that an operator made, and two uploads."""
    return {
        "schema": "evalhub.study/1",
        "project": "desk",
        "name": "Shall we?",
        "baseline": "base",
        "arms": {
            "base": {"kind": "base", "backend": {"recorded": digest(OUTPUT)}},
            "tuned": {
                "kind": "lora",
                "parent": "base",
                "backend": {
                    "openai": {
                        "endpoint": "support",
                        "model": "m",
                        "extra": {"chat_template_kwargs": {"enable_thinking": False}},
                    }
                },
                "training": {"method": "lora", "rank": 8, "target_modules": ["q_proj"]},
            },
        },
        "test_sets": {
            "sums": {
                "file": digest(ROWS),
                "role": "primary",
                "metric": {"name": "exact_match"},
            }
        },
    }


@pytest.fixture
def uploads(tmp_path: Path) -> UploadedStudy:
    files = {}
    for name, content in (("rows.jsonl", ROWS), ("answers.jsonl", OUTPUT)):
        (tmp_path / name).write_bytes(content)
        files[digest(content)] = tmp_path / name
    return UploadedStudy(files=files, aliases={"support"})


def read(folder: Path, document: Any, origin: UploadedStudy) -> StudySpec:
    path = folder / "study.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return read_study(path, origin)


def put(document: Any, at: str, value: Any) -> dict[str, Any]:
    *inner, last = at.split(".")
    here = document
    for part in inner:
        here = here.setdefault(part, {})
    here[last] = value
    return document  # type: ignore[no-any-return]


def test_uploads_and_aliases_are_read(tmp_path: Path, uploads: UploadedStudy) -> None:
    spec = read(tmp_path, study(), uploads)
    assert spec.file(spec.test_sets["sums"].file) == tmp_path / "rows.jsonl"
    assert spec.arms["base"].answers(spec.file, "sums") == tmp_path / "answers.jsonl"
    assert spec.reach == Reach()


@pytest.mark.django_db
def test_what_it_registers_may_reach_aliases_alone(tmp_path: Path, uploads: UploadedStudy) -> None:
    registered = register_study(read(tmp_path, study(), uploads))
    assert [arm.name for arm in registered.arms.all()] == ["base", "tuned"]
    reaches = {link.run.reach.operator for arm in registered.arms.all() for link in arm.runs.all()}
    assert reaches == {False}


UNKNOWN = "0" * 64
OPENAI = "arms.tuned.backend.openai"


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        ("test_sets.sums.file", SECRET, "names a file of this machine"),
        ("test_sets.sums.file", "rows.jsonl", "name what was uploaded, as sha256:DIGEST"),
        ("test_sets.sums.file", "../../../etc/passwd", "names a file of this machine"),
        ("test_sets.sums.file", f"sha256:{UNKNOWN}/../x", "names a file of this machine"),
        ("test_sets.sums.file", f"SHA256:{UNKNOWN}", "names a file of this machine"),
        ("test_sets.sums.file", f"sha256:{UNKNOWN}", "nothing with this digest was uploaded"),
        ("test_sets.sums.file", "https://example.org/x.jsonl", "names a file of this machine"),
        ("arms.base.backend", {"recorded": SECRET}, "names a file of this machine"),
        ("arms.base.backend", {"recorded": "{test_set}.jsonl"}, "names a file of this machine"),
        ("arms.base.repeat", {"recorded": SECRET}, "names a file of this machine"),
        ("arms.tuned.training.data", SECRET, "names a file of this machine"),
        ("arms.tuned.training.hashes", "~/.ssh/id_ed25519", "names a file of this machine"),
        (OPENAI, {"url": "http://127.0.0.1/v1", "model": "m"}, "is an address of its own"),
        (OPENAI, {"url": "https://api.openai.com/v1", "model": "m"}, "is an address of its own"),
        (OPENAI, {"url": "${MY_URL}", "model": "m"}, "is an address of its own"),
        (
            OPENAI,
            {"url": "https://api.openai.com/v1", "model": "m", "key_env": "OPENAI_API_KEY"},
            "is an address of its own",
        ),
        (f"{OPENAI}.endpoint", "other", "no operator has made an endpoint 'other'"),
        (f"{OPENAI}.extra.lora_path", "x", "may point outside the document"),
        (f"{OPENAI}.extra.include_path", "x", "may point outside the document"),
        (f"{OPENAI}.extra.trustRemoteCode", True, "may point outside the document"),
        (f"{OPENAI}.extra.nested", [{"deep": {"callback-url": "x"}}], "may point outside"),
        (f"{OPENAI}.extra.image", "http://169.254.169.254/latest", "may point outside"),
        (f"{OPENAI}.extra.template", [["file:///etc/passwd"]], "may point outside"),
        (f"{OPENAI}.extra.x", "${HOME}", "may point outside"),
        (f"{OPENAI}.extra.x", "\\\\server\\share", "may point outside"),
        ("arms.tuned.training.include_path", "x", "may point outside the document"),
        ("arms.tuned.training.command", "rm -rf", "may point outside the document"),
        ("arms.tuned.training.note", "../x", "may point outside the document"),
    ],
)
def test_whatever_else_it_names_is_refused_with_its_place(
    tmp_path: Path, uploads: UploadedStudy, at: str, value: Any, says: str
) -> None:
    with pytest.raises(DataError) as refused:
        read(tmp_path, put(study(), at, value), uploads)
    assert says in str(refused.value)
    assert (refused.value.field or "").startswith(".".join(at.split(".")[:3]))
    assert refused.value.line is not None


def test_an_operator_s_own_file_may_name_what_is_refused_there(tmp_path: Path) -> None:
    document = study()
    document["test_sets"]["sums"]["file"] = "rows.jsonl"
    put(document, f"{OPENAI}", {"url": "http://127.0.0.1:8000/v1", "model": "m"})
    put(document, f"{OPENAI}.extra", {"lora_path": "/models/r8"})
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    assert read_study(path, OperatorFile()).reach.operator


@pytest.mark.parametrize(
    "text",
    [
        "include_path: /etc/passwd\n",
        "command: [sh, -c, id]\n",
        "code: !!python/object/apply:os.system [id]\n",
        "x: !include /etc/passwd\n",
        "policy: {include: /etc/passwd}\n",
        "review: {test_set: sums, items: 1, file: /etc/passwd}\n",
    ],
)
def test_a_field_that_nobody_declared_is_no_way_out(
    tmp_path: Path, uploads: UploadedStudy, text: str
) -> None:
    with pytest.raises(DataError):
        read(tmp_path, yaml.safe_dump(study()) + text, uploads)


def test_an_alias_of_yaml_hides_nothing(tmp_path: Path, uploads: UploadedStudy) -> None:
    """What a note or a name says may stand anywhere in the file, by a YAML alias."""
    text = yaml.safe_dump(study())
    read(
        tmp_path, text.replace("name: Shall we?", "name: /etc/passwd"), uploads
    )  # a name is a name, whatever it looks like
    for field in (f"file: {digest(ROWS)}", f"recorded: {digest(OUTPUT)}", "endpoint: support"):
        assert field in text
        aliased = "name: &there /etc/passwd\n" + text.replace("name: Shall we?\n", "")
        with pytest.raises(DataError):
            read(tmp_path, aliased.replace(field, field.split(":")[0] + ": *there"), uploads)


def test_a_schema_may_speak_of_paths_and_fetches_nothing(
    tmp_path: Path, uploads: UploadedStudy
) -> None:
    """In a metric's JSON Schema, `url` is the name of a field of the answer."""
    asked = {"type": "object", "properties": {"url": {"type": "string"}}}
    document = put(study(), "test_sets.sums.metric", {"name": "json_schema", "schema": asked})
    assert read(tmp_path, document, uploads)
