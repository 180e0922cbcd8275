"""A decision as JUnit XML, which every CI shows: a test case a criterion, and one for the verdict.

Pure. A verdict of hold is a failure, invalid evidence an error, and need-more-data is skipped: what
ends the job is the exit code, which its message names.
"""

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.declare.verdicts import Status, Verdict, split_mark

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold (its production 2, Char)."""

_RESULTS: dict[Verdict, type[FinalResult]] = {
    Verdict.HOLD: Failure,
    Verdict.INVALID: Error,
    Verdict.MORE: Skipped,
}


def junit(record: DecisionRecord, *, hold_reason: str = "") -> bytes:
    """The record as a JUnit file.

    Args:
        hold_reason: why a ship is held back all the same.
    """
    suite = TestSuite(_clean(_suite_name(record)))
    cases = [_criterion_case(each) for each in record.criteria]
    _add(suite, [*cases, _verdict_case(record, hold_reason)])
    return _to_bytes(suite)


def junit_undecided(name: str, why: str) -> bytes:
    """A JUnit file that says there is no verdict; it replaces one of an earlier run.

    Args:
        name: of the study.
        why: a sentence.
    """
    suite, case = TestSuite(_clean(name)), TestCase("verdict", "evalhub")
    case.result = [Error(_clean(f"undecided: {why}"), "undecided")]
    _add(suite, [case])
    return _to_bytes(suite)


def _suite_name(record: DecisionRecord) -> str:
    return record.study.name if record.study else "evalhub"


def _criterion_case(criterion: Criterion) -> TestCase:
    """The test case of a criterion. Only criteria that decide can fail; advisory ones, and open
    supporting ones, are skipped with a message."""
    case = TestCase(_clean(criterion.name), _clean(f"evalhub.{criterion.role}"))
    sentence = _clean(split_mark(criterion.sentence)[1])
    if criterion.status is Status.FAIL and criterion.tier != "advisory":
        case.result = [Failure(sentence, "fails")]
    elif criterion.status is Status.FAIL:
        case.result = [Skipped(f"fails, and is advisory: {sentence}", "advisory")]
    elif criterion.status is Status.OPEN:
        case.result = [Skipped(sentence, "open")]
    case.system_out = sentence
    return case


def _verdict_case(record: DecisionRecord, hold_reason: str) -> TestCase:
    verdict, case = record.verdict, TestCase("verdict", "evalhub")
    if hold_reason:
        message = f"Held back (exit code {Verdict.HOLD.exit_code}): {hold_reason}"
        case.result = [Failure(_clean(message), "held")]
    elif verdict in _RESULTS:
        message = f"{verdict.label} (exit code {verdict.exit_code}): {record.headline}"
        result = _RESULTS[verdict](_clean(message), str(verdict))
        result.text = _clean("\n".join(record.reasons))
        case.result = [result]
    case.system_out = _clean("\n".join([record.headline, *record.reasons]))
    return case


def _add(suite: TestSuite, cases: list[TestCase]) -> None:
    for case in cases:
        case.time = 0.0
    suite.add_testcases(cases)


def _to_bytes(suite: TestSuite) -> bytes:
    whole = JUnitXml("evalhub")
    whole.add_testsuite(suite)
    whole.update_statistics()  # type: ignore[no-untyped-call]
    text: str | bytes = whole.tostring()  # type: ignore[no-untyped-call]
    return text if isinstance(text, bytes) else text.encode()


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
