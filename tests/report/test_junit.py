"""The JUnit file of a decision, read back by another reader of XML."""

from typing import Any
from xml.etree import ElementTree

import pytest

from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.report.junit import junit, junit_undecided
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import a_record


def cases(written: bytes) -> dict[str, ElementTree.Element]:
    found = {each.attrib["name"]: each for each in ElementTree.fromstring(written).iter("testcase")}
    assert found
    return found


def record(*criteria: Any, **options: Any) -> DecisionRecord:
    return validate(DecisionRecord, a_record(criteria, **options))


def result(case: ElementTree.Element) -> str:
    return next((each.tag for each in case if each.tag != "system-out"), "passed")


@pytest.mark.parametrize(
    ("asked", "results"),
    [
        (record(a_criterion(0.1, 0.2)), {"triage": "passed", "verdict": "passed"}),
        (record(a_criterion(-0.2, -0.1)), {"triage": "failure", "verdict": "failure"}),
        (record(a_criterion(-0.1, 0.1)), {"triage": "skipped", "verdict": "skipped"}),
        (record(a_criterion(0.1, 0.2), invalid=["no answers"]), {"verdict": "error"}),
        (
            record(a_criterion(0.1, 0.2), a_guard(-0.2, -0.1)),
            {"triage": "passed", "sorting": "failure", "verdict": "failure"},
        ),
        (
            record(a_criterion(0.1, 0.2), a_guard(-0.2, -0.1, tier="advisory")),
            {"triage": "passed", "sorting": "skipped", "verdict": "passed"},
        ),
    ],
)
def test_a_case_a_criterion_and_one_for_the_verdict(
    asked: DecisionRecord, results: dict[str, str]
) -> None:
    written = junit(asked)
    assert {name: result(case) for name, case in cases(written).items()} == results
    root = ElementTree.fromstring(written)
    counted = {name: int(root.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    of = list(results.values())
    assert counted == {
        "tests": len(of),
        "failures": of.count("failure"),
        "errors": of.count("error"),
        "skipped": of.count("skipped"),
    }


def test_the_message_names_the_exit_code_and_the_text_the_reasons() -> None:
    asked = record(a_criterion(-0.1, 0.1))
    (skipped,) = cases(junit(asked))["verdict"].findall("skipped")
    assert skipped.attrib["message"] == f"Need more data (exit code 2): {asked.headline}"
    assert skipped.text == "\n".join(asked.reasons)


def test_what_xml_can_not_hold_is_replaced() -> None:
    asked = record(a_criterion(0.1, 0.2, name="]]><bad a='1'>\ud7ff"))
    told = asked.model_copy(update={"headline": "a\x00b\x1b[31m\ufffe <x> & \U0001f600"})
    case = cases(junit(told))["verdict"]
    assert case.findtext("system-out", "").startswith("a\ufffdb\ufffd[31m\ufffd <x> & \U0001f600")


def test_without_a_verdict_the_file_says_so() -> None:
    case = cases(junit_undecided("Shall we?", "it waits for 2 of its 4 runs"))["verdict"]
    assert result(case) == "error"
    assert case.find("error").attrib["message"] == "undecided: it waits for 2 of its 4 runs"  # type: ignore[union-attr]


def test_a_ship_that_is_held_back_is_a_failure() -> None:
    written = junit(record(a_criterion(0.1, 0.2)), hold_reason="A person overrode it: hold")
    assert {name: result(case) for name, case in cases(written).items()} == {
        "triage": "passed",
        "verdict": "failure",
    }
