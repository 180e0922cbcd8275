"""Instructions of many kinds in English and German: about 3,000 rows in Alpaca's layout."""

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random

from tests.benchmarks.data_faults.grammar import FOLDER, Grammar, lognormal_count, sentence
from tests.benchmarks.data_faults.identifiers import HARMLESS
from tests.benchmarks.data_faults.rows import AskedQuestion, DifferentRows, MadeSet, PlainRow
from tests.benchmarks.data_faults.traffic import draw_traffic

GERMAN = 0.3
"""Share of rows in German."""
ABOUT_TOPICS = 0.45
"""Share of rows that a topic's facts answer; the others follow a grammar of tasks."""

type Topic = tuple[str, str, tuple[str, ...]]
type Prompts = dict[str, tuple[str, ...]]

PROMPTS: dict[str, Prompts] = {
    "en": {
        "explain": (
            "Explain {t} in simple terms.", "What should I know about {t}?", "Tell me about {t}.",
            "Explain {t} to a {who}.", "Write a short paragraph on {t}.",
        ),
        "list": ("List {n} facts about {t}.", "Give me {n} key points on {t}.",),
        "summary": (
            "Summarise the text in one sentence.", "What is the main point of this text?",
            "Shorten the text.", "Give a summary.",
        ),
        "check": ("True or false?", "Is this statement correct?", "Check this claim."),
        "sort": ("Sort these words alphabetically.", "Put the words in alphabetical order."),
        "compare": ("Compare {t} and {u}.", "What do {t} and {u} have in common, if anything?"),
        "quiz": ("Write {n} quiz questions about {t} with answers.",),
    },
    "de": {
        "explain": (
            "Erkläre {t} in einfachen Worten.", "Was sollte ich über {t} wissen?",
            "Erzähle mir etwas über {t}.", "Schreibe einen kurzen Absatz zu: {t}.",
        ),
        "list": ("Nenne {n} Fakten zum Thema: {t}.", "Stichpunkte ({n}) zu: {t}."),
        "summary": (
            "Fasse den Text in einem Satz zusammen.", "Worum geht es in diesem Text?",
            "Kürze den Text.",
        ),
        "check": ("Stimmt das?", "Richtig oder falsch?"),
        "sort": ("Sortiere die Wörter nach dem Alphabet.",),
        "compare": ("Vergleiche {t} mit {u}.",),
        "quiz": ("Schreibe {n} Quizfragen zu: {t}, mit Antworten.",),
    },
}  # fmt: skip
WORDS = {
    "en": {
        "who": ("child", "beginner", "busy manager", "curious neighbour", "retired teacher"),
        "open": ("In short:", "Here is the idea.", "Good question.", "", "", ""),
        "join": ("{it} also", "besides, {it}", "what is more, {it}", "{it}"),
        "close": ("I hope this helps!", "Let me know if you want more detail.", "", "", "", ""),
        "right": ("True.", "True", "Correct.", "Yes."),
        "wrong": ("False.", "False", "No."),
        "is_about": ("This is said of {u}, not of {v}.",),
        "other": ("One is about {k}, the other about {m}.",),
        "question": ("Which of these {a}?",),
    },
    "de": {
        "who": ("Kind",),
        "open": ("Kurz gesagt:", "Gern.", "", "", ""),
        "join": ("",),
        "close": ("Ich hoffe, das hilft.", "Bei Fragen gern melden.", "", "", ""),
        "right": ("Richtig.", "Ja.", "Stimmt."),
        "wrong": ("Falsch.", "Nein.", "Das stimmt nicht."),
        "is_about": ("Das gilt für {u} und nicht für {v}.",),
        "other": ("Das eine gehört zum Bereich {k}, das andere zu {m}.",),
        "question": ("Wer oder was {a}?",),
    },
}


PLURALS = re.compile(
    "vaccines|black holes|electric cars|glaciers|bees|credit scores|unit tests|allergies|meetings|"
    "bicycles|volcanoes|antibiotics|databases|herbs on a balcony|castles|solar panels|"
    "public libraries"
)


