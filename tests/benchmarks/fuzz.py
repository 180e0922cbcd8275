"""Every form and every file reader, fed what nobody would write: for how long one likes.

python -m tests.benchmarks.fuzz --seconds 120 [--seed 1]

Ends with 1 at an answer of 500, at an error of a reader that isn't its own, or where the process
holds a quarter of a gigabyte more than when the fuzzing began. What led to it is made as small as
it can be and printed, with the seed that finds it again.
"""

import argparse
import gzip
import io
import logging
import os
import resource
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

GROWTH_MIB = 256
MOST_FAULTS = 10
NO_TOKEN = "00000000-0000-4000-8000-000000000000"
EXAMPLES = 200
"""A round's, of requests and of files; each round has a seed of its own."""
ODD = (
    "", " ", "0", "-1", "1", "2", "9" * 25, "1e400", "nan", "null", "true", "[]", "{}",
    '{"a": 1}', "\x00", "\x1b[31m", "\ud800", "\u202e", "é", "ﬁ", "<script>", "'; --",
    "../../etc/passwd", "{{ 7*7 }}", "%s%n", "left", "both-bad", "close", "remove", "quota",
    "owner", "ship", "a@b.cd", "A@B.CD", "2026-02-31", "x" * 5_000, "*" * 500, "(a+)+$",
    "&a [*a, *a]", "- " * 400,
)  # fmt: skip
ROW = '{"id": "a", "input": "What?", "output": "That.", "reference": ["That."]}\n'
DOCUMENTS = (
    "study: a\narms: {a: 1}\n",
    "schema: evalhub.policy/1\nalpha: 0.025\ncriteria: {a: {role: primary}}\n",
    "schema: evalhub.study/1\nproject: p\nname: n\nbaseline: b\narms: {b: {kind: base}}\n"
    "test_sets: {t: {file: t.jsonl, role: primary, metric: {name: exact_match}}}\n",
    '{"schema": "evalhub.evidence/1", "scores": "scores.csv", "test_sets": {"a": {}}}',
    "",
)
ROWS = (ROW * 3, "id,input,output\n1,a,b\n", "prompt,left,right\na,b,c\n", "")
UPLOADS = ("file", "left", "right", "pairs", "right_file")

EXACT = settings(
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


@dataclass(frozen=True)
class OddFile:
    name: str
    content: bytes


@dataclass(frozen=True)
class OddRequest:
    """By the `who`-th person that a site knows."""

    who: int
    method: str
    route: str
    htmx: bool
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, OddFile] = field(default_factory=dict)


def odd_texts() -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(ODD), st.text(max_size=30), st.integers().map(str), st.floats().map(str)
    )


@st.composite
def odd_files(draw: st.DrawFn) -> OddFile:
    """A small file that is nearly right, or isn't at all."""
    ending = draw(
        st.sampled_from([".jsonl", ".csv", ".parquet", ".jsonl.gz", ".yaml", ".json", ".txt"])
    )
    text = draw(st.sampled_from(DOCUMENTS if ending in (".yaml", ".json") else ROWS))
    whole = text + "".join(draw(st.lists(odd_texts(), max_size=3)))
    content = whole.encode("utf-8", "replace")
    if draw(st.booleans()):
        content = _changed(draw, content)
    if ending == ".jsonl.gz" and draw(st.booleans()):
        content = _changed(draw, gzip.compress(content, mtime=0))
    if ending == ".parquet" and draw(st.booleans()):
        content = _changed(draw, _parquet())
    return OddFile(f"odd{ending}", content)


