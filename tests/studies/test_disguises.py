"""Items that were looked at, in disguise: the k-th try pays for k looks, by the real command."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import run
from evalhub.registry.models import TestSetVersion
from tests.studies.desks import Desk
from tests.studies.test_walk_arounds import (
    TRIAGE,
    Capture,
    a_build,
    answered,
    paid,
    questions,
    renamed,
    tried,
)

pytestmark = pytest.mark.django_db(transaction=True)

INVISIBLE = ["\u034f", "\ufe0f", "\u3164", "\u200b", "\u2800", "\U000e0041", "\u00ad"]
ALIKE = [("e", "\u0435"), ("o", "\u043e"), ("i", "\u0456")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """60 questions that must gain; there is no guard."""
    desk = Desk(tmp_path)
    desk.study["test_sets"] = {"triage": dict(TRIAGE)}
    return desk


@pytest.mark.heavy
def test_ten_tries_each_with_another_unused_context(desk: Desk, capsys: Capture) -> None:
    items = questions(desk)
    for look in range(1, 11):
        changed = [each | {"note": f"{look}-{i}"} for i, each in enumerate(items)]
        answered(desk, 20 + look)
        renamed(desk, f"try-{look}", changed)
        desk.study["test_sets"][f"try-{look}"]["fields"] = {"context": "note"}
        assert paid(tried(desk, capsys, f"try-{look}"), look)


@pytest.mark.heavy
def test_ten_tries_each_in_other_unseen_letters(desk: Desk, capsys: Capture) -> None:
    items = questions(desk)

    def spelt(text: str, look: int) -> str:
        if look == 1:
            return text
        if look <= 1 + len(INVISIBLE):
            return text.replace("t", f"t{INVISIBLE[look - 2]}") + INVISIBLE[look - 2]
        return text.replace(*ALIKE[look - 2 - len(INVISIBLE)])

    seen = set()
    for look in range(1, 11):
        answered(desk, 20 + look)
        changed = [each | {"input": spelt(each["input"], look)} for each in items]
        seen.add(changed[0]["input"])
        renamed(desk, f"try-{look}", changed)
        assert paid(tried(desk, capsys, f"try-{look}"), look)
    assert len(seen) == 10


def test_read_freely_and_then_judged_with_an_unused_context(desk: Desk, capsys: Capture) -> None:
    """Who has read all scores may not be judged on those items."""
    desk.study["test_sets"] = {"dev": TRIAGE | {"file": "triage.jsonl", "role": "development"}}
    for arm in ("base", "tuned"):
        (desk.folder / f"{arm}.dev.jsonl").write_text(
            (desk.folder / f"{arm}.triage.jsonl").read_text()
        )
    desk.study["slug"] = "freely"
    run(["study", "run", str(desk.write()), "--json"])
    capsys.readouterr()
    assert TestSetVersion.objects.filter(read_freely=True).exists()
    changed = [each | {"context": f"x{i}"} for i, each in enumerate(questions(desk))]
    renamed(desk, "fresh", changed)
    desk.study["slug"] = "judged"
    assert run(["study", "run", str(desk.write()), "--json"]) >= 64
    said = capsys.readouterr()
    assert "60 of its items" in said.err
    assert "read freely as dev v1" in said.err
    assert said.out == ""


@pytest.mark.heavy
def test_one_question_about_other_documents_is_a_first_look(desk: Desk, capsys: Capture) -> None:
    """Where an arm's prompt shows the context, it is what is asked."""
    for arm in ("base", "tuned"):
        desk.study["arms"][arm]["prompt"] = {"template": "{context}\n\n{input}"}

    def documents(start: int) -> list[dict[str, Any]]:
        return [
            each | {"input": "Is this a complaint?", "context": f"Letter {start + i}."}
            for i, each in enumerate(questions(desk))
        ]

    for turn in range(3):
        answered(desk, 25 + turn)
        a_build(desk, f"adapter-{turn}")
        renamed(desk, f"letters-{turn}", documents(100 * turn))
        assert paid(tried(desk, capsys, f"study-{turn}"), 1)
    answered(desk, 29)
    a_build(desk, "adapter-4")
    renamed(desk, "letters-again", documents(0))
    assert paid(tried(desk, capsys, "again"), 2)


def test_the_same_question_without_its_documents_shown_is_one_item(
    desk: Desk, capsys: Capture
) -> None:
    for arm in ("base", "tuned"):
        desk.study["arms"][arm]["prompt"] = {"template": "Q: {input}"}
    for look, start in enumerate((0, 100), 1):
        answered(desk, 25 + look)
        a_build(desk, f"adapter-{look}")
        changed = [
            each | {"input": "Is this a complaint?", "context": f"Letter {start + i}."}
            for i, each in enumerate(questions(desk))
        ]
        renamed(desk, f"letters-{start}", changed)
        assert paid(tried(desk, capsys, f"study-{start}"), look)
