"""What a training file is compared with: questions of traffic, masked and open to all; a file's."""

import datetime
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evalhub.features.data.checks.represented import MOST_OF_USER
from evalhub.features.data.reference.file_reference import file_reference
from evalhub.features.data.reference.traffic_reference import traffic_reference
from evalhub.io.rows import DataError
from evalhub.ledger.decide import decide_study
from reviews.planning.campaign import close_campaign
from tests.cast import Team
from tests.features.monitoring.inputs.weeks import keeps_texts
from tests.features.traffic.rows_of import a_request, noon, taken
from tests.features.traffic.shadow.test_blindness import in_study


def asked(team: Team, key: str, text: str, **fields: Any) -> None:
    messages = ({"role": "user", "content": text},)
    taken(team.project, [a_request(key, messages=messages, output="Yes.", **fields)])


def questions(team: Team) -> set[str]:
    return {text.text for text in traffic_reference(team.project, days=7)}


@pytest.mark.django_db
def test_questions_of_traffic_are_masked_and_say_their_slices(team: Team) -> None:
    keeps_texts(team)
    asked(team, "one", "Where is the order of eva@example.org?", route="orders", tags=("vip",))
    (text,) = traffic_reference(team.project, days=7)
    assert "eva@example.org" not in text.text
    assert text.text.startswith("Where is the order of")
    assert text.slices == {"route": ("orders",), "tag": ("vip",)}


@pytest.mark.django_db
def test_several_questions_of_a_user_stand_for_all_of_theirs(team: Team) -> None:
    keeps_texts(team)
    for number in range(20):
        asked(team, f"often-{number}", f"Question {number} of one who asks often", user="often")
    asked(team, "once", "The question of one who asked once", user="once")
    texts = traffic_reference(team.project, days=7)
    weights = Counter[str]()
    for text in texts:
        weights[text.user] += text.weight
    assert sorted(weights.values()) == [1, 20]
    assert len(texts) == MOST_OF_USER + 1


@pytest.mark.django_db
def test_the_same_seed_draws_the_same_questions_and_another_one_others(team: Team) -> None:
    keeps_texts(team)
    for number in range(40):
        asked(team, f"often-{number}", f"Question {number} of one who asks often", user="often")
    first, again, other = (traffic_reference(team.project, days=7, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert {text.text for text in first} != {text.text for text in other}


@pytest.mark.django_db
def test_older_days_aren_t_drawn_from(team: Team) -> None:
    keeps_texts(team)
    asked(team, "now", "A question of yesterday")
    before = noon() - datetime.timedelta(days=20)
    asked(team, "before", "A question of three weeks ago", time=before)
    assert [text.text for text in traffic_reference(team.project, days=7)] == [
        "A question of yesterday"
    ]
    assert len(traffic_reference(team.project, days=30)) == 2


@pytest.mark.django_db
def test_nobody_is_shown_a_question_of_an_open_review_or_a_sealed_study(team: Team) -> None:
    study, review = in_study(team)
    assert questions(team) == {"c?"}
    close_campaign(campaign=review, by=team.olga)
    assert questions(team) == {"c?"}
    decide_study(study=study)
    assert questions(team) == {"a?", "b?", "c?"}


@pytest.mark.django_db
def test_without_a_stored_text_it_says_what_to_do(team: Team) -> None:
    with pytest.raises(DataError, match="no text of a request of the last 7 days is stored"):
        traffic_reference(team.project, days=7)


def a_file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "queries.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"text": "Where is my order?"},
        {"question": "Where is my order?"},
        {"id": "q1", "input": "Where is my order?", "reference": "In Bremen."},
        {"input": [{"role": "user", "content": "Where is my order?"}]},
        {"input": {"messages": [{"role": "user", "content": "Where is my order?"}]}},
        {"prompt": "Where is my order?", "completion": "In Bremen."},
        {"instruction": "Where is my order?", "output": "In Bremen."},
        {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hello"},
                {"role": "assistant", "content": "Hello!"},
                {"role": "user", "content": "Where is my order?"},
                {"role": "assistant", "content": "In Bremen."},
            ]
        },
        {"conversations": [{"from": "human", "value": "Where is my order?"}]},
    ],
    ids=lambda row: ", ".join(row),
)
def test_a_file_s_question_is_found_in_every_layout(tmp_path: Path, row: dict[str, Any]) -> None:
    (text,) = file_reference(a_file(tmp_path, row))
    assert text.text == "Where is my order?"
    assert (text.user, text.weight) == ("", 1)


def test_a_row_says_its_user_weight_and_slices(tmp_path: Path) -> None:
    row = {"text": "Where?", "user": 17, "weight": 2.5, "topic": "orders", "tags": ["language:de"]}
    (text,) = file_reference(a_file(tmp_path, row))
    assert (text.user, text.weight) == ("17", 2.5)
    assert text.slices == {"topic": ("orders",), "language": ("de",)}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"answer": "In Bremen."}, "line 2: no question; the row has answer, and one of messages"),
        ({"text": " "}, "line 2, field 'text': the question is empty"),
        ({"text": 5}, "line 2, field 'text': a question is a text, not 5"),
        ({"text": "Where?", "weight": 0}, "line 2, field 'weight': a weight is a number above 0"),
        ({"messages": []}, "line 2, field 'messages': the list of messages is empty"),
        (
            {"messages": [{"role": "assistant", "content": "Hello"}]},
            "line 2, field 'messages': no message is the user's",
        ),
        ({"messages": [5]}, "line 2, field 'messages[0]'"),
    ],
)
def test_a_flaw_is_named_with_its_line_and_field(
    tmp_path: Path, row: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as error:
        file_reference(a_file(tmp_path, {"text": "Where?"}, row))
    assert message in str(error.value)
