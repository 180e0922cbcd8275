"""Empty."""

from evalhub.io.items import UNSEEN
from runners.metrics.own import Answer, metric


@metric(
    title="Empty",
    measures="whether the output is empty",
    not_for="to tell whether an answer says anything: a dash isn't empty",
    normalisation="white space, invisible characters",
    higher_is_better=False,
    binary=True,
)
def empty(answer: Answer) -> bool:
    """1 where nothing of the output can be seen, else 0."""
    return not answer.text or UNSEEN.fullmatch(answer.text) is not None
