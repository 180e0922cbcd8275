"""Accepted examples as rows that trainers read: chat, prompt and completion, preference pairs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evalhub.registry.models.training_files import TrainingFormat

type Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AcceptedExample:
    """What of an example goes out: `answer` is what people left of the proposal."""

    input: str | Messages
    context: str
    proposal: str
    answer: str

    @property
    def edited(self) -> bool:
        return bool(self.proposal) and self.proposal.strip() != self.answer.strip()

    def prompt(self) -> str | Messages:
        """The input; a context stands before the text, or before the last user's message."""
        if not self.context:
            return self.input
        if isinstance(self.input, str):
            return f"{self.context}\n\n{self.input}"
        users = [i for i, message in enumerate(self.input) if message["role"] == "user"]
        if not users:
            return [{"role": "user", "content": self.context}, *self.input]
        messages = [dict(message) for message in self.input]
        messages[users[-1]]["content"] = f"{self.context}\n\n{messages[users[-1]]['content']}"
        return messages


def _chat(example: AcceptedExample) -> dict[str, Any]:
    prompt = example.prompt()
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    return {"messages": [*messages, _answer(example.answer)]}


def _prompt_completion(example: AcceptedExample) -> dict[str, Any]:
    prompt = example.prompt()
    if isinstance(prompt, str):
        return {"prompt": prompt, "completion": example.answer}
    return {"prompt": prompt, "completion": [_answer(example.answer)]}


def _dpo(example: AcceptedExample) -> dict[str, Any] | None:
    """The edit is preferred to the proposal; None where there was no edit."""
    if not example.edited:
        return None
    prompt = example.prompt()
    chosen, rejected = example.answer, example.proposal
    if isinstance(prompt, str):
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return {"prompt": prompt, "chosen": [_answer(chosen)], "rejected": [_answer(rejected)]}


def _answer(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


ROWS: Mapping[str, Callable[[AcceptedExample], dict[str, Any] | None]] = {
    TrainingFormat.CHAT: _chat,
    TrainingFormat.PROMPT_COMPLETION: _prompt_completion,
    TrainingFormat.DPO: _dpo,
}
"""By format, an example's row; None where it makes none."""
