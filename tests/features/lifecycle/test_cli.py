"""`evalhub rollback`, `override`, `retire`, `reopen` and `history`, in this home."""

import json

import pytest

from evalhub.cli.app import run
from evalhub.features.lifecycle.promotion import promote
from evalhub.ledger.models import StageMove
from evalhub.registry.models import ModelVersion
from tests.cast import Team, a_version
from tests.features.lifecycle.test_promotion import decided

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]
OF = ["--project", "support-desk", "--by", "olga", "--reason"]


@pytest.fixture
def tuned(team: Team) -> ModelVersion:
    """The champion, in place of base v1."""
    base = a_version(team, "base")
    made = a_version(team, "tuned", parent=base)
    decision = decided(team, base, made, slug="first")
    promote(decision=decision, by=team.olga, reason="It runs.", arm="baseline")
    promote(decision=decision, by=team.eva, reason="Better.")
    return made


@pytest.mark.usefixtures("tuned")
def test_the_champion_is_rolled_back_and_the_same_again_says_the_same(capsys: Capture) -> None:
    assert run(["rollback", "tuned@1", *OF, "Too slow."]) == 0
    said = capsys.readouterr().out
    assert "base v1 is the champion of support-desk, in place of tuned v1, again" in said
    assert "it rests on decision" in said
    assert run(["rollback", "tuned v1", *OF, "Too slow."]) == 0
    assert capsys.readouterr().out == said
    assert run(["rollback", "tuned@1", *OF, "Down."]) == 64
    assert "tuned v1 was rolled back already, by olga" in capsys.readouterr().err
    assert run(["rollback", "base@1", *OF, "Why not.", "--to", "tuned@1", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["how"], printed["before"]) == (
        "tuned v1",
        "rolled-back",
        "base v1",
    )


@pytest.mark.usefixtures("tuned")
def test_an_override_is_said_loudly(team: Team, capsys: Capture) -> None:
    a_version(team, "other")
    assert run(["override", "other@1", *OF, "Law.", "--instead-of", "base@1"]) == 64
    assert "base v1 isn't the champion of support-desk: tuned v1 is" in capsys.readouterr().err
    assert run(["override", "other@1", *OF, "Law.", "--instead-of", "tuned@1"]) == 0
    assert "by an override: NO DECISION MADE IT SO" in capsys.readouterr().out


@pytest.mark.usefixtures("tuned")
def test_a_history_says_who_when_why_and_on_what(team: Team, capsys: Capture) -> None:
    a_version(team, "other")
    assert run(["history", "other", "--project", "support-desk"]) == 0
    assert capsys.readouterr().out == "No version of other has moved: each is a candidate.\n"
    assert run(["retire", "other@1", *OF, "Licence."]) == 0
    assert run(["reopen", "other@1", *OF, "It goes on."]) == 0
    assert "other v1 was brought back as a candidate" in capsys.readouterr().out
    assert run(["history", "tuned", "--project", "support-desk"]) == 0
    newest = StageMove.objects.get(version__model__slug="tuned")
    assert capsys.readouterr().out == (
        f"{newest.created:%Y-%m-%d %H:%M} UTC  tuned v1 became the champion, on decision "
        f"{newest.decision_id}\n  eva: Better.\n"
    )
    assert run(["history", "base", "--project", "support-desk", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(each["was"], each["stage"]) for each in rows] == [
        ("champion", "retired"),
        ("candidate", "champion"),
    ]


@pytest.mark.usefixtures("tuned")
def test_each_says_what_is_wrong(capsys: Capture, subtests: pytest.Subtests) -> None:
    moves = StageMove.objects.count()
    for words, said in (
        ("rollback tuned", "'tuned' names no version: say which, such as tuned@3"),
        ("rollback tuned@7", "tuned has no version 7, only tuned v1 and those before it"),
        ("rollback gone@1", "support-desk has no model 'gone' (models: base, tuned)"),
        ("retire tuned@1", "tuned v1 is the champion of support-desk"),
        ("reopen tuned@1", "tuned v1 is the champion of support-desk"),
        ("override base@1", "base v1 is retired since"),
    ):
        with subtests.test(words):
            assert run([*words.split(), *OF, "Why not."]) == 64
            assert said in capsys.readouterr().err
    for words, said in (
        (
            "rollback tuned@1 --project support-desk --reason x",
            "--by: is needed: the name of the user who acts",
        ),
        ("rollback tuned@1 --project gone --by olga --reason x", "there is no project 'gone'"),
        ("retire base@1 --project support-desk --by nobody --reason x", "no user 'nobody'"),
        ("override base@1 --project support-desk --by eva --reason x", "Only an owner"),
        ("history gone --project support-desk", "no model 'gone' (models: base, tuned)"),
        ("promote 1 --reason x --server http://127.0.0.1:9", "--project"),
    ):
        with subtests.test(words):
            assert run(words.split()) == 64
            assert said in capsys.readouterr().err
    assert StageMove.objects.count() == moves
