"""A decision as one self-contained HTML file: no server, no database, no script, nothing to
fetch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from evalhub.decision.document import DecisionRecord
from evalhub.decision.outcomes import Outcome
from evalhub.io.canonical import digest_of
from evalhub.report.criterion_page import criterion_page
from evalhub.report.decision_page import decision_page
from evalhub.report.flips import Flip, flip_of
from evalhub.report.joint_scores import JointScoresView
from evalhub.report.skills import Skills

# a file of all items of a large test set would open slowly; the worst of each kind say enough
MOST = {Outcome.LOST: 100, Outcome.WON: 25, Outcome.UNPAIRED: 25}
_STYLES = Path(__file__).parent / "static" / "report"


def render_report(
    record: DecisionRecord,
    flips: Sequence[Mapping[str, Any]],
    *,
    skills: Skills | None = None,
    joint: Sequence[JointScoresView] = (),
    lost: Sequence[Mapping[str, Any]] = (),
    totals: Mapping[Outcome, int] | None = None,
    digest: str = "",
) -> str:
    """Render the report as HTML.

    Takes what `report_context` takes.
    """
    context = report_context(
        record, flips, skills=skills, joint=joint, lost=lost, totals=totals, digest=digest
    )
    return render_to_string("report/one_file.html", context | {"style": mark_safe(_style())})


def report_context(
    record: DecisionRecord,
    flips: Sequence[Mapping[str, Any]],
    *,
    skills: Skills | None = None,
    joint: Sequence[JointScoresView] = (),
    lost: Sequence[Mapping[str, Any]] = (),
    totals: Mapping[Outcome, int] | None = None,
    digest: str = "",
) -> dict[str, Any]:
    """What the template of the report shows.

    Args:
        flips: items as `flip_of` takes them, in any order: key, input, reference,
            baseline_text, candidate_text, baseline, candidate, difference, outcome, test_set.
        skills: of general capability, by `evalhub.report.skills.skills_of`.
        joint: what lies behind the scores of all answers together.
        lost: some items of each skill that was lost, as `flips`.
        totals: how many items came out so, where those are not all of `flips`.
        digest: the record's SHA-256, where it is kept; else that of the record as it is.
    """
    counted = Counter(flip["outcome"] for flip in flips) if totals is None else totals
    names = {"baseline": record.arms.baseline.name, "candidate": record.arms.candidate.name}
    return {
        "page": decision_page(record),
        "skills": skills,
        "joint": [each for each in joint if each.labels or each.calibration],
        "examples": [flip_of(each, **names) for each in lost],
        "details": [criterion_page(record, n + 1) for n in range(len(record.criteria))],
        "title": f"{record.verdict.label}: {names['candidate']} against {names['baseline']}",
        "sections": [_section(outcome, counted.get(outcome, 0), flips, names) for outcome in MOST],
        "counts": [
            (outcome.label.capitalize(), number)
            for outcome in Outcome
            if (number := counted.get(outcome, 0))
        ],
        "words_used": [],
        "digest": digest or digest_of(record.as_json()),
    }


def _style() -> str:
    names = ("evalhub.css", "charts.css")
    return "\n".join((_STYLES / name).read_text(encoding="utf-8") for name in names)


def _section(
    outcome: Outcome, total: int, flips: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> tuple[str, int, list[Flip]]:
    """An outcome's label, the number of its items, and the first of them, largest change first."""
    rows = [flip for flip in flips if flip["outcome"] == outcome]
    rows.sort(key=lambda flip: -abs(flip["difference"] or 0.0))
    first = [flip_of(flip, **names) for flip in rows[: MOST[outcome]]]
    return outcome.label.capitalize(), total, first
