"""Notes the project's files that a process uses: it runs one of their functions, or opens them.

An import alone is no use: Django imports all that is installed. What a used file imports by name is
added when the notes are read. A process writes to the file that the environment names, at once,
since it may be killed. This module imports little: each process of a test begins with it.
"""

import os
import sys

NOTES = "TESTS_USED_FILES"
"""The environment variable that names the file of the notes. Without it nothing is noted."""
ROOT = os.path.dirname(os.path.abspath(__file__)).removesuffix("/tests/selection/processes") + "/"
PACKAGES = ("evalhub/", "reviews/", "runners/")
OTHERS = (".venv", ".git/", ".full/", ".evalhub/", "tests/selection/")
COMPILED = (".py", ".pyc")
OPTIMIZED = 0x1  # of a function's code, and not of a module's or a class's
TOOL = 4
_noted: set[str] = set()


def begin() -> None:
    """Note from now on, where the environment asks for it."""
    if NOTES not in os.environ:
        return
    events = sys.monitoring.events.PY_START
    if not sys.monitoring.get_tool(TOOL):  # a worker of pytest begins with it, as any process does
        sys.monitoring.use_tool_id(TOOL, "used files")
    sys.monitoring.register_callback(TOOL, events, _started)
    sys.monitoring.set_events(TOOL, events)
    sys.addaudithook(_audited)


def begin_again() -> None:
    """Note once more what was noted before: for another file of notes."""
    _noted.clear()
    sys.monitoring.restart_events()


def _started(code: object, _offset: int) -> object:
    if code.co_flags & OPTIMIZED:  # type: ignore[attr-defined]
        _note(code.co_filename)  # type: ignore[attr-defined]
    return sys.monitoring.DISABLE


def _audited(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path = arguments[0]
        if isinstance(path, str) and not path.endswith(COMPILED):
            _note(path)
    elif event == "subprocess.Popen" and isinstance(arguments[1], list | tuple):
        for each in arguments[1]:
            if isinstance(each, str) and "/" in each:
                _note(each)


def _note(path: str) -> None:
    name = in_the_project(path)
    if name is None or name in _noted:
        return
    _noted.add(name)
    notes = os.open(os.environ[NOTES], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(notes, f"{name}\n".encode())
    os.close(notes)


def in_the_project(path: str) -> str | None:
    """The path in the checkout of a file of ours, of one that was installed as well."""
    if path.startswith("<"):  # what Python holds frozen, or made from a text
        return None
    if not path.startswith("/"):
        try:
            path = os.path.normpath(os.path.join(os.getcwd(), path))
        except OSError:  # whose folder is gone
            return None
    name = path.removeprefix(ROOT)
    if name == path or name.startswith(OTHERS):
        name = path.rpartition("/site-packages/")[2]
        return name if name != path and name.startswith(PACKAGES) else None
    return name
