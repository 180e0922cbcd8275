"""A decision is signed on request; the file and a public key are all that is needed to check it."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evalhub.cli.app import run
from evalhub.decision.signature import (
    Signed,
    check_signature,
    key_digest,
    new_key,
    private_key,
    public_key,
    sign,
)
from evalhub.declare.declaration import DeclarationError
from evalhub.io.json_values import JsonError, parse_json
from tests.decision.recorded import HELD, SHIPPED

Capture = pytest.CaptureFixture[str]
PRIVATE, PUBLIC = new_key()
VERIFY = ["decision", "verify", "signed.json", "--key", "key.pub"]


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A ship and, beside it, a hold on another arm, in verdict.json; a key in key and key.pub."""
    monkeypatch.chdir(tmp_path)
    found = SHIPPED | {"others": [HELD], "changed_since": [], "readings": []}
    Path("verdict.json").write_text(json.dumps(found))
    assert run(["decision", "keygen", "key"]) == 0
    assert run(["decision", "attest", "verdict.json", "--key", "key", "--out", "signed.json"]) == 0
    return found


def test_a_signed_decision_is_the_decision_with_a_signature(
    document: dict[str, Any], capsys: Capture
) -> None:
    written = json.loads(Path("signed.json").read_text())
    assert {name: written[name] for name in document} == document
    (signature,) = written["signatures"]
    assert signature["key"] == key_digest(public_key(Path("key.pub").read_bytes()))
    assert run(VERIFY) == 0
    assert capsys.readouterr().out.startswith("verified: ship\n")
    assert run([*VERIFY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signature"] == "signed"


def test_the_private_key_is_its_owner_s_alone(document: dict[str, Any]) -> None:
    assert stat.S_IMODE(Path("key").stat().st_mode) == 0o600


@pytest.mark.parametrize("beside", ["others", "reasons"])
def test_whatever_is_changed_is_found(
    document: dict[str, Any], capsys: Capture, beside: str
) -> None:
    """The other arms' decisions too, and what the verdict doesn't rest on."""
    capsys.readouterr()
    written = json.loads(Path("signed.json").read_text())
    if beside == "others":
        del written["others"][0]
    else:
        written["policy"]["note"] = "all is well"
    Path("signed.json").write_text(json.dumps(written))
    assert run(VERIFY) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "signed.json: it was changed since it was signed" in printed.err


def test_another_key_and_none_are_said_as_such(document: dict[str, Any], capsys: Capture) -> None:
    Path("other.pub").write_bytes(PUBLIC)
    assert run([*VERIFY[:-1], "other.pub"]) == 65
    assert "it is signed, but not with this key" in capsys.readouterr().err
    assert run(["decision", "verify", "verdict.json", "--key", "key.pub"]) == 65
    assert "nobody has signed it" in capsys.readouterr().err


def test_two_may_sign_and_each_signs_once(document: dict[str, Any]) -> None:
    assert run(["decision", "keygen", "second"]) == 0
    for key, out in (("second", "both.json"), ("key", "signed.json")):
        source = "signed.json" if key == "second" else "both.json"
        assert run(["decision", "attest", source, "--key", key, "--out", out]) == 0
    assert len(json.loads(Path("signed.json").read_text())["signatures"]) == 2
    for key in ("key.pub", "second.pub"):
        assert run([*VERIFY[:-1], key]) == 0


def test_what_does_not_verify_is_not_signed(document: dict[str, Any], capsys: Capture) -> None:
    Path("verdict.json").write_text(json.dumps(document | {"headline": "All is well."}))
    asked = ["decision", "attest", "verdict.json", "--key", "key", "--out", "new.json"]
    assert run(asked) == 65
    assert "not signed, since it doesn't verify" in capsys.readouterr().err
    assert not Path("new.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["keygen", "key"], 65, "key: is there already"),
        (["verify", "signed.json", "--key", "key"], 65, "is a private key, which nobody else"),
        (["verify", "signed.json", "--key", "verdict.json"], 65, "isn't a public key in PEM"),
        (["verify", "signed.json", "--key", "nowhere"], 65, "nowhere: can't be read"),
        (["attest", "signed.json", "--key", "key.pub", "--out", "x"], 65, "isn't a private key"),
        (["attest", "signed.json", "--key", "key", "--out", "key"], 64, "key is what is read"),
    ],
)
def test_keys_that_are_none_are_refused(
    document: dict[str, Any], capsys: Capture, arguments: list[str], code: int, said: str
) -> None:
    before = Path("key").read_bytes()
    assert run(["decision", *arguments]) == code
    assert said in capsys.readouterr().err
    assert Path("key").read_bytes() == before


def test_verifying_needs_neither_a_home_nor_a_database(document: dict[str, Any]) -> None:
    code = (
        f"import sys; from evalhub.cli.app import run\ncode = run({VERIFY!r})\n"
        "sys.exit(code or (1 if {'django', 'celery'} & set(sys.modules) else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not Path(".evalhub").exists()


TEXT = json.dumps(sign(SHIPPED, private_key(PRIVATE)), ensure_ascii=False)


@settings(max_examples=80)
@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii", categories=["L", "N", "P"]))
def test_any_character_that_changes_a_value_is_found(at: int, instead: str) -> None:
    altered = TEXT[:at] + instead + TEXT[at + 1 :]
    assume(altered != TEXT)
    try:
        document = parse_json(altered)
        found = check_signature(document, public_key(PUBLIC))
    except (JsonError, DeclarationError):
        return
    assert found is not Signed.SIGNED or document == parse_json(TEXT)
