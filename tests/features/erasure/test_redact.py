"""An item's text is taken out for good: no file of the home holds it, and all evidence stands."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evalhub.features.erasure.redact import redact as take_out
from evalhub.features.table import REDACTORS
from evalhub.registry.redaction import REDACTED
from tests.cast import a_run, a_team, a_test_set, a_version
from tests.database.homes import a_home, decisions, evalhub

WHY = "a customer's name"

pytestmark = pytest.mark.heavy


@pytest.fixture
def home(tmp_path: Path) -> Path:
    a_home(tmp_path)
    return tmp_path


def ask(home: Path, query: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database:
        return database.execute(query).fetchall()


def redact(home: Path, test_set: str, item: str, **more: str) -> tuple[int, str]:
    done = evalhub(
        "redact", test_set, item, "--project", "support-desk", "--reason", more.get("why", WHY),
        "--yes", at=home,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def an_item_of_the_review(home: Path) -> tuple[str, str, str, str]:
    """(test set, id, what it asks, an answer to it) of an item that people judged."""
    [(test_set, key, asked, answer), *_] = ask(
        home,
        "SELECT s.slug, i.key, i.input, o.text FROM reviews_pair p "
        "JOIN registry_item i ON i.id = p.item_id JOIN registry_output o ON o.id = "
        "p.candidate_output_id JOIN registry_testsetversion v ON v.id = i.version_id "
        "JOIN registry_testset s ON s.id = v.test_set_id "
        "WHERE (SELECT count(*) FROM registry_output x WHERE x.text = o.text) = 1 ORDER BY p.id",
    )
    return test_set, key, json.loads(asked)[-1]["content"], answer


def holders(home: Path, text: str) -> list[str]:
    """The home's files in which this text stands, as it is or as JSON has it."""
    spelled = {text.encode(), json.dumps(text)[1:-1].encode()}
    return [
        path.name
        for path in (home / "home").rglob("*")
        if path.is_file() and any(each in path.read_bytes() for each in spelled)
    ]


def test_no_file_of_the_home_holds_it_any_more(home: Path) -> None:
    test_set, key, asked, answer = an_item_of_the_review(home)
    [(project,)] = ask(home, "SELECT id FROM accounts_project WHERE slug = 'support-desk'")
    uploaded = home / "home" / "uploads" / str(project) / f"{'0' * 64}.jsonl"
    uploaded.parent.mkdir(parents=True)
    uploaded.write_text(json.dumps({"id": key, "input": asked}))
    assert uploaded.name in holders(home, asked[-60:])
    assert holders(home, answer)
    code, said = redact(home, test_set, key)
    assert code == 0, said
    assert holders(home, asked[-60:]) == []
    assert holders(home, answer) == []
    assert redact(home, test_set, key)[0] == 64


def test_digests_and_decisions_stand_and_say_so(home: Path) -> None:
    before = decisions(home)
    test_set, key, *_ = an_item_of_the_review(home)
    scores = ask(home, "SELECT sum(value), count(*) FROM registry_score")
    assert redact(home, test_set, key)[0] == 0
    assert decisions(home) == before
    assert ask(home, "SELECT sum(value), count(*) FROM registry_score") == scores
    [(record,)] = ask(home, "SELECT record FROM ledger_decision WHERE id = 3")
    (home / "decision.json").write_text(record)
    verified = evalhub("decision", "verify", "decision.json", "--home", "home", "--json", at=home)
    states = {
        (row["what"], row["test_set"]): row["state"] for row in json.loads(verified.stdout)["rows"]
    }
    assert states["items", test_set] == "redacted"
    assert states["scores of lora", test_set] == "matches"
    assert "differs" not in {state for (what, _), state in states.items() if what != "code"}


def test_a_change_beside_a_redaction_is_still_seen(home: Path) -> None:
    test_set, key, *_ = an_item_of_the_review(home)
    assert redact(home, test_set, key)[0] == 0
    with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database, database:
        database.execute(
            "UPDATE registry_item SET context = 'more' WHERE redacted IS NULL AND version_id IN "
            "(SELECT version_id FROM registry_redaction)"
        )
    [(record,)] = ask(home, "SELECT record FROM ledger_decision WHERE id = 3")
    (home / "decision.json").write_text(record)
    verified = evalhub("decision", "verify", "decision.json", "--home", "home", "--json", at=home)
    rows = json.loads(verified.stdout)["rows"]
    assert ("items", "differs") in {
        (row["what"], row["state"]) for row in rows if row["test_set"] == test_set
    }
    other = ask(home, "SELECT key FROM registry_item WHERE redacted IS NULL ORDER BY id")[0][0]
    code, said = redact(home, test_set, other)
    assert (code, "aren't what its digest says" in said) == (64, True), said


def test_what_redactions_lead_to_is_kept_by_the_database(home: Path) -> None:
    test_set, key, *_ = an_item_of_the_review(home)
    assert redact(home, test_set, key)[0] == 0
    with closing(sqlite3.connect(home / "home" / "evalhub.sqlite3")) as database:
        for statement in (
            "DELETE FROM registry_redaction",
            "UPDATE registry_redaction SET after = before",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                database.execute(statement)


@pytest.mark.parametrize(
    ("test_set", "item", "why", "words"),
    [
        ("none", "t-1", WHY, "has no item"),
        (None, "none", WHY, "has no item"),
        (None, None, " ", "say why"),
    ],
)
def test_what_can_t_be_redacted_is_named(
    home: Path, test_set: str | None, item: str | None, why: str, words: str
) -> None:
    its_set, key, *_ = an_item_of_the_review(home)
    code, said = redact(home, test_set or its_set, item or key, why=why)
    assert (code, words in said) == (64, True), said
    assert ask(home, "SELECT count(*) FROM registry_redaction") == [(0,)]


def test_its_review_still_is_what_was_sealed(home: Path) -> None:
    test_set, key, *_ = an_item_of_the_review(home)
    assert redact(home, test_set, key)[0] == 0
    audited = evalhub("review", "audit", "1", at=home)
    assert "The plan is the one that was sealed; so are all texts." in audited.stdout
    assert evalhub("review", "results", "1", at=home).returncode == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_model_thought_before_it_failed_goes_too() -> None:
    team = a_team()
    on = a_test_set(team, items=2)
    run = a_run(a_version(team), on, scores=[None, 1.0], answers=[None, "right"])
    run.outputs.filter(text=None).update(reasoning="the customer is called Ada")
    asked = {"project": team.project, "test_set": "questions", "reason": WHY, "by": None}
    done = take_out(item=on.items.get(position=0).key, redactors=REDACTORS, **asked)
    assert done.answers == 1
    [failed] = run.outputs.filter(text=None)
    assert (failed.error, failed.reasoning, failed.tool_calls) == (REDACTED, "", None)
