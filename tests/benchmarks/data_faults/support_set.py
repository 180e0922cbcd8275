"""A support desk's messages with their intent: about 2,000 rows in chat layout."""

from collections.abc import Iterator
from random import Random

from tests.benchmarks.data_faults.grammar import (
    Grammar,
    lognormal_count,
    sentence,
    with_typing_errors,
)
from tests.benchmarks.data_faults.identifiers import HARMLESS
from tests.benchmarks.data_faults.rows import AskedQuestion, DifferentRows, MadeSet, PlainRow
from tests.benchmarks.data_faults.traffic import draw_traffic

LABELS = (
    "delivery", "refund", "login", "billing", "cancel", "technical", "product", "complaint",
)  # fmt: skip
SHARES = (0.22, 0.15, 0.11, 0.14, 0.11, 0.13, 0.09, 0.05)
AMBIGUOUS = 0.05
"""Share of messages that could have one of two labels; either is right."""
ASIDE = 0.25
"""Share of messages with a sentence that belongs to any other intent."""
SYSTEM = (
    "You sort messages to a shop's support. Answer with one word: delivery, refund, login, "
    "billing, cancel, technical, product or complaint."
)


class SupportDesk:
    """Draws messages."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.grammar = Grammar.read("support", HARMLESS)

    def message(self, intent: str) -> str:
        """A message of this intent: from four words to several paragraphs."""
        rng, chosen = self.rng, dict[str, str]()
        core = self.grammar.write(rng, f"core_{intent}", chosen)
        return self._around(core, f"detail_{intent}", chosen)

    def ambiguous(self) -> tuple[str, str]:
        """A message that has two intents, and one of them."""
        core, *intents = self.grammar.write(self.rng, "both").split("|")
        intent = self.rng.choice(intents)
        return self._around(core, f"detail_{intent}", {}), intent

    def _around(self, core: str, details: str, chosen: dict[str, str]) -> str:
        rng, grammar = self.rng, self.grammar
        extra = grammar.several(rng, details, lognormal_count(rng, 1.3, 0.8, 6), chosen)
        if rng.random() < ASIDE:
            extra.append(grammar.write(rng, f"detail_{rng.choice(LABELS)}", chosen))
        extra += grammar.several(rng, "context", lognormal_count(rng, 0.8, 0.8, 4), chosen)
        sentences = [core, *extra]
        if rng.random() < 0.3:
            rng.shuffle(sentences)
        neat = rng.random() < 0.6
        text = ". ".join(map(sentence, sentences) if neat else sentences).replace("?.", "?")
        if neat and text[-1] not in "?.!":
            text += rng.choice(".!.")
        if rng.random() < 0.45:
            text = f"{grammar.write(rng, 'hello')}{rng.choice((', ', ',', '! ', chr(10)))}{text}"
        if rng.random() < 0.35:
            text = f"{text}{rng.choice((' ', chr(10)))}{grammar.write(rng, 'bye')}"
        if rng.random() < 0.12:
            text = text.lower()
        return with_typing_errors(rng, text, 0.012) if rng.random() < 0.35 else text

    def drafts(self) -> Iterator[PlainRow]:
        while True:
            if self.rng.random() < AMBIGUOUS:
                text, intent = self.ambiguous()
                topic = "ambiguous"
            else:
                [intent] = self.rng.choices(LABELS, SHARES)
                text, topic = self.message(intent), intent
            yield PlainRow(text, intent, SYSTEM, label=intent, topic=topic)


def make_support_set(seed: int, *, rows: int = 2_000, tests: int = 200) -> MadeSet:
    """Messages with their intents; users also ask about warranty, of which no row is."""
    desk = SupportDesk(Random(seed))
    different = DifferentRows()
    training = different.fill(desk.drafts(), rows)
    test_items = different.fill(desk.drafts(), tests)

    def ask(topic: str) -> AskedQuestion:
        return AskedQuestion(desk.message(topic), "", topic)

    return MadeSet(
        name="support",
        task="classification",
        layout="chat",
        rows=training,
        test_items=test_items,
        traffic=draw_traffic(desk.rng, ask, dict(zip(LABELS, SHARES, strict=True)), "warranty"),
        missing="warranty",
        labels=LABELS,
    )
