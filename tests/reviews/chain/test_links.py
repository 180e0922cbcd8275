"""The running digest, against values computed by hand."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone

from reviews.chain.links import (
    SealedJudgment,
    SealedTurn,
    after,
    at,
    judgment_link,
    start,
    undo_link,
)

NOON = datetime(2026, 11, 25, 12, 0, 0, 250, tzinfo=UTC)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_two_links_written_out() -> None:
    """The last value is of `printf '…' | sha256sum`, four times over."""
    head = start("ab12", "r-01")
    assert head == sha("evalhub.review-chain/1\nab12\nr-01")
    turn = SealedTurn("t1", 4, "main", repeats=None, turn=0, candidate_on_left=True)
    judgment = SealedJudgment(
        revision=0,
        choice="left",
        much=False,
        answers={"short": "tie"},
        flags={},
        rationale="clearer",
        seconds=12,
        visible_seconds=None,
        key="",
        created=NOON,
    )
    first = after(head, judgment_link(turn, judgment))
    assert first == sha(
        f"{head}\n"
        '{"answers":{"short":"tie"},"candidate_on_left":true,"choice":"left",'
        '"created":"2026-11-25T12:00:00.000250+00:00","flags":{},"key":"","much":false,'
        f'"position":4,"purpose":"main","rationale":"{sha("clearer")}","repeats":null,'
        '"revision":0,"seconds":12.0,"token":"t1","turn":0,"visible_seconds":null,'
        '"what":"judgment"}'
    )
    second = after(first, undo_link(token="t1", revision=0, created=NOON))
    assert second == sha(
        f'{first}\n{{"created":"2026-11-25T12:00:00.000250+00:00","revision":0,"token":"t1",'
        '"what":"undo"}'
    )
    assert second == "8f120a5786425a8c4c2863faca90fd55fbf31a57f3075c2e4d49490f1e0c1de3"


def test_a_moment_has_one_spelling_wherever_it_is_read() -> None:
    assert at(NOON.astimezone(timezone(timedelta(hours=5)))) == at(NOON)
