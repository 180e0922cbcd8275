"""Sources, licences and models that rows name."""

import pytest

from evalhub.features.data.checks.licences import licence_kind
from evalhub.features.data.checks.sources import CHECK
from tests.features.data.checks.rows_of import finding_with, result_of, row, titles


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MIT", "open"),
        ("Apache-2.0", "open"),
        ("apache 2.0", "open"),
        ("CC BY 4.0", "open"),
        ("cc0-1.0", "open"),
        ("BSD-3-Clause", "open"),
        ("Creative Commons Attribution 4.0", "open"),
        ("CC-BY-SA-3.0", "share-alike"),
        ("GPL-3.0-or-later", "share-alike"),
        ("CC-BY-NC-4.0", "non-commercial"),
        ("cc-by-nc-nd-4.0", "non-commercial"),
        ("Non-commercial research only", "non-commercial"),
        ("CC-BY-ND-4.0", "no-derivatives"),
        ("proprietary", "proprietary"),
        ("All rights reserved", "proprietary"),
        ("llama3.1", "own terms"),
        ("unknown", "unknown"),
        ("see website", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_licence_s_kind_follows_from_its_name(name: str, kind: str) -> None:
    assert licence_kind(name) == kind


def rows() -> list:
    fields = [
        *[{"source": "tickets", "license": "CC-BY-4.0"}] * 6,
        {"source": "forum", "license": "CC-BY-NC-4.0"},
        {"source": "gpt-4o", "license": "MIT"},
        {"meta": {"license": "who knows", "source": "forum"}, "model": "claude-sonnet-4"},
        {"url": "https://forum.shop.io/t/4711", "licence": "proprietary"},
        {"source": "tickets"},
        {},
    ]
    return [row(at, f"Question {at}?", "Answer.", fields=some) for at, some in enumerate(fields, 1)]


def test_what_rows_name_is_shown_by_share_and_judged_by_name() -> None:
    result = result_of(CHECK, rows())
    assert finding_with(result, "under a non-commercial licence").lines == (7,)
    assert finding_with(result, "under a proprietary licence").weight == "important"
    assert finding_with(result, "isn't known by its name").lines == (9,)
    assert finding_with(result, "of a model of OpenAI").lines == (8,)
    assert finding_with(result, "of a model of Anthropic").weight == "minor"
    assert finding_with(result, "without a licence").lines == (11, 12)
    assert finding_with(result, "without a source").lines == (12,)
    by_source = next(table for table in result.tables if table.columns[0] == "source")
    assert by_source.rows[0] == ("tickets", 7, 58.33)
    assert by_source.rows[-1] == ("(none)", 2, 16.67)
    by_url = next(table for table in result.tables if table.columns[0] == "url")
    assert by_url.rows[0][0] == "forum.shop.io"


def test_a_file_that_names_nothing_is_said_so() -> None:
    result = result_of(CHECK, [row(1, "Question?", "Answer.", fields={"id": 7})])
    assert titles(result) == []
    assert "No row names its source or its licence" in result.unchecked[0].reason


def test_a_file_of_open_licences_alone_has_no_finding() -> None:
    some = [row(at, "Q?", "A.", fields={"source": "s", "license": "MIT"}) for at in range(1, 9)]
    assert titles(result_of(CHECK, some)) == []
