"""A retriever that is a program: it reads queries and writes passages, a line of JSON each."""

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from evalhub.declare.keys import Reach
from evalhub.declare.retrievers import CommandRetriever
from evalhub.io.json_values import JsonError, check_value
from evalhub.io.passages import passages_of
from runners.backends.asking import BackendError
from runners.backends.command import program_on_disk
from runners.backends.lines import Program, error_in_line
from runners.retrievers.searching import Query, Result, Searched

_one = threading.Lock()
"""One program at a time in this process: it may hold an index that fills the machine."""


def resolve_command(retriever: CommandRetriever, files: Callable[[str], Path]) -> CommandRetriever:
    """The retriever with an absolute folder and the digest of its files, for registration.

    Raises evalhub.declare.declaration.DeclarationError.
    """
    return retriever.model_copy(update=program_on_disk(retriever, files))


@dataclass(frozen=True, slots=True)
class CommandSearcher:
    """The program of a retriever."""

    retriever: CommandRetriever
    recorded: ClassVar[bool] = True

    @classmethod
    def of(cls, retriever: CommandRetriever, *, project: int, reach: Reach) -> Self:
        """Raises BackendError: a command is an operator's own, who starts the run by a command."""
        if not reach.operator:
            raise BackendError(
                "a retriever that is a command is started for an operator's own study alone: run "
                "it by the command line"
            )
        return cls(retriever)

    def search(self, queries: Sequence[Query]) -> Generator[list[Searched]]:
        """See `Searcher.search`.

        A program that ends before all is answered is started again for the rest; where it answered
        nothing, the first of the rest has the error. Raises BackendError where it can't be started,
        or has answered nothing at all for the second time, or for the only query.
        """
        while not _one.acquire(timeout=0.5):
            yield []
        try:
            yield from self._search(queries)
        finally:
            _one.release()

    def _search(self, queries: Sequence[Query]) -> Generator[list[Searched]]:
        asked = self.retriever
        waiting, worked, failed = list(queries), False, 0
        while waiting:
            by_id = {str(number): query for number, query in enumerate(waiting)}
            lines = [{"id": name, "query": q.text, "k": asked.k} for name, q in by_id.items()]
            program = Program(asked.run, asked.folder, asked.silent_s, self._result)
            for batch in program.answers(lines):
                worked = worked or bool(batch)
                yield [(by_id.pop(name), result) for name, result in batch]
            left = list(by_id.values())
            if len(left) == len(waiting):
                failed += 1
                ending = left.pop(0)
                if not worked and (failed > 1 or not left):
                    raise BackendError(f"the retriever {asked.run[0]!r} {program.why}")
                yield [(ending, Result(None, f"the program {program.why}"[:500]))]
            waiting = left

    def _result(self, answer: dict[str, Any]) -> Result:
        """What a line says."""
        if error := error_in_line(answer):
            return Result(None, error)
        try:
            check_value(answer)
            passages = passages_of(
                answer.get("passages"),
                most=self.retriever.k,
                characters=self.retriever.most_characters,
            )
        except (JsonError, ValueError) as flaw:
            return Result(None, str(flaw))
        return Result(passages)
