"""Every form and every file reader, fed what nobody would write: for how long one likes.

python -m tests.benchmarks.fuzz --seconds 120

Ends with 1 at an answer of 500, at an error of a reader that isn't its own, or where the process
holds a quarter of a gigabyte more than when the fuzzing began. What led to it is printed, and is
tried again by its seed.
"""

import argparse
import os
import random
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from time import perf_counter
from typing import Any

GROWTH_MIB = 256
ODD = (
    "", " ", "0", "-1", "1", "2", "9" * 25, "1e400", "nan", "null", "true", "[]", "{}",
    '{"a": 1}', "\x00", "\x1b[31m", "\ud800", "\u202e", "é", "ﬁ", "<script>", "'; --",
    "../../etc/passwd", "{{ 7*7 }}", "%s%n", "left", "both-bad", "close", "remove", "quota",
    "owner", "ship", "a@b.cd", "A@B.CD", "2026-02-31", "x" * 5_000, "*" * 500, "(a+)+$",
    "&a [*a, *a]", "- " * 400,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evalhub-fuzz-") as folder:
        os.environ |= {
            "EVALHUB_HOME": folder,
            "EVALHUB_DATABASE_URL": "",
            "EVALHUB_ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        sys.exit(fuzz(asked.seconds, asked.seed, Path(folder)))


def fuzz(seconds: float, seed: int, folder: Path) -> int:
    from evalhub.cli.setup import set_up_database

    set_up_database()
    tries: list[Callable[[random.Random], str]] = [a_request(folder), a_file(folder)]
    done, before, end = Counter[str](), _held(), perf_counter() + seconds
    number = seed
    while perf_counter() < end:
        chance = random.Random(number)
        found = tries[number % len(tries)](chance)
        done[found.split(":")[0]] += 1
        if found.startswith("FAULT"):
            print(f"seed {number}: {found}")  # noqa: T201
        number += 1
    grown = _held() - before
    print(f"{sum(done.values()):,} tries in {seconds:.0f} s: {dict(done.most_common())}")  # noqa: T201
    print(f"the process holds {grown:.0f} MiB more than at the start, of {GROWTH_MIB}")  # noqa: T201
    return int(done["FAULT"] > 0 or grown > GROWTH_MIB)


def a_request(folder: Path) -> Callable[[random.Random], str]:
    """Any address, any method, any fields and files, by somebody who may do all or nothing."""
    from django.db import transaction
    from django.test import Client

    from evalhub.accounts.models import User
    from evalhub.gate.decide import decide_study
    from tests.cast import a_team
    from tests.dashboard.cases import a_measured_study
    from tests.serving.test_plain_fields import NAMES, ROUTES

    team = a_team()
    study = a_measured_study(team)
    decide_study(study=study)
    chief = User.objects.create_superuser("chief", email="chief@example.org")
    team.project.memberships.create(user=chief, role="owner")
    people = [team.signed_in(each) for each in (chief, team.olga, team.eva, team.rui)]
    people.append(Client())
    for each in people:
        each.raise_request_exception = False
    # Django's own admin fails where its address names no row: it is read-only, and not ours
    routes = [
        each.replace("/projects/1/", f"/projects/{team.project.slug}/")
        for each in ROUTES
        if "logout" not in each and not each.startswith("/admin/")
    ]
    signed_in = [deepcopy(each.cookies) for each in people]

    def ask(chance: random.Random) -> str:
        route, who = chance.choice(routes), chance.randrange(len(people))
        client = people[who]
        client.cookies = deepcopy(signed_in[who])  # whatever the request before did to them
        if chance.random() < 0.2:
            route = route.replace("1", chance.choice(ODD[2:8]))
        fields: dict[str, Any] = {
            chance.choice(NAMES): chance.choice(ODD) for _ in range(chance.randrange(8))
        }
        for name in ("file", "left", "right", "pairs"):
            if chance.random() < 0.2:
                path = _written(folder, chance)
                fields[name] = path.open("rb")
        headers = {"HX-Request": "true"} if chance.random() < 0.5 else {}
        with transaction.atomic():
            if chance.random() < 0.5:
                texts = {name: each for name, each in fields.items() if isinstance(each, str)}
                answer = client.get(route, _sendable(texts), headers=headers)
            else:
                answer = client.post(route, _sendable(fields), headers=headers)
            transaction.set_rollback(True)
        for each in fields.values():
            if not isinstance(each, str):
                each.close()
        if answer.status_code >= 500 and answer.status_code != 503:
            return f"FAULT: {answer.status_code} at {route} with {fields!r:.800}"
        return f"{answer.status_code}"

    return ask


def a_file(folder: Path) -> Callable[[random.Random], str]:
    """Any bytes as a file of rows, of items or of a study."""
    from evalhub.files.document import Document
    from evalhub.files.rows import DataError, read_rows

    def read(chance: random.Random) -> str:
        path = _written(folder, chance)
        try:
            if path.suffix in (".yaml", ".json"):
                Document(path)
            else:
                for _ in read_rows(path):
                    pass
        except DataError:
            return "refused file"
        except Exception as error:
            return f"FAULT: {type(error).__name__}: {error} from {path.read_bytes()!r:.800}"
        finally:
            path.unlink()
        return "read file"

    return read


def _written(folder: Path, chance: random.Random) -> Path:
    """A small file that is nearly right, or isn't at all."""
    ending = chance.choice([".jsonl", ".csv", ".parquet", ".jsonl.gz", ".yaml", ".json", ".txt"])
    row = '{"id": "a", "input": "What?", "output": "That.", "reference": ["That."]}\n'
    text = chance.choice([row * 3, "id,input,output\n1,a,b\n", "study: a\narms: {a: 1}\n", ""])
    raw = bytearray((text + "".join(chance.choices(ODD, k=3))).encode("utf-8", "replace"))
    for _ in range(chance.randrange(6)):
        place = chance.randrange(len(raw) + 1)
        raw[place : place + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
    path = folder / f"{chance.randrange(10**9)}{ending}"
    path.write_bytes(bytes(raw))
    return path


def _sendable(fields: dict[str, Any]) -> dict[str, Any]:
    """Half a surrogate pair is no UTF-8: it is sent as the three bytes that it would be."""
    return {
        name: each.encode("utf-8", "surrogatepass").decode("latin-1")
        if isinstance(each, str)
        else each
        for name, each in fields.items()
    }


def _held() -> float:
    """MiB that the process holds at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
