"""What the pages say of the audit's false alarms is what the audit itself says."""

from pathlib import Path

from scipy.stats import binomtest

from reviews.audit.report import FALSE_ALARMS

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS = (DOCS / "reference/review-rates.md").read_text(encoding="utf-8")


def interval(hits: int, of: int) -> str:
    limits = binomtest(hits, of).proportion_ci(0.95, method="exact")
    return f"{limits.low:.4f} {limits.high:.4f}"


def test_of_all_its_tests_together() -> None:
    said = FALSE_ALARMS["simulated"]
    alarms, of = said["called_for_a_look"], said["fair_campaigns"]
    low, high = interval(alarms, of).split()
    assert f"| all | | {of:,} | {alarms} ({alarms / of:.4f}) | {low} to {high} |" in RESULTS
    assert [float(low), float(high)] == said["interval"]
    family = (DOCS / "explanation/decisions/audit-family.md").read_text(encoding="utf-8")
    assert f"{alarms} of {of:,} fair campaigns called for a look" in family


def test_of_text_alone() -> None:
    said = FALSE_ALARMS["text_alone"]
    hits, of = said["p_of_01_or_less"], said["fair_reviews"]
    low, high = interval(hits, of).split()
    [row] = [line for line in RESULTS.splitlines() if line.startswith(f"| all | | {of:,} | 0.")]
    assert row.endswith(f"| {hits / of:.4f} [{low}, {high}] |")
    assert [float(low), float(high)] == said["interval"]
