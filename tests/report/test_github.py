"""Annotations for GitHub Actions: how many, and that a message is one command."""

from evalhub.decision.document import DecisionRecord
from evalhub.declare.declaration import validate
from evalhub.report.github import MOST_ANNOTATIONS, annotations, command
from tests.decision.made_up import a_criterion, a_guard
from tests.decision.recorded import a_record


def record(*criteria: object, **options: object) -> DecisionRecord:
    return validate(DecisionRecord, a_record(criteria, **options))  # type: ignore[arg-type]


def test_a_ship_is_one_notice() -> None:
    (line,) = annotations(record(a_criterion(0.1, 0.2)))
    assert line.startswith("::notice title=Evalhub::Ship: Unregistered: tuned gains")


def test_what_fails_comes_before_what_is_open_beside_the_study_file() -> None:
    open_ = a_guard(-0.1, 0.1, name="open")
    told = annotations(record(a_criterion(0.1, 0.2), open_, a_guard(-0.3, -0.2)), "evals/s.yaml")
    assert [line.partition("::")[2].split(" ")[0] for line in told] == ["error", "error", "warning"]
    assert all("file=evals/s.yaml" in line for line in told)


def test_no_more_than_github_keeps() -> None:
    failing = [a_guard(-0.3, -0.2, name=f"g{n}") for n in range(40)]
    told = annotations(record(a_criterion(0.1, 0.2), *failing))
    assert len(told) == MOST_ANNOTATIONS
    assert told[-1].endswith("32 more criteria don't hold or are open: see the job's summary")


def test_invalid_evidence_says_why() -> None:
    told = annotations(record(a_criterion(0.1, 0.2), invalid=["base has no answers"]))
    assert told[0].startswith("::error title=Evalhub::Invalid evidence: ")
    assert any("base has no answers" in line for line in told[1:])


def test_a_message_is_one_line_and_one_command() -> None:
    line = command("error", "a\n::set-env name=PATH::x\r100%", "t,i:t\nle", "a,b:c.yaml")
    assert line.splitlines() == [line]
    assert line == (
        "::error title=t%2Ci%3At%0Ale,file=a%2Cb%3Ac.yaml::a%0A::set-env name=PATH::x%0D100%25"
    )


def test_a_ship_that_is_held_back_is_an_error() -> None:
    (line,) = annotations(record(a_criterion(0.1, 0.2)), hold_reason="A person overrode it: hold")
    assert line == "::error title=Evalhub::Held back: A person overrode it: hold"