def _changed(draw: st.DrawFn, content: bytes) -> bytes:
    """With a few bytes taken out of it here and there, and others put in."""
    raw = bytearray(content)
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(raw)))
        raw[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(raw)


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pa.table({"id": ["a", "b"], "input": ["What?", ""], "n": [1, None], "x": [[0.5], []]})
    written = io.BytesIO()
    pq.write_table(rows, written)
    return written.getvalue()


@st.composite
def odd_requests(
    draw: st.DrawFn, routes: Sequence[str], names: Sequence[str], people: int
) -> OddRequest:
    """Any address, any method, any fields and files, by somebody who may do all or nothing."""
    method = draw(st.sampled_from(["GET", "POST"]))
    route = draw(st.sampled_from(routes))
    if draw(st.integers(0, 4)) == 4:
        route = route.replace("1", draw(st.sampled_from(ODD[2:8])))
    fields = draw(st.dictionaries(st.sampled_from(names), odd_texts(), max_size=8))
    files: dict[str, OddFile] = {}
    if method == "POST":
        files = draw(st.dictionaries(st.sampled_from(UPLOADS), odd_files(), max_size=2))
    who = draw(st.integers(0, people - 1))
    return OddRequest(who, method, route, draw(st.booleans()), fields, files)


class OddSite:
    """A site with a decided study and a review that goes on, its addresses, and people who may do
    all, much, little or nothing.

    What a request does is undone after it.
    """

    def __init__(self, team: Any) -> None:
        from django.test import Client

        from evalhub.accounts.models import User
        from evalhub.ledger.decide import decide_study
        from tests.reviews.assignments.test_assign import deal
        from tests.reviews.conftest import a_campaign
        from tests.serving.test_plain_fields import NAMES, ROUTES
        from tests.site.cases import a_measured_study

        decide_study(study=a_measured_study(team))
        turn = deal(a_campaign(team), team.rui)
        chief = User.objects.create_superuser("chief", email="chief@example.org")
        team.project.memberships.create(user=chief, role="owner")
        self.names = NAMES
        # Django's own admin fails where its address names no row: it is read-only, and not ours
        self.routes = [
            each.replace("/projects/1/", f"/projects/{team.project.slug}/").replace(
                NO_TOKEN, str(turn.token)
            )
            for each in ROUTES
            if not each.startswith("/api/")  # these are asked by tests/api/test_schemathesis.py
            if "logout" not in each and not each.startswith("/admin/")
        ]
        self.people = [team.signed_in(each) for each in (chief, team.olga, team.eva, team.rui)]
        self.people.append(Client())
        for each in self.people:
            each.raise_request_exception = False
        self._cookies = [deepcopy(each.cookies) for each in self.people]

    def requests(self) -> st.SearchStrategy[OddRequest]:
        return odd_requests(self.routes, self.names, len(self.people))

    def status(self, asked: OddRequest) -> int:
        from django.core.files.uploadedfile import SimpleUploadedFile
        from django.db import transaction

        client = self.people[asked.who]
        client.cookies = deepcopy(self._cookies[asked.who])
        sent: dict[str, Any] = {name: _sendable(text) for name, text in asked.fields.items()}
        for name, file in asked.files.items():
            sent[name] = SimpleUploadedFile(file.name, file.content)
        headers = {"HX-Request": "true"} if asked.htmx else {}
        with transaction.atomic():
            send = client.get if asked.method == "GET" else client.post
            status = int(send(asked.route, sent, headers=headers).status_code)
            transaction.set_rollback(True)
        return status


def read_odd_file(file: OddFile, folder: Path) -> str:
    """What became of it in every reader that takes such a file.

    An error that isn't the readers' own is raised as it is.
    """
    from evalhub.decision.policy import read_policy
    from evalhub.io.document import Document
    from evalhub.io.rows import DataError, read_rows
    from evalhub.studies.file.origin import OperatorFile, UploadedStudy
    from evalhub.studies.file.spec import read_study
    from evalhub.studies.files.evidence import read_source

    path = folder / file.name
    path.write_bytes(file.content)
    readers: list[Callable[[Path], object]] = [lambda path: [*read_rows(path)]]
    if path.suffix in (".yaml", ".json"):
        readers = [Document, read_policy, read_source]
        readers.append(lambda path: read_study(path, OperatorFile()))
        readers.append(lambda path: read_study(path, UploadedStudy({}, ())))
    taken = 0
    for read in readers:
        try:
            read(path)
            taken += 1
        except DataError:
            pass
    return "read" if taken else "refused"


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


def fuzz(seconds: float, first: int, folder: Path) -> int:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()
    logging.disable(logging.WARNING)  # of each refusal
    from tests.cast import a_team

    site, done = OddSite(a_team()), Counter[str]()

    def ask(asked: OddRequest) -> None:
        status = site.status(asked)
        done[str(status)] += 1
        assert status < 500 or status == 503, status

    def read(file: OddFile) -> None:
        done[f"file {read_odd_file(file, folder)}"] += 1

    rounds = settings(EXACT, max_examples=EXAMPLES)
    tries = (ask, {"asked": site.requests()}), (read, {"file": odd_files()})
    number, faults, before, end = first, 0, _held(), perf_counter() + seconds
    while perf_counter() < end and faults < MOST_FAULTS:
        for work, odd in tries:
            try:
                seed(number)(rounds(given(**odd)(work)))()
            except Exception as fault:
                faults += 1
                print(f"seed {number}:")  # noqa: T201
                traceback.print_exception(fault)
        number += 1
    grown = _held() - before
    print(f"{sum(done.values()):,} tries in {seconds:.0f} s: {dict(done.most_common())}")  # noqa: T201
    print(f"{faults} faults in the rounds of seeds {first} to {number - 1}")  # noqa: T201
    print(f"the process holds {grown:.0f} MiB more than at the start, of {GROWTH_MIB}")  # noqa: T201
    return int(faults > 0 or grown > GROWTH_MIB)


def _sendable(text: str) -> str:
    """Half a surrogate pair is no UTF-8: it is sent as the three bytes that it would be."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _held() -> float:
    """MiB that the process holds at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
