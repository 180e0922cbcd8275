"""Verdicts have one table, and every door reads it."""

from evalhub.declare.verdicts import Status, Verdict, split_mark
from evalhub.ledger.models import Decision, SignOff


def test_the_database_offers_the_verdicts_of_the_table() -> None:
    for model in (Decision, SignOff):
        field = model._meta.get_field("verdict")
        assert list(field.choices or ()) == [(each.value, each.label) for each in Verdict]


def test_no_two_verdicts_share_a_mark_or_an_exit_code() -> None:
    assert [each.exit_code for each in Verdict] == [0, 1, 2, 3]
    assert len({each.mark for each in Verdict}) == len(Verdict)


def test_a_reason_is_read_by_its_mark() -> None:
    for status in Status:
        assert split_mark(f"{status.mark} triage +0.10") == (status, "triage +0.10")
    assert split_mark("tuned has no answer") == (None, "tuned has no answer")
