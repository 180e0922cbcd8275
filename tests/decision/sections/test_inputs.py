"""What a record says of production's requests next to a study's items."""

import pytest

from evalhub.decision.sections.inputs import InputsRow, InputsSection
from evalhub.declare.decision import ArmName, Arms
from evalhub.declare.slice_shares import SharedKind, SliceShare, SliceShares

ARMS = Arms(
    baseline=ArmName(name="base", digest="0" * 64), candidate=ArmName(name="tuned", digest="1" * 64)
)


def section_of(lower: float) -> InputsSection:
    """Of one test set, of whose 200 items 8 are of the slice that has 30% of the requests."""
    slices = (
        SliceShare(
            kind=SharedKind.TAG, value="invoice", production=0.3, lower=lower, upper=0.34, items=8
        ),
        SliceShare(
            kind=SharedKind.ROUTE, value="", production=0.1, lower=0.08, upper=0.12, items=30
        ),
    )
    shares = SliceShares(week="2026-12-07", requests=9000, users=1200, size=200, slices=slices)
    return InputsSection(test_sets=(InputsRow.beside("support", shares),)).with_sentences(ARMS)


def test_a_slice_that_production_has_much_more_of_is_named() -> None:
    section = section_of(0.26)
    assert section.sentences == (
        "support next to 9,000 requests of 1,200 users in the week of 2026-12-07; the verdict "
        "doesn't rest on it.",
        "tag invoice: 30% of the requests (26% to 34%), 4% of the items.",
    )
    assert section.status == "open"
    assert section.without_results() == section


@pytest.mark.parametrize(("lower", "status"), [(0.13, "pass"), (0.15, "open")])
def test_its_lower_limit_has_to_be_ten_points_above_the_items(lower: float, status: str) -> None:
    assert section_of(lower).status == status
