"""How fast a large JSONL file is imported on SQLite, and in how much memory.

python -m tests.benchmarks.import_items --items 1000000
"""

import argparse
import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter


def write_items(path: Path, n: int) -> None:
    """A file of `n` items of about 400 bytes, as a support desk would have them."""
    with path.open("w") as file:
        for i in range(n):
            item = {
                "id": f"ticket-{i:07}",
                "input": f"Customer {i % 5000} writes: {'my parcel is late, ' * 12}order {i}",
                "reference": json.dumps({"intent": "late", "order": i}),
                "tags": [("parcel", "refund", "account")[i % 3]],
                "cluster": f"customer-{i % 5000}",
                "month": i % 12 + 1,
            }
            file.write(json.dumps(item) + "\n")


def peak_mib() -> float:
    """The most memory this process has held so far (ru_maxrss is in KiB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory(prefix="evalhub-import-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        measure(Path(folder), items)


def measure(folder: Path, n: int) -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()

    from evalhub.accounts.models import Project
    from evalhub.registry.importing import import_test_set

    project = Project.objects.create(slug="desk", name="Support desk")
    path = folder / "items.jsonl"
    write_items(path, n)
    sys.stdout.write(f"{n:,} items, {path.stat().st_size / 1e6:,.0f} MB of JSONL\n")
    sys.stdout.write(f"peak memory before: {peak_mib():.0f} MiB\n")
    for what in ("first import", "same content again"):
        start = perf_counter()
        version = import_test_set(project=project, slug="tickets", path=path)
        seconds = perf_counter() - start
        sys.stdout.write(
            f"{what}: {seconds:.1f} s, {version.item_count / seconds:,.0f} items/s, "
            f"peak memory {peak_mib():.0f} MiB\n"
        )


if __name__ == "__main__":
    main()
