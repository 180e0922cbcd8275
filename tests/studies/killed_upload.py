"""Uploads that are killed: `python -m tests.studies.killed_upload`, with a home of its own.

One process forks another for each place in which an upload can be: that one is the upload, and
kills itself there by SIGKILL, as a machine does that runs out of memory. What is left behind is
counted, and taken away by the site. Prints what was found as JSON.
"""

import json
import os
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

ROWS = [{"id": i, "prompt": f"What is {i}?", "left": "one", "right": "two"} for i in range(4)]


def main() -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    from django.db import connection

    from evalhub.accounts.models import Project
    from evalhub.registry import drafts

    project = Project.objects.create(slug="desk", name="Desk")
    drafts.ROWS = 2
    before = counted()
    found: list[dict[str, Any]] = []
    while True:
        connection.close()
        child = os.fork()
        if child == 0:
            upload(project, killed_at=len(found) + 1)
            os._exit(0)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if not killed:
            break
        left = {name: n - before[name] for name, n in counted().items() if n != before[name]}
        found.append({"left": left, "gone": taken_away(before)})
    json.dump({"killed": found, "uploaded": counted()}, sys.stdout)


def upload(project: Any, killed_at: int) -> None:
    """Uploads, and is killed before the `killed_at`-th thing that a writer says to live by."""
    from evalhub.registry import drafts
    from evalhub.studies.web.pairs_upload import register_upload

    said, renew = 0, drafts.renew

    def dying(draft: Any) -> None:
        nonlocal said
        said += 1
        if said == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        renew(draft)

    drafts.renew = dying
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        register_upload(project=project, by=None, name="tone", path=path)


def counted() -> dict[str, int]:
    from evalhub.registry.models import Item, Model, ModelVersion, Output, Run, TestSet
    from evalhub.registry.models import TestSetVersion as Version

    return {
        "sets": TestSet.objects.count(),
        "versions": Version.with_drafts.count(),
        "items": Item.objects.count(),
        "models": Model.objects.count(),
        "model versions": ModelVersion.with_drafts.count(),
        "runs": Run.with_drafts.count(),
        "outputs": Output.objects.count(),
    }


def taken_away(before: dict[str, int]) -> bool:
    """Whether the site, once the writers' time is over, takes all of it away."""
    from django.utils import timezone

    from evalhub.features.table import TIDIED
    from evalhub.registry.models import ModelVersion, Run, TestSetVersion
    from evalhub.studies.run.tidying import tidy

    tidy(TIDIED)  # too early: the writer could be slow
    if counted() == before:
        return False
    past = timezone.now() - timedelta(seconds=1)
    for kind in (TestSetVersion, ModelVersion, Run):
        kind.with_drafts.filter(draft_until__isnull=False).update(draft_until=past)
    tidy(TIDIED)
    return counted() == before


if __name__ == "__main__":
    main()
