"""The body of a request to a chat or completion API."""

import json
from collections.abc import Set
from typing import TYPE_CHECKING, Any

from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from runners.backends.asking import BackendRequest
from runners.prompting import PromptError, chat, completion

if TYPE_CHECKING:
    from runners.backends.openai import OpenAIBackend


def request_body(
    backend: "OpenAIBackend",
    prompt: Prompt,
    sampling: Sampling,
    question: BackendRequest,
    *,
    together: int,
    without: Set[str],
) -> bytes:
    """The JSON of a request for `together` samples of one item.

    Args:
        without: optional fields that the model refused.

    Raises PromptError where the item can't be asked so.
    """
    body: dict[str, Any] = {"model": backend.model}
    if backend.api == "chat":
        body["messages"] = chat(prompt, question.input, question.context)
    elif question.tools:
        raise PromptError("the item carries tools, which a completion API doesn't take")
    else:
        body["prompt"] = completion(prompt, question.input, question.context)
    body |= sampling.model_dump(mode="json", exclude={"samples"}, exclude_none=True)
    if "seed" in body:
        body["seed"] += question.sample
    if together > 1:
        body["n"] = together
    if backend.logprobs and "logprobs" not in without:
        body["logprobs"] = True if backend.api == "chat" else 0
    if backend.answer_schema is not None:
        shape = {"name": "answer", "schema": backend.answer_schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    body |= backend.extra
    if question.tools:
        body["tools"] = list(question.tools)
    return json.dumps(body).encode()
