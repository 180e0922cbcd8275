"""Files that somebody hands in on the page, and what the page makes of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Run, Study
from evalhub.studies.run.advance import advance
from evalhub.studies.web.pairs_upload import complete
from tests.site.test_campaign_pages import filled

COUNT = 40


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def sums(count: int = COUNT) -> str:
    """A test set: q0, q1, … ask for i + i."""
    return lines(
        *({"id": f"q{i}", "input": f"{i} + {i}?", "reference": str(2 * i)} for i in range(count))
    )


def answers(right: Callable[[int], bool], count: int = COUNT, said: str = "It is {}.") -> str:
    """Answers to `sums`; a wrong one is one too much."""
    return lines(
        *(
            {"id": f"q{i}", "output": said.format(2 * i + (0 if right(i) else 1))}
            for i in range(count)
        )
    )


BASE = answers(lambda i: i % 2 == 0)
TUNED = answers(lambda i: True)


def file(name: str, content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode())


def new() -> str:
    return reverse("site:new_comparison")


def three(items: str = "", base: str = BASE, tuned: str = TUNED) -> dict[str, Any]:
    """The files of a comparison, each in its place."""
    return {
        "items_file": file("sums.jsonl", items or sums()),
        "baseline_file": file("base.jsonl", base),
        "candidate_file": file("lora.jsonl", tuned),
    }


def with_files(client: Client, **given: Any) -> Any:
    """The page after the files were added."""
    return client.post(new(), filled(client.get(new())) | (given or three()))


def compared(client: Client, **changed: Any) -> Any:
    """What the page answers where somebody adds three files and presses Compare."""
    page = with_files(client)
    return client.post(new(), filled(page, **changed) | {"run": "1"}, follow=True)


def decided(study: Study) -> Any:
    """The decision on a study of recorded answers, its runs worked off here."""
    for run in Run.objects.filter(studies__arm__study=study).distinct():
        complete(run)
    (decision,) = advance(study=study, by=None).decisions
    return decision


def in_folder(folder: Path, **content: str) -> None:
    """Writes name=content as files name.jsonl."""
    for name, text in content.items():
        (folder / f"{name}.jsonl").write_text(text)