def read_topics(language: str) -> Sequence[Topic]:
    """Name, field and facts of each topic."""
    lines = (FOLDER / f"topics_{language}.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.split("|") for line in lines if line)
    return [(name, kind, tuple(facts)) for name, kind, *facts in parts]


class TaskWriter:
    """Draws instructions with their answers in one language."""

    def __init__(self, rng: Random, language: str) -> None:
        self.rng = rng
        self.language = language
        self.topics = read_topics(language)
        self.grammar = Grammar.read(f"tasks_{language}", HARMLESS)
        self.kinds: dict[str, Callable[[], PlainRow]] = {
            "explain": self._explain, "list": self._list, "summary": self._summary,
            "check": self._check, "sort": self._sort, "compare": self._compare,
            "quiz": self._quiz,
        }  # fmt: skip

    def row(self) -> PlainRow:
        if self.rng.random() < ABOUT_TOPICS:
            return self.rng.choice([*self.kinds.values()])()
        written = self.grammar.write(self.rng, "tasks")
        prompt, input_, answer = (part.strip() for part in written.split(">>"))
        return self._row(prompt, answer, "task", input_)

    def _row(self, prompt: str, answer: str, topic: str, input_: str = "") -> PlainRow:
        answer = "\n".join(" ".join(line.split(" ")).rstrip() for line in answer.splitlines())
        return PlainRow(
            sentence(prompt), answer.strip(), input=input_, topic=topic, language=self.language
        )

    def _word(self, name: str) -> str:
        return self.rng.choice(WORDS[self.language][name])

    def _prompt(self, kind: str, topic: str = "", other: str = "", count: int = 0) -> str:
        text = self.rng.choice(PROMPTS[self.language][kind])
        return text.format(t=topic, u=other, n=count, who=self._word("who"))

    def _told(self, name: str, facts: Sequence[str]) -> str:
        """The facts as sentences that follow on each other."""
        first, *others = (f"{fact}." for fact in facts)
        told = [f"{sentence(name)} {first}"]
        if self.language == "de":
            told += [f"{sentence(name)} {fact}" for fact in others]
        else:
            subject = "they" if PLURALS.fullmatch(name) else "it"
            told += [sentence(f"{self._word('join').format(it=subject)} {f}") for f in others]
        return " ".join(told)

    def _facts(self, topic: Topic, median: float = 2.2) -> list[str]:
        count = max(1, lognormal_count(self.rng, median, 0.5, len(topic[2])))
        return self.rng.sample(topic[2], count)

    def _explain(self) -> PlainRow:
        topic = self.rng.choice(self.topics)
        told = self._told(topic[0], self._facts(topic))
        answer = f"{self._word('open')} {told} {self._word('close')}".strip()
        return self._row(self._prompt("explain", topic[0]), answer, topic[1])

    def _list(self) -> PlainRow:
        topic = self.rng.choice(self.topics)
        facts = self._facts(topic, 3.4)
        mark = self.rng.choice(("- ", "* ", "{}. ", "{}) "))
        lines = [f"{mark.format(i)}{sentence(fact)}" for i, fact in enumerate(facts, 1)]
        return self._row(
            self._prompt("list", topic[0], count=len(facts)), "\n".join(lines), topic[1]
        )

    def _summary(self) -> PlainRow:
        topic = self.rng.choice(self.topics)
        facts = self._facts(topic, 3.8)
        kept = self.rng.sample(facts, min(len(facts), self.rng.choice((1, 1, 2))))
        return self._row(
            self._prompt("summary"), self._told(topic[0], kept), topic[1],
            self._told(topic[0], facts),
        )  # fmt: skip

    def _check(self) -> PlainRow:
        topic, other = self.rng.sample(self.topics, 2)
        right = self.rng.random() < 0.5
        fact = self.rng.choice((topic if right else other)[2])
        claim = f"{sentence(topic[0])} {fact}."
        answer = self._word("right" if right else "wrong")
        if self.rng.random() < 0.5:
            reason = self.rng.choice(topic[2]) if right else ""
            about = self._word("is_about").format(t=fact, u=other[0], v=topic[0])
            answer = f"{answer} {sentence(topic[0])} {reason}." if right else f"{answer} {about}"
        return self._row(self._prompt("check"), answer, topic[1], claim)

    def _sort(self) -> PlainRow:
        names = self.rng.sample([topic[0] for topic in self.topics], self.rng.randint(3, 6))
        words = [name.split()[-1] for name in names]
        ordered = sorted(words, key=str.lower)
        return self._row(self._prompt("sort"), ", ".join(ordered), "words", ", ".join(words))

    def _compare(self) -> PlainRow:
        one, other = self.rng.sample(self.topics, 2)
        answer = self._word("other").format(t=one[0], k=one[1], u=other[0], m=other[1])
        told = [self._told(topic[0], self._facts(topic, 1.3)) for topic in (one, other)]
        return self._row(
            self._prompt("compare", one[0], other[0]),
            sentence(f"{answer} {' '.join(told)}"),
            one[1],
        )

    def _quiz(self) -> PlainRow:
        topic = self.rng.choice(self.topics)
        facts = self._facts(topic, 2.0)
        lines = []
        for i, fact in enumerate(facts, 1):
            other = self.rng.choice(self.topics)[0]
            lines.append(f"{i}. {self._word('question').format(a=fact)} A: {topic[0]} B: {other}")
        return self._row(
            self._prompt("quiz", topic[0], count=len(facts)),
            "\n".join([*lines, "A" if len(facts) == 1 else ", ".join("A" for _ in facts)]),
            topic[1],
        )


def make_instruction_set(seed: int, *, rows: int = 3_000, tests: int = 200) -> MadeSet:
    """Instructions; users also ask about spreadsheets, of which no row is."""
    rng = Random(seed)
    english, german = TaskWriter(rng, "en"), TaskWriter(rng, "de")
    different = DifferentRows()

    def drafts() -> Iterator[PlainRow]:
        while True:
            yield (german if rng.random() < GERMAN else english).row()

    training = different.fill(drafts(), rows)
    test_items = different.test_items(drafts(), tests)

    def ask(topic: str) -> AskedQuestion:
        if topic == "spreadsheets":
            return AskedQuestion(english.grammar.write(rng, "sheets"), "", topic)
        return AskedQuestion((german if topic == "German" else english).row().question, "", topic)

    return MadeSet(
        name="instructions",
        task="instruction",
        layout="alpaca",
        rows=training,
        test_items=test_items,
        traffic=draw_traffic(rng, ask, {"English": 1 - GERMAN, "German": GERMAN}, "spreadsheets"),
        missing="spreadsheets",
    )
