"""After a user is erased no file of the home holds a word of theirs; all came by commands."""

import datetime
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.database.homes import evalhub

pytestmark = pytest.mark.heavy

OF = ("--project", "desk")
ADA_S = (3, 7)
ASKED, ANSWERED = "zanzibar liquorice", "quokka periwinkle"
REQUESTS = 24
NEEDS_MORE = 2
RUN = ("study", "run", "shadow/study.yaml")


def a_row(n: int, *, name: str = "r", **fields: Any) -> dict[str, Any]:
    """A request; Ada's have words of their own in the question and in the answer."""
    now, is_hers = datetime.datetime.now(datetime.UTC), n in ADA_S
    question = f"Where is parcel {n}?{f' {ASKED}' if is_hers else ''}"
    return {
        "id": f"{name}{n}",
        "time": (now - datetime.timedelta(minutes=5 * (REQUESTS - n))).isoformat(),
        "model": "small",
        "user": "ada" if is_hers else f"user-{n % 5}",
        "conversation": f"c{n}",
        "messages": [{"role": "user", "content": question}],
        "output": json.dumps({"answer": f"{n} {ANSWERED if is_hers else ''}"}),
    } | fields


def a_copy(n: int) -> dict[str, Any]:
    """The answer of the mirror to request n, which names no user."""
    output = json.dumps({"answer": f"new {n} {ANSWERED if n in ADA_S else ''}"})
    return a_row(n, name="m", model="small-lora", mirror_of=f"r{n}", user="", output=output)


def world(folder: Path) -> None:
    """Requests with mirrored copies and signals, a sample, a decided study, and an upload."""
    numbers = range(REQUESTS)
    copies = [a_copy(n) for n in numbers]
    long_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=45)
    old = a_row(7, name="old", time=long_ago.isoformat(), conversation="of-old")
    abouts = [{"request": "r3"}, {"conversation": "c7"}, {"conversation": "of-old"}]
    now = datetime.datetime.now(datetime.UTC).isoformat()
    signals = [
        {"id": f"s{n}", "time": now, "name": "edit", "text": f"No: {ASKED}!"} | about
        for n, about in enumerate(abouts)
    ]
    write(folder / "requests.ndjson", [*map(a_row, numbers), *copies, old])
    write(folder / "signals.ndjson", signals)
    command(folder, "user", "add", "olga", *OF, "--role", "owner")
    command(folder, "traffic", "settings", *OF, "--text-share", "1", "--text-days", "90")
    command(folder, "traffic", "import", "requests.ndjson", *OF)
    command(folder, "traffic", "import", "signals.ndjson", "--signals", *OF)
    command(folder, "traffic", "sample", *OF, "--since", "2d", "--n", str(REQUESTS))
    mirror = ("--mirror", "small-lora", "--kind", "lora")
    command(folder, "study", "init", "shadow", "--from-traffic", *OF, *mirror)
    study = folder / "shadow" / "study.yaml"
    text = study.read_text().replace("role: guard", "role: primary")
    text = re.sub(r" *tier: supporting .*\n", "", text)
    text = text.replace("{name: refusal}", "{name: json_valid, root: object}")
    study.write_text(text[: text.index("review:")])
    assert "Need more data" in command(folder, *RUN, code=NEEDS_MORE)


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def command(folder: Path, *words: str, code: int = 0) -> str:
    done = evalhub(*words, at=folder)
    assert done.returncode == code, (words, done.stdout + done.stderr)
    return done.stdout


def holders(folder: Path) -> list[str]:
    """The home's files in which a word of Ada's stands."""
    files = [path for path in (folder / "home").rglob("*") if path.is_file()]
    words = (ASKED.encode(), ANSWERED.encode())
    return [path.name for path in files if any(word in path.read_bytes() for word in words)]


def test_no_file_of_the_home_holds_an_erased_user_s_words(tmp_path: Path) -> None:
    world(tmp_path)
    assert holders(tmp_path) == ["evalhub.sqlite3"]
    erase = ("traffic", "erase", *OF, "--user-id", "ada")
    assert "5 requests, 5 texts, 3 signals, 2 items" in command(tmp_path, *erase, "--dry-run")
    assert holders(tmp_path) == ["evalhub.sqlite3"]
    command(tmp_path, *erase, "--yes")
    assert holders(tmp_path) == []
    assert "Nothing of this user is stored." in command(tmp_path, *erase, "--yes")
    # what was computed stands, and a study's folder brings nothing back
    command(tmp_path, *RUN, code=NEEDS_MORE)
    assert holders(tmp_path) == []
