"""Reports of training files by REST: data that is validated, kept once and signed."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.registry.models import StoredDataReport
from tests.api.conftest import Program
from tests.cast import Team
from tests.features.data.reports import a_kept_report, a_report

pytestmark = pytest.mark.django_db
AT = "/data-reports"


def test_a_report_is_kept_once_and_read_again(program: Callable[..., Program]) -> None:
    eva, body = program(), a_report(("important",)).as_json()
    first = eva.post(AT, body)
    assert first.status_code == 201, first.content
    row = first.json()
    assert (row["file"], row["important"], row["signed"]) == ("train.jsonl", 1, None)
    assert first.headers["Location"] == row["url"]
    assert eva.post(AT, body).json() == row
    (listed,) = eva.get(AT).json()["results"]
    assert listed == row
    assert eva.get(f"{AT}/{row['id']}").json() == row | {"report": body}


def test_reports_of_one_file_are_found_by_its_content(
    team: Team, program: Callable[..., Program]
) -> None:
    report = a_kept_report(team, sha256="b" * 64)
    a_kept_report(team)
    eva = program()
    for query in ({"sha256": "b" * 64}, {"report": "bbbbbbbb"}, {"report": str(report.pk)}):
        (row,) = eva.get(AT, **query).json()["results"]
        assert row["id"] == report.pk


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "evalhub.data-report/9"}, "schema"),
        ({"sha256": "../../etc/passwd"}, "sha256"),
        ({"rows": 0}, "rows"),
        ({"file": "../train.jsonl"}, "file"),
        ({"score": 7}, "score"),
        ({"findings": [{"weight": "grave"}]}, "findings[0]"),
    ],
)
def test_what_is_no_report_is_refused_with_its_field(
    program: Callable[..., Program], change: dict[str, Any], field: str
) -> None:
    answer = program().post(AT, a_report().as_json() | change)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(field)
    assert not StoredDataReport.objects.exists()


def test_a_body_beyond_the_limit_is_refused(program: Callable[..., Program]) -> None:
    body = a_report().as_json()
    body["tables"][0]["rows"] = [["x" * 1000, 1]] * 3500
    assert program().post(AT, body).status_code == 413


def test_a_report_is_signed_and_says_by_whom(team: Team, program: Callable[..., Program]) -> None:
    at = f"{AT}/{a_kept_report(team).pk}"
    eva = program()
    signed = eva.post(f"{at}/sign-offs", {"verdict": "accepted", "reason": "Read it."})
    assert signed.status_code == 201, signed.content
    assert signed.json()["by"] == team.eva.pk
    assert eva.get(f"{at}/sign-offs").json()["results"] == [signed.json()]
    assert eva.get(at).json()["signed"] == signed.json()


def test_an_older_report_of_the_file_is_a_conflict(
    team: Team, program: Callable[..., Program]
) -> None:
    older = a_kept_report(team)
    a_kept_report(team, ("serious",))
    body = {"verdict": "accepted", "reason": "Read it."}
    answer = program().post(f"{AT}/{older.pk}/sign-offs", body)
    assert (answer.status_code, "followed by" in answer.json()["detail"]) == (409, True)


def test_scopes_keep_and_sign_apart(team: Team, program: Callable[..., Program]) -> None:
    at = f"{AT}/{a_kept_report(team).pk}/sign-offs"
    reader, ingester = program("read"), program("read", "ingest")
    body = {"verdict": "accepted", "reason": "Read it."}
    assert reader.post(AT, a_report().as_json()).status_code == 403
    assert ingester.post(AT, a_report().as_json()).status_code == 201
    assert ingester.post(at, body).status_code == 403


def test_of_another_project_nothing_is_to_be_seen(
    team: Team, program: Callable[..., Program]
) -> None:
    from tests.cast import a_team

    other = a_team("Other", "other")
    pk = a_kept_report(other).pk
    assert program().get(f"{AT}/{pk}").status_code == 404
