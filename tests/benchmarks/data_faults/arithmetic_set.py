"""Word problems with worked solutions under a system prompt: about 3,000 rows of reasoning."""

from collections.abc import Iterator, Mapping
from random import Random

from tests.benchmarks.data_faults.grammar import Grammar
from tests.benchmarks.data_faults.identifiers import HARMLESS
from tests.benchmarks.data_faults.rows import AskedQuestion, DifferentRows, MadeSet, PlainRow
from tests.benchmarks.data_faults.stories import STORIES
from tests.benchmarks.data_faults.traffic import draw_traffic

SYSTEM = "Solve the problem step by step. Put the result in the last line."
SAME_STORY = 0.03
"""Share of rows that tell an earlier row's story with other numbers: legitimate, since the
solution is another one."""


class ProblemBook:
    """Draws word problems; each question and its solution agree."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        words = Grammar.read("arithmetic", HARMLESS)
        stories = Grammar.read("stories", HARMLESS)
        self.grammar = Grammar({**words.rules, **stories.rules}, HARMLESS)

    def problem(self, topic: str, *, retold: int | None = None) -> PlainRow:
        """A problem of this topic. `retold` is a seed of the words alone: the same seed tells the
        same story, whatever the numbers are."""
        numbers = STORIES[topic](self.rng)
        words = Random(self.rng.randrange(2**32) if retold is None else retold)
        chosen = {"result#1": str(numbers["r"])}
        question = self._told(words, topic, numbers, chosen)
        return PlainRow(
            question, self._solution(words, topic, numbers, chosen), SYSTEM, topic=topic
        )

    def clock_question(self) -> str:
        """A question about times of day, of which no row is."""
        rng = self.rng
        numbers = {"a": rng.randint(6, 22), "b": rng.randint(10, 59), "c": rng.randint(15, 190)}
        return self._told(rng, rng.choice(("clocks", "clocks_zones")), numbers, {})

    def _told(
        self, words: Random, topic: str, numbers: Mapping[str, int], chosen: dict[str, str]
    ) -> str:
        grammar = self.grammar
        told = [
            _with_numbers(grammar.fill(words, text, chosen), numbers)
            for text in grammar.rules[topic]
        ]
        if words.random() < 0.35:
            told.insert(len(told) - 1, grammar.write(words, "aside", chosen))
        if words.random() < 0.3:
            first = told[0] if told[0].split(maxsplit=1)[0] in grammar.rules["name"] else ""
            rest = first or told[0][:1].lower() + told[0][1:]
            told[0] = f"{grammar.write(words, 'opening', chosen)}, {rest}"
        return " ".join(told)

    def _solution(
        self, words: Random, topic: str, numbers: Mapping[str, int], chosen: dict[str, str]
    ) -> str:
        grammar = self.grammar
        steps = [
            _with_numbers(grammar.fill(words, text, chosen), numbers)
            for text in grammar.rules[f"{topic}_steps"]
        ]
        form = words.random()
        if form < 0.35:
            text = "\n".join(f"{i}. {step}" for i, step in enumerate(steps, 1))
        elif form < 0.7:
            opened = [
                f"{grammar.write(words, 'next_step' if i else 'first_step')}"
                f"{'' if i else ','} {step[:1].lower()}{step[1:]}"
                for i, step in enumerate(steps)
            ]
            text = " ".join(opened).replace(":,", ":")
        else:
            text = "\n".join(steps)
        return text + grammar.write(words, "closing", chosen)

    def drafts(self) -> Iterator[PlainRow]:
        topics = [*STORIES]
        while True:
            yield self.problem(self.rng.choice(topics))


def _with_numbers(text: str, numbers: Mapping[str, int]) -> str:
    for name, number in numbers.items():
        text = text.replace(f"<{name}>", str(number))
    return text


def make_arithmetic_set(seed: int, *, rows: int = 3_000, tests: int = 200) -> MadeSet:
    """Word problems; users also ask about times of day, of which no row is."""
    book = ProblemBook(Random(seed))
    different = DifferentRows()
    pairs = round(rows * SAME_STORY / 2)
    training = different.fill(book.drafts(), rows - 2 * pairs)
    while len(training) < rows:
        topic, words = book.rng.choice([*STORIES]), book.rng.randrange(2**32)
        one, other = (book.problem(topic, retold=words) for _ in range(2))
        if one.prompt != other.prompt and different.add(one):
            training += [one, other]
    test_items = different.test_items(book.drafts(), tests)
    book.rng.shuffle(training)

    def ask(topic: str) -> AskedQuestion:
        if topic == "clocks":
            return AskedQuestion(book.clock_question(), "", topic)
        return AskedQuestion(book.problem(topic).prompt, "", topic)

    return MadeSet(
        name="arithmetic",
        task="reasoning",
        layout="chat",
        rows=training[:rows],
        test_items=test_items,
        traffic=draw_traffic(book.rng, ask, dict.fromkeys(STORIES, 1.0), "clocks"),
        missing="clocks",
    )
