"""By REST a metric of the home's own is named; nothing that comes so brings code or a command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Program
from tests.api.sums import HALF, ITEMS, RIGHT, study
from tests.api.test_studies import upload
from tests.runners.metrics.own import KEPT, a_home_with, written

Programs = Callable[..., Program]


def with_metric(**metric: Any) -> dict[str, Any]:
    document = study()
    for test_set in document["test_sets"].values():
        test_set["metric"] = metric
    return document


@pytest.mark.parametrize(
    "metric",
    [
        {"name": "words_kept", "run": ["sh", "-c", "touch x"]},
        {"name": "words_kept", "file": "/etc/passwd"},
        {"name": "words_kept", "code_sha256": "0" * 64},
        {"name": "/srv/house.py"},
        {"name": "command", "run": ["sh"]},
    ],
)
def test_what_brings_code_or_a_command_is_refused(
    program: Programs, tmp_path: Path, metric: dict[str, Any]
) -> None:
    caller = program()
    upload(caller, ITEMS, RIGHT, HALF)
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        refused = caller.post("/studies", with_metric(**metric))
    assert refused.status_code in (400, 422), refused.content
    assert b"metric" in refused.content


def test_one_of_the_home_s_own_is_named(program: Programs, tmp_path: Path) -> None:
    caller = program()
    upload(caller, ITEMS, RIGHT, HALF)
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        made = caller.post("/studies", with_metric(name="words_kept"))
    assert made.status_code == 202, made.content
