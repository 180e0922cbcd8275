"""Reports of a decision for a pipeline: complete files or none, and GitHub's own."""

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evalhub.frames.command.outputs import check_output, whole, write_json

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

SUMMARY, OUTPUTS, WORKSPACE = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE"


@dataclass(frozen=True, slots=True)
class SiteDecision:
    """A decision as a pipeline is told of it.

    Attributes:
        flips: what changed, as `evalhub.report.flips.flip_of` takes it, the worst first.
        changed_since: a sentence for each thing that has changed since it was decided.
        link: where it is to be read; "": nowhere but here.
        refused: why a site's gate doesn't let it through; "": there is no gate but the verdict,
            or it does.
    """

    record: "DecisionRecord"
    flips: Sequence[Mapping[str, Any]] = ()
    changed_since: Sequence[str] = ()
    link: str = ""
    refused: str = ""

    @property
    def hold_reason(self) -> str:
        """Why a ship is held back all the same; "" if it isn't."""
        return self.refused if self.record.verdict.exit_code == 0 else ""

    @property
    def exit_code(self) -> int:
        """The verdict's exit code; for a ship that a gate refuses, that of a hold."""
        from evalhub.declare.verdicts import Verdict

        return Verdict.HOLD.exit_code if self.hold_reason else self.record.verdict.exit_code


@dataclass(frozen=True, slots=True)
class Reports:
    """Where a pipeline wants to be told; None: not there."""

    junit: Path | None = None
    markdown: Path | None = None
    out: Path | None = None
    github: bool = False

    def check(self, inputs: Iterable[Path]) -> None:
        """Raises, before anything is asked, if a report can't be written.

        Raises typer.BadParameter and evalhub.io.rows.DataError as `check_output` does.
        """
        read = [*inputs]
        for path, option in self._files():
            check_output(path, option=option, inputs=read)
        if self.github and not os.environ.get(SUMMARY):
            raise typer.BadParameter(
                f"is for a step of GitHub Actions, and {SUMMARY} isn't set", param_hint="--github"
            )

    def begin(self, name: str) -> None:
        """Writes "not decided yet" into the files: a killed job leaves that, and nothing of an
        earlier one."""
        from evalhub.report.junit import junit_undecided
        from evalhub.report.markdown import markdown_undecided

        why = "the command didn't come to its end"
        self._put(self.junit, "--junit", junit_undecided(name, why))
        self._put(self.markdown, "--markdown", markdown_undecided(name, why).encode())
        if self.out is not None:
            self.out.unlink(missing_ok=True)

    def write(self, decision: SiteDecision, study: Path, capability: Collection[str]) -> None:
        """Writes all reports of a decision on the study of this file, in which these are the test
        sets of general capability."""
        from evalhub.report.github import annotations
        from evalhub.report.junit import junit
        from evalhub.report.markdown import SUMMARY_BYTES, markdown
        from evalhub.report.skills import skills_of

        record = decision.record
        options: dict[str, Any] = {
            "skills": skills_of(record, capability),
            "changed_since": decision.changed_since,
            "link": decision.link,
            "hold_reason": decision.hold_reason,
        }
        self._put(self.junit, "--junit", junit(record, hold_reason=decision.hold_reason))
        self._put(self.markdown, "--markdown", markdown(record, decision.flips, **options).encode())
        if self.out is not None:
            write_json(self.out, record.as_json(), option="--out")
        if self.github:
            room = SUMMARY_BYTES - _size(Path(os.environ[SUMMARY]))
            if room > 0:
                _append(SUMMARY, markdown(record, decision.flips, most=room, **options))
            outputs = _outputs(decision)
            _append(OUTPUTS, "".join(f"{name}={value}\n" for name, value in outputs.items()))
            _say(annotations(record, _in_workspace(study), hold_reason=decision.hold_reason))

    def write_undecided(self, name: str, why: str, study: Path) -> None:
        """Writes into all reports that there is no verdict."""
        from evalhub.report.github import command
        from evalhub.report.junit import junit_undecided
        from evalhub.report.markdown import markdown_undecided

        text = markdown_undecided(name, why)
        self._put(self.junit, "--junit", junit_undecided(name, why))
        self._put(self.markdown, "--markdown", text.encode())
        if self.github:
            _append(SUMMARY, text)
            _say([command("error", f"Undecided: {why}", "Evalhub", _in_workspace(study))])

    def _files(self) -> list[tuple[Path | None, str]]:
        return [(self.junit, "--junit"), (self.markdown, "--markdown"), (self.out, "--out")]

    def _put(self, path: Path | None, option: str, content: bytes) -> None:
        if path is not None:
            with whole(path, option=option) as file:
                file.write_bytes(content)


def _outputs(decision: SiteDecision) -> dict[str, str]:
    """Outputs of this GitHub Actions step for later steps, one line each."""
    from evalhub.io.canonical import digest_of

    return {
        "verdict": str(decision.record.verdict),
        "exit-code": str(decision.exit_code),
        "headline": " ".join((decision.hold_reason or decision.record.headline).split()),
        "decision": digest_of(decision.record.as_json()),
        "link": decision.link,
    }


def _say(commands: Iterable[str]) -> None:
    """Prints to standard error, where GitHub reads commands too: standard output may be one
    document."""
    for line in commands:
        sys.stderr.write(f"{line}\n")


def _append(variable: str, text: str) -> None:
    if path := os.environ.get(variable):
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            error.filename = error.filename or path
            raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _in_workspace(study: Path) -> str:
    """The study file's path in GitHub's workspace; "" if it is elsewhere."""
    top = Path(os.environ.get(WORKSPACE) or ".").resolve()
    file = study.resolve()
    return str(file.relative_to(top)) if file.is_relative_to(top) else ""
