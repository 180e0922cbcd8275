"""Record an answer: store it first, then check whether the campaign stops early.

It stands above `reviews.assignments`, which keeps the answer, because what the answer may end is
decided by the results.
"""

import uuid

from evalhub.accounts.models import User
from reviews.assignments.answer import ReviewerAnswer
from reviews.assignments.assign import Assigned, End, deal_again
from reviews.assignments.judge import Recorded, keep_and_deal
from reviews.results.early_stopping import stop_when_due
from reviews.results.ended import end_if_complete


def record(
    *,
    token: uuid.UUID,
    user: User,
    nonce: str,
    answer: ReviewerAnswer,
    key: str = "",
    ahead: int = 1,
    late: float = 0.0,
) -> Recorded:
    """Keep an answer and deal what comes next; then stop the campaign early if it is time to.

    The last answer seals the campaign.

    What goes wrong after the answer is committed costs no judgment. So many as `ahead` says
    are dealt after the next, and `late` is as `keep_and_deal` has it. Raises what that does;
    nothing is kept then.
    """
    keeping = keep_and_deal(
        token=token, user=user, nonce=nonce, answer=answer, key=key, ahead=ahead, late=late
    )
    reviewer = keeping.assigned.reviewer
    if stop_when_due(reviewer=reviewer):
        assigned = Assigned(reviewer, End("stopped"))
    else:
        assigned = deal_again(keeping.assigned, ahead=ahead)
    if isinstance(assigned.current, End):
        end_if_complete(reviewer.campaign)
        reviewer.refresh_from_db(fields=["ended"])
    return Recorded(keeping.judgment, assigned)
