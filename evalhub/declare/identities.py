"""Who judged, as a record says it: who answers for each person, and whose judgments count."""

from typing import Annotated, Literal

from pydantic import Field

from evalhub.declare.amounts import Count
from evalhub.declare.declaration import Declaration
from evalhub.declare.home_bound import HOME_BOUND

Ground = Literal["operator", "provider", "mail", "owner", "vouched", "maker", "unknown"]
"""Who answers for a reviewer being a person of their own.

operator: whoever runs the site made the account; provider: the team's identity provider signed them
in; mail: they followed a link that was mailed; owner: an owner who didn't open the review named
them in an invitation; vouched: an owner who didn't make their link vouched for them; maker: they
were named by who opened the review, and there is no other owner; unknown: nobody.
"""


class ReviewerIdentity(Declaration):
    """A person who judged: who answers for them, and whether their judgments count.

    Attributes:
        accounts: of one mailbox, which are one person.
        mailbox: the address of an account that a link made; empty for any other.
        answers: judgments that were given, those left out among them.
        counted: how many of these count.
    """

    reviewer: str = Field(description="r1, r2, … in the order in which they came to the review")
    ground: Ground
    accounts: Count = 1
    mailbox: Annotated[str, HOME_BOUND] = ""
    answers: Count
    counted: Count

    @property
    def left_out(self) -> int:
        return self.answers - self.counted
