"""Exit codes: a verdict's are small, an error's are those of sysexits.h."""

import os
import sys
import traceback

USAGE, BAD_DATA, UNREACHABLE, OUR_FAULT, INTERRUPTED = 64, 65, 69, 70, 130


def explain(error: Exception) -> int:
    """Prints what went wrong on standard error and gives the exit code for it.

    Domains are looked up by name in what is loaded already, so that nothing is imported here.
    """
    code = _code(error)
    sys.stderr.write(f"evalhub: {_message(error, code)}\n")
    if code == OUR_FAULT and os.environ.get("EVALHUB_DEBUG") == "1":
        traceback.print_exception(error)
    return code


def _code(error: Exception) -> int:
    if _is(error, "runners.backends", "BackendUnreachable") or _is(
        error, "django.db", "OperationalError"
    ):
        return UNREACHABLE
    if _is(error, "runners.metrics", "MetricError") or _is(
        error, "runners.backends", "BackendError"
    ):
        return USAGE
    if (
        _is(error, "evalhub.registry.files", "DataError")
        or _is(error, "evalhub.registry.versions", "SpecError")
        or _is(error, "runners.launch", "LaunchError")
        or _is(error, "evalhub.stats.errors", "StatisticsError")
    ):
        return BAD_DATA
    return OUR_FAULT


def _is(error: Exception, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return kind is not None and isinstance(error, kind)


def _message(error: Exception, code: int) -> str:
    if code != OUR_FAULT:
        return str(error)
    return (
        f"this is our fault, not yours: {type(error).__name__}: {error}\n"
        "Please report it; EVALHUB_DEBUG=1 shows where it happened."
    )
