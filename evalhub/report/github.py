"""A decision as annotations for GitHub Actions, beside the study file. Pure.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status, Verdict, split_mark

MOST_ANNOTATIONS = 10
"""Annotations of a kind that GitHub keeps of one step."""
_COMMANDS = {Verdict.HOLD: "error", Verdict.INVALID: "error", Verdict.MORE: "warning"}


def annotations(record: DecisionRecord, file: str = "", *, hold_reason: str = "") -> list[str]:
    """Workflow commands, the verdict's first, each a line; at most `MOST_ANNOTATIONS` in all.

    Args:
        file: the study file within the repository, which they stand beside; "": beside none.
        hold_reason: why a ship is held back all the same.
    """
    verdict = record.verdict
    kind = (
        "error"
        if hold_reason
        else _COMMANDS.get(verdict, "warning" if record.caveats else "notice")
    )
    message = f"Held back: {hold_reason}" if hold_reason else f"{verdict.label}: {record.headline}"
    first = command(kind, message, "Evalhub", file)
    ranked = sorted(record.criteria, key=_severity)
    problems = [each for each in ranked if each.status is not Status.PASS]
    lines = [
        command(
            _kind(criterion), split_mark(criterion.sentence)[1], f"Evalhub: {criterion.name}", file
        )
        for criterion in problems
    ]
    if verdict is Verdict.INVALID:
        lines = [command("error", split_mark(why)[1], "Evalhub", file) for why in record.reasons]
    if len(lines) > MOST_ANNOTATIONS - 1:
        more = len(lines) - (MOST_ANNOTATIONS - 2)
        message = f"{more} more criteria don't hold or are open: see the job's summary"
        lines = [*lines[: MOST_ANNOTATIONS - 2], command("notice", message, "Evalhub", file)]
    return [first, *lines]


def command(kind: str, message: str, title: str, file: str = "") -> str:
    """One workflow command, escaped: whatever the message holds, it stays one line and one
    command."""
    fields = {"title": title} | ({"file": file} if file else {})
    properties = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{kind} {properties}::{_data(message)}"


def _kind(criterion: Criterion) -> str:
    if criterion.tier == "advisory":
        return "notice"
    return "error" if criterion.status is Status.FAIL else "warning"


def _severity(criterion: Criterion) -> int:
    return ["error", "warning", "notice"].index(_kind(criterion))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
