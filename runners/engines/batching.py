"""Which of the waiting prompts go together: those of about the same length. Pure."""

from collections.abc import Callable, Hashable, Sequence


def next_batch[T](
    waiting: Sequence[T],
    *,
    group: Callable[[T], Hashable],
    width: Callable[[T], int],
    most_tokens: int,
) -> list[T]:
    """The next batch: of the oldest prompt's group the longest that fit, longest first.

    A batch is as wide as its widest member, so that members of one length waste nothing; the
    longest first, so that a lack of memory shows at once and not at the end.

    Args:
        group: what members of a batch must have in common.
        width: tokens of one member, those that it may still get included.
        most_tokens: members times width; a member that is wider by itself goes alone.
    """
    if not waiting:
        return []
    first = group(waiting[0])
    alike = sorted(
        (member for member in waiting if group(member) == first), key=width, reverse=True
    )
    return alike[: max(1, most_tokens // max(1, width(alike[0])))]
