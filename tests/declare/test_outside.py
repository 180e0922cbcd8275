"""What a declaration names outside is found wherever it stands, also in one that is yet to come."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from evalhub.declare.declaration import Declaration, validate
from evalhub.declare.outside import Inert, Outside, OutsideError, check_from_web

type Script = Annotated[str, Outside("file")]
UPLOAD = "sha256:" + "a" * 64


class Step(Declaration):
    kind: Literal["step"] = "step"
    name: str = ""
    command: Annotated[tuple[str, ...], Outside("command")] | None = None
    alias: Annotated[str, Outside("alias")] | None = None


class Other(Declaration):
    kind: Literal["other"] = "other"
    rows: Script | tuple[Script, ...] = ()
    schema_: Annotated[dict[str, Any], Inert()] = Field({}, alias="schema")
    body: Any = None


class Tomorrow(Declaration):
    """Declarations of all shapes, one inside another."""

    steps: tuple[Step, ...] = ()
    named: dict[str, Step] = {}
    groups: dict[str, tuple[Step | Other, ...]] = {}
    nested: dict[str, dict[str, list[Other]]] = {}
    either: Annotated[Step | Other, Field(discriminator="kind")] | None = None
    files: dict[str, Script] = {}
    code: Annotated[str, Outside("code")] | None = None
    loose: list[Any] = []


def check(given: dict[str, Any]) -> None:
    check_from_web(validate(Tomorrow, given), uploaded={UPLOAD}, aliases={"support"})


RUN = {"kind": "step", "command": ["id"]}
READ = {"kind": "other", "rows": ["/etc/passwd"]}


@pytest.mark.parametrize(
    ("given", "place", "says"),
    [
        ({"steps": [{}, RUN]}, ("steps", 1, "command", 0), "is a command"),
        ({"named": {"a": RUN}}, ("named", "a", "command", 0), "is a command"),
        ({"groups": {"a": [RUN]}}, ("groups", "a", 0, "command", 0), "is a command"),
        ({"groups": {"a": [READ]}}, ("groups", "a", 0, "rows", 0), "names a file"),
        ({"nested": {"a": {"b": [READ]}}}, ("nested", "a", "b", 0, "rows", 0), "names a file"),
        ({"either": READ}, ("either", "rows", 0), "names a file"),
        ({"either": {"kind": "other", "rows": "x"}}, ("either", "rows"), "names a file"),
        (
            {"either": {"kind": "step", "alias": "mine"}},
            ("either", "alias"),
            "has made an endpoint",
        ),
        ({"files": {"a": UPLOAD, "b": "x"}}, ("files", "b"), "names a file"),
        ({"code": "import os"}, ("code",), "is code"),
        ({"loose": [{"a": {"include_path": 1}}]}, ("loose", 0, "a", "include_path"), "may point"),
        ({"loose": [["file:///x"]]}, ("loose", 0, 0), "may point"),
        ({"either": {"kind": "other", "body": {"Callback-URL": 1}}}, None, "may point"),
    ],
)
def test_it_is_found_and_refused(
    given: dict[str, Any], place: tuple[str | int, ...] | None, says: str
) -> None:
    with pytest.raises(OutsideError) as refused:
        check(given)
    assert says in refused.value.message
    assert place in (None, refused.value.place)


def test_what_names_nothing_uploads_and_aliases_passes() -> None:
    check(
        {
            "steps": [{"name": "/etc/passwd"}, {"alias": "support"}],
            "groups": {"a": [{"kind": "other", "rows": [UPLOAD, UPLOAD]}]},
            "files": {"path": UPLOAD},
            "either": {
                "kind": "other",
                "schema": {"properties": {"url": {}}},
                "body": {"a": [1, None, "x"]},
            },
            "loose": [1, "a text", {"rank": 8}],
        }
    )
