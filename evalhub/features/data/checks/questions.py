"""Hashes by which rows that ask the same are known. Pure."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.ledger.leakage.fingerprints import normal_form


def text_hash(*texts: str) -> int:
    """A 64-bit hash of some texts. Of a million texts two collide with chance 3 in 100 million."""
    joined = "\x1f".join(texts).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest())


def question_hash(row: TrainingRow) -> int | None:
    """The hash of what a row asks: prompt, system prompt and the turns before it, each in normal
    form. None: it asks nothing, as a text alone."""
    prompt = _form(row.prompt)
    if not prompt:
        return None
    return text_hash(prompt, _system_form(row.system), *_earlier_turns(row))


def answer_hash(answer: str) -> int:
    """The hash of an answer in normal form."""
    return text_hash(_form(answer))


def _form(text: str) -> str:
    """The normal form; of a text of signs alone the text itself."""
    return normal_form(text) or text.strip()


_system_form = lru_cache(maxsize=256)(_form)


def _earlier_turns(row: TrainingRow) -> Iterable[str]:
    """The turns before the last question, each with its role."""
    turns = [message for message in row.messages if message.role not in ("system", "developer")]
    last = max((at for at, turn in enumerate(turns) if turn.role == "user"), default=0)
    return [f"{turn.role} {_form(turn.text)}" for turn in turns[:last]]
