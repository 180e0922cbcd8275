"""Cautions on who judged: whose judgments are left out, and who answers for whom. Pure."""

from collections.abc import Sequence

from evalhub.decision.wording import count_text
from evalhub.declare.identities import ReviewerIdentity
from evalhub.declare.people import UnconfirmedUse

WHAT_TO_DO = (
    "An owner who didn't make their link vouches for them by name before the review ends; of one "
    "that has ended, ask people again by a new plan."
)
MAKER = "vouched by who made the candidate"


def identity_cautions(people: Sequence[ReviewerIdentity], use: UnconfirmedUse) -> list[str]:
    """A sentence for each thing that a reader should know about who judged."""
    unknown = [each for each in people if each.ground == "unknown"]
    makers = [each for each in people if each.ground == "maker"]
    twice = [each for each in people if each.accounts > 1]
    total = sum(each.answers for each in people)
    sentences = []
    if unknown:
        answers = sum(each.answers for each in unknown)
        of = f"{answers:,} of {count_text(total, 'judgment')}"
        whose = f"{_people(unknown)}, whom nobody confirmed"
        reason = (
            "a link made each of these accounts, and whoever made the link could have opened it"
        )
        if use == "exclude":
            sentences.append(f"{of} don't count: they are of {whose}: {reason}. {WHAT_TO_DO}")
        else:
            sentences.append(f"{of} are of {whose}: {reason}. They are counted.")
    if makers:
        answers = sum(each.answers for each in makers)
        sentences.append(
            f"{answers:,} of {count_text(total, 'judgment')} are of {_people(makers)}, {MAKER}: "
            "who opened the review made their links, and the project has no other owner."
        )
    if twice:
        sentences.append(
            f"{_people(twice)} judged by several accounts of one mailbox: one mailbox is one "
            "person, who is heard once on an item."
        )
    return sentences


def beside_left_out(people: Sequence[ReviewerIdentity]) -> str:
    """Text for after a count of judgments: how many were left out; "" for none."""
    left_out = sum(each.left_out for each in people)
    if not left_out:
        return ""
    unknown = [each for each in people if each.left_out]
    return (
        f" ({count_text(left_out, 'judgment')} of {count_text(len(unknown), 'person', 'people')} "
        f"{'is' if left_out == 1 else 'are'} left out, since nobody confirmed who they are)"
    )


def _people(people: Sequence[ReviewerIdentity]) -> str:
    names = ", ".join(each.reviewer for each in people)
    return f"{count_text(len(people), 'person', 'people')} ({names})"
