"""The table of criteria, and what is written of it."""

import re
from pathlib import Path

from evalhub.decision.criteria.budget import BudgetKind
from evalhub.decision.criteria.table import BUDGETS, CRITERIA, ROLES

ROOT = Path(__file__).resolve().parents[2]


def test_every_budget_has_its_row_in_the_reference() -> None:
    page = (ROOT / "docs/reference/policy-rules.md").read_text(encoding="utf-8")
    budgets = page[page.index("## Budgets") : page.index("## People")]
    assert re.findall(r"^\| `(\w+)` \|", budgets, re.MULTILINE) == list(BUDGETS)


def test_every_kind_is_a_file_of_its_own() -> None:
    assert [type(kind).__module__.rpartition(".")[2] for kind in CRITERIA] == [
        kind.key if isinstance(kind, BudgetKind) else kind.role for kind in CRITERIA
    ]


def test_only_budgets_share_a_role() -> None:
    roles = [kind.role for kind in CRITERIA]
    assert {role for role in ROLES if roles.count(role) > 1} == {"budget"}
