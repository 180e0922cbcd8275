"""The report of the demo's training file in docs/tutorials/demo.md: `python -m
tests.demo.training_section` writes it again, after a check says something else."""

import os
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorials/demo.md"
WEIGHTS = ("SERIOUS ", "IMPORTANT ", "MINOR ")
BLOCK = re.compile(r"(?<=## Its training file\n)(.*?```text\n)(.*?)(?=```\n)", re.DOTALL)


def block_there() -> str:
    """What the page says."""
    match = BLOCK.search(PAGE.read_text(encoding="utf-8"))
    assert match is not None
    return match[2]


def block_due() -> str:
    """What a check says now: what it begins with, and each finding's first line."""
    from evalhub.demo.training_report import training_report
    from evalhub.features.data.report_lines import report_lines

    report = training_report()
    lines = list(report_lines(report))
    titles = [line for line in lines if line.startswith(WEIGHTS)]
    return "".join(f"{line}\n" for line in [*lines[: lines.index("")], *titles])


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
    import django

    django.setup()
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda match: match[1] + block_due(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
