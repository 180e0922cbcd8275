"""Questions that are there already: what is the same or nearly so is no new example."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched

import numpy as np
from numpy.typing import NDArray

from evalhub.features.examples.sources.items_of_tests import NEARLY, test_questions
from evalhub.features.traffic.shadow.items import ELSEWHERE
from evalhub.io.items import fingerprint_of, question_of
from evalhub.ledger.leakage.fingerprints import FEWEST_WORDS, PERMUTATIONS, fingerprint
from evalhub.ledger.leakage.tables import JACCARD
from reviews.models import Example, ExampleQueue, ExampleState

SAME = "the same as its parent or another example"
NEARLY_SAME = "nearly the same as its parent or another example"
READ_AT_ONCE = 500

type Signatures = NDArray[np.uint16]


@dataclass(slots=True)
class KnownQuestions:
    """The questions of a queue and of the project's test sets.

    Two are nearly the same where their three-word shingles have a Jaccard similarity of .6 or more
    (`evalhub.ledger.leakage`), estimated from 100 MinHash values; shorter ones only where they are
    equal.

    Attributes:
        reasons: by fingerprint, why the same is left out.
        near: why what is nearly the same is, by row of `signatures`.
    """

    reasons: dict[int, str]
    near: list[str]
    signatures: Signatures

    @classmethod
    def of(cls, queue: ExampleQueue) -> "KnownQuestions":
        rows = Example.objects.filter(queue=queue).exclude(state=ExampleState.ERASED)
        inputs = rows.order_by("pk").values_list("input", flat=True).iterator(READ_AT_ONCE)
        own = [question_of(each) for each in inputs]
        tested = list(test_questions(queue.project))
        known = cls({}, [], np.zeros((0, PERMUTATIONS), np.uint16))
        known._add(own, SAME, NEARLY_SAME)
        known._add(tested, ELSEWHERE, NEARLY)
        return known

    def why_known(self, question: str, *, few_words_change: bool) -> str:
        """Why it is left out; "" where it is new, which it then isn't any more.

        Args:
            few_words_change: it may be nearly the same as an example, but not as a test item.
        """
        if reason := self.reasons.get(fingerprint_of(question)):
            return reason
        prints = fingerprint([question])
        if prints.words[0] >= FEWEST_WORDS:
            alike = (self.signatures == prints.signatures).mean(axis=1) >= JACCARD
            near = {self.near[row] for row in np.flatnonzero(alike)}
            near -= {NEARLY_SAME} if few_words_change else set()
            if near:
                return NEARLY if NEARLY in near else NEARLY_SAME
        self._add([question], SAME, NEARLY_SAME)
        return ""

    def _add(self, questions: Iterable[str], same: str, near: str) -> None:
        parts = [self.signatures]
        for some in batched(questions, READ_AT_ONCE):
            prints = fingerprint(some)
            long_enough = prints.words >= FEWEST_WORDS
            parts.append(prints.signatures[long_enough])
            self.near += [near] * int(long_enough.sum())
            self.reasons |= dict.fromkeys(map(fingerprint_of, some), same)
        self.signatures = np.concatenate(parts)
