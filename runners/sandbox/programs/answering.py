"""The process of an answer's code: load it, then carry out what the tests ask.

It starts once an answer, so that what few answers need is imported where it is used.
"""

import builtins
import json
import operator
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from runners.sandbox.programs import values

OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *args, **named: target(*args, **named),
    "attribute": getattr,
    "set": setattr,
    "iterate": iter,
    "next": next,
    "length": len,
    "item": operator.getitem,
    "put": operator.setitem,
    "contains": operator.contains,
    "text": str,
    "shown": repr,
    "truth": bool,
}


def give_answers(pipe: values.Pipe) -> None:
    """Load the answer's code, and do what is asked of it until nobody asks."""
    objects: list[Any] = []

    def keep(value: Any) -> Any:
        objects.append(value)
        return {"object": len(objects) - 1}

    def resolve(number: int) -> Any:
        return objects[number]

    request = pipe.receive()
    while True:
        try:
            if "answer" in request:
                reply = {"value": values.encode(_names(**request), keep), "changed": []}
            else:
                args = [values.decode(each, resolve) for each in request["args"]]
                named = {name: values.decode(each, resolve) for name, each in request["named"]}
                handed = [*enumerate(args), *named.items()]
                before = [json.dumps(each) for each in request["args"]]
                before += [json.dumps(each) for _, each in request["named"]]
                value = OPERATIONS[request["operation"]](objects[request["target"]], *args, **named)
                reply = {
                    "value": values.encode(value, keep),
                    "changed": [
                        [place, now]
                        for (place, each), then in zip(handed, before, strict=True)
                        if isinstance(each, list | dict | set | bytearray)
                        and json.dumps(now := values.encode(each, keep)) != then
                    ],
                }
        except BaseException as error:
            reply = {"raised": [_builtin_name(error), str(error), _line_of(error)]}
        pipe.send(reply)
        request = pipe.receive()


def _names(prompt: str, answer: str, entry_point: str) -> dict[str, Any]:
    """Run the answer's code, and give what it defines.

    A prompt that is code runs first. An answer that doesn't define the entry point goes on where
    the prompt ends, unless it is code by itself alone, as after a question in words.
    """
    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    if not _defines(answer, entry_point) and (_is_code(prompt + answer) or not _is_code(answer)):
        answer = prompt + answer
    elif _is_code(prompt):
        with suppress(Exception):  # a question in words, such as "double"
            exec(compile(prompt, "<prompt>", "exec"), module.__dict__)
    exec(compile(answer, "<answer>", "exec"), module.__dict__)
    return {
        name: value
        for name, value in module.__dict__.items()
        if name == entry_point
        or not (entry_point or name.startswith("__") or isinstance(value, types.ModuleType))
    }


def _is_code(text: str) -> bool:
    try:
        compile(text, "<text>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _defines(code: str, name: str) -> bool:
    import ast

    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False
    assigned = [target for one in body if isinstance(one, ast.Assign) for target in one.targets]
    return not name or any(
        getattr(one, "name", None) == name or getattr(one, "id", None) == name
        for one in (*body, *assigned)
    )


def _builtin_name(error: BaseException) -> str:
    """The name of the nearest of the error's classes that every Python has."""
    return next(kind.__name__ for kind in type(error).__mro__ if hasattr(builtins, kind.__name__))


def _line_of(error: BaseException) -> int:
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<answer>"]
    return (lines[-1] or 0) if lines else 0


if __name__ == "__main__":
    sys.set_int_max_str_digits(0)
    give_answers(values.Pipe(*values.own_streams()))
