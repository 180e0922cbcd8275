"""Run the tests of an answer, whose code runs in a process of its own, and say whether they pass.

Two processes: this one has the tests and says the verdict; the other (`answering`) has the answer's
code, and all that it can do is give the values of calls. It never sees the tests, nor where the
verdict goes. Plain values go from one to the other as JSON; any other object stays where it is, and
is used from here by its number.
"""

import ast
import builtins
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from runners.sandbox.programs import values

LONGEST_REASON = 250


class Unfit(BaseException):
    """Tests that can't be run, whatever the answer is."""


class Remote:
    """An object of the answer's process. It equals itself alone: whether it equals another is
    nothing that the answer's own code may say."""

    __slots__ = ("_ask", "_number")

    def __init__(self, number: int, ask: Callable[..., Any]) -> None:
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_ask", ask)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._ask("call", self, *args, **named)

    def __getattr__(self, name: str) -> Any:
        return self._ask("attribute", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", self, name, value)

    def __iter__(self) -> Any:
        return self._ask("iterate", self)

    def __next__(self) -> Any:
        return self._ask("next", self)

    def __len__(self) -> int:
        return int(self._ask("length", self))

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("put", self, key, value)

    def __contains__(self, value: Any) -> bool:
        return bool(self._ask("contains", self, value))

    def __str__(self) -> str:
        return str(self._ask("text", self))

    def __repr__(self) -> str:
        return str(self._ask("shown", self))

    def __bool__(self) -> bool:
        return bool(self._ask("truth", self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and other._number == self._number

    def __hash__(self) -> int:
        return hash(self._number)


class AnswerProcess:
    """The answer's code in a process of its own, as the tests use it."""

    def __init__(self, source: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.pipe = values.Pipe(
            self.process.stdout.fileno(), self.process.stdin.fileno(), values.LONGEST_MESSAGE
        )
        self.raised: tuple[Exception, int] | None = None

    def load(self, prompt: str, answer: str, entry_point: str) -> dict[str, Any]:
        """What tests may use of what the answer defines, by name. Raises what its code raises.

        What came is looked at here: the answer's process may say that it defines `__builtins__`.
        """
        names = self._request({"prompt": prompt, "answer": answer, "entry_point": entry_point})
        return {
            name: value
            for name, value in dict(names).items()
            if name == entry_point or not (entry_point or str(name).startswith("__"))
        }

    def ask(self, operation: str, target: Remote, *args: Any, **named: Any) -> Any:
        return self._request(
            {
                "operation": operation,
                "target": target._number,
                "args": [values.encode(each, self._number) for each in args],
                "named": [
                    [name, values.encode(each, self._number)] for name, each in named.items()
                ],
            },
            dict([*enumerate(args), *named.items()]),
        )

    def _request(self, message: dict[str, Any], handed: dict[int | str, Any] | None = None) -> Any:
        try:
            self.pipe.send(message)
            reply = self.pipe.receive()
            error = value = None
            if "raised" in reply:
                name, text, line = reply["raised"]
                error = self._error(str(name), str(text)[:LONGEST_REASON])
                self.raised = error, int(line)
            else:
                value = values.decode(reply["value"], self._resolve)
                for place, changed in reply["changed"]:
                    _change((handed or {})[place], values.decode(changed, self._resolve))
        except Exception as flaw:
            raise values.AnswerEnded("ended the program, or gave what is no value") from flaw
        if error is not None:
            raise error
        return value

    def _resolve(self, number: int) -> Remote:
        return Remote(int(number), self.ask)

    def _number(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return {"object": value._number}
        raise Unfit(f"the tests hand over a {type(value).__name__}, which can't be handed over")

    @staticmethod
    def _error(name: str, text: str) -> Exception:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            try:
                return kind(text)
            except TypeError:  # one that takes more than a text
                return Exception(f"{name}: {text}")
        return Exception(f"{name}: {text}")


def _change(argument: Any, now: Any) -> None:
    """Give an argument of the tests what the answer's code changed in its copy."""
    if isinstance(argument, list | bytearray) and isinstance(now, list | bytearray):
        argument[:] = now
    elif isinstance(argument, dict | set) and isinstance(now, dict | set):
        argument.clear()
        argument.update(now)


def run_tests(task: dict[str, Any], report: Callable[[str], None]) -> tuple[str, str]:
    """("passed", ""), ("failed", why) or ("unfit", why these tests can't be run)."""
    entry_point = task["entry_point"]
    try:
        tests = ast.parse(task["test"])
        tests.body = [one for one in tests.body if not _runs_unittest(one)]
        code = compile(tests, "<tests>", "exec")
    except (SyntaxError, ValueError, RecursionError) as flaw:
        return "unfit", f"the tests are no Python: {flaw}"
    for part, text in (("tests need", task["test"]), ("prompt needs", task["prompt"])):
        if package := _installed_package(text):
            return "unfit", f"the {part} more than the standard library: {package}"
    answer = AnswerProcess(task["source"])  # it waits for what it is to run
    report("begun")
    try:
        names = answer.load(task["prompt"], task["answer"], entry_point)
        if entry_point and entry_point not in names:
            return "failed", f"defines no {entry_point}"
        module = types.ModuleType("tests")
        sys.modules["tests"] = module
        if entry_point:
            with suppress(Exception):  # a question in words
                exec(task["prompt"], module.__dict__)
        shadowing = {name for name in names if hasattr(builtins, name)}
        module.__dict__.update({name: names[name] for name in names.keys() - shadowing})
        exec(code, module.__dict__)
        _run_defined(tests, module.__dict__, entry_point, names)
    except Unfit as flaw:
        return "unfit", str(flaw)
    except BaseException as error:
        line = answer.raised[1] if answer.raised and answer.raised[0] is error else None
        if isinstance(error, ImportError) and line is None:
            return "unfit", f"the tests need more than the standard library: {error}"
        return "failed", _reason(error, task["test"], line)
    return "passed", ""


def _runs_unittest(statement: ast.stmt) -> bool:
    """Whether it is `unittest.main()`, which would end the program: the cases are run anyway."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "unittest.main"


def _installed_package(text: str) -> str:
    """A package that code imports and that isn't of the standard library; "" where there is none,
    or the text isn't code."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return ""
    names = [alias.name for one in body if isinstance(one, ast.Import) for alias in one.names]
    names += [one.module or "" for one in body if isinstance(one, ast.ImportFrom)]
    roots = (name.partition(".")[0] for name in names)
    return next((root for root in roots if root not in sys.stdlib_module_names), "")


def _run_defined(
    tests: ast.Module, names: dict[str, Any], entry_point: str, of_answer: dict[str, Any]
) -> None:
    """Run `check`, functions called test_… and unittest's cases, of those that the tests define."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    defined = {one.name: names[one.name] for one in tests.body if isinstance(one, kinds)}
    if "check" in defined and not entry_point and not _calls(tests, "check"):
        raise Unfit("the tests define check, and there is no entry_point to call it with")
    if entry_point and "check" in defined:
        defined["check"](of_answer[entry_point])
    for name, test in defined.items():
        if name.startswith("test_") and isinstance(test, types.FunctionType):
            if test.__code__.co_argcount:
                raise Unfit(f"{name} takes arguments, and nothing gives them")
            test()
    _run_cases(defined)


def _calls(tests: ast.Module, name: str) -> bool:
    return any(
        isinstance(one, ast.Call) and getattr(one.func, "id", "") == name for one in ast.walk(tests)
    )


def _run_cases(defined: dict[str, Any]) -> None:
    """Run what the tests define for unittest. Raises what the first that fails raises."""
    if "unittest" not in sys.modules:
        return
    import unittest

    errors: list[BaseException] = []

    class FirstError(unittest.TestResult):
        """Keeps the error itself, which says whether the tests or the answer are at fault."""

        def addError(self, test: Any, err: Any) -> None:  # noqa: N802 (unittest's name)
            errors.append(err[1])
            self.stop()

        addFailure = addError  # noqa: N815 (unittest's name)

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: N802
            if err is not None:
                self.addError(subtest, err)

        def addUnexpectedSuccess(self, test: Any) -> None:  # noqa: N802
            errors.append(AssertionError(f"{test.id()} passes, and is expected to fail"))

    loader, result = unittest.defaultTestLoader, FirstError()
    result.failfast = True
    for case in defined.values():
        if isinstance(case, type) and issubclass(case, unittest.TestCase):
            loader.loadTestsFromTestCase(case).run(result)
            if errors:
                raise errors[0]


def _reason(error: BaseException, tests: str, line_of_answer: int | None) -> str:
    """The line of the tests that failed, and the first line of the error."""
    if isinstance(error, values.AnswerEnded):
        return f"the answer {error}"
    import traceback

    last = f"{type(error).__name__}: {error}".splitlines()[0].removesuffix(": ")
    if line_of_answer:
        last += f" (line {line_of_answer} of the program)"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == "<tests>" and frame.lineno is not None
    ]
    if not lines:
        return last
    source = tests.splitlines()[lines[-1] - 1].strip()[:120]
    return f"line {lines[-1]} of the tests, {source}: {last}"


def main() -> None:
    """Read the task from standard input, and write the verdict to standard output."""
    reads, writes = values.own_streams()
    sys.set_int_max_str_digits(0)
    with os.fdopen(reads, "rb") as stream:
        task = json.load(stream)
    verdict = values.Pipe(-1, writes)
    state, reason = run_tests(task, lambda state: verdict.send({"state": state, "reason": ""}))
    verdict.send({"state": state, "reason": reason[:LONGEST_REASON]})
    os._exit(0)  # what the answer's process still does is nobody's business


if __name__ == "__main__":
    main()
