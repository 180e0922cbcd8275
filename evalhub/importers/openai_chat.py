"""OpenAI chat JSONL, as for fine-tuning: messages, of which the last one is the answer.

Rows are paired by a digest of all messages before the answer. There are no scores in it: a metric
of Evalhub's own scores the answers, against the last message of a file of right answers.
"""

from pathlib import Path
from typing import Any

from evalhub.importers.fields import listing
from evalhub.importers.log import AskedItem, GivenAnswer, LoggedArm, Task, keys_of
from evalhub.io.canonical import digest_of
from evalhub.io.limits import Limits
from evalhub.io.rows import Row, read_rows, wrong

TASK = "chat"
ROLES = {"developer": "system"}
"""Newer names of roles, by what an item calls them."""


def read(path: Path, limits: Limits) -> list[LoggedArm]:
    """The one arm of a file, called as the file is. Raises DataError."""
    arm = LoggedArm(path.name.split(".")[0], path)
    task = arm.tasks[TASK] = Task(TASK, path)
    rows = {row.line: (row, _messages(row)) for row in read_rows(path, limits)}
    keys = keys_of((line, digest_of(messages[:-1])) for line, (_, messages) in rows.items())
    for line, (_, messages) in rows.items():
        (key, cluster), answer = keys[line], messages[-1]["content"]
        task.ask(AskedItem(key, messages[:-1], [], cluster=cluster, line=line))
        task.answers.append(GivenAnswer(key, 0, answer, {}, line=line))
    return [arm]


def _messages(row: Row) -> list[dict[str, str]]:
    messages = [
        _message(row, index, message) for index, message in enumerate(listing(row, "messages"))
    ]
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        raise wrong(row, "messages", "ends with the assistant's answer, after what was asked")
    return messages


def _message(row: Row, index: int, value: Any) -> dict[str, str]:
    at = f"messages[{index}]"
    if not isinstance(value, dict):
        raise wrong(row, at, "a message {role, content} was expected")
    role = ROLES.get(str(value.get("role")), value.get("role"))
    if role not in ("system", "user", "assistant"):
        raise wrong(row, f"{at}.role", "is one of system, developer, user and assistant")
    content = value.get("content")
    if isinstance(content, list):  # parts: text alone is read
        parts: list[Any] = [
            part.get("text") if isinstance(part, dict) else None for part in content
        ]
        content = "".join(parts) if all(isinstance(part, str) for part in parts) else None
    if not isinstance(content, str):
        raise wrong(row, f"{at}.content", "a text was expected: calls and images aren't read")
    return {"role": role, "content": content}
