"""The heaviest requests of every operation of the OpenAPI document, for `heavy_flood`."""

import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import evalhub
from evalhub.features.traffic.files.reading import MOST_ROWS
from tests.benchmarks.heavy_traffic import (
    JOB_ROWS,
    Caller,
    an_experiment,
    an_input,
    drawn_answers,
    send_questions,
)

LIGHT = {
    "delete": "one row, or what is half-written",
    "put /files/{name}": "as PATCH",
    "/promotion": "a verb on one row",
    "/campaigns/{id}": "a verb on one row",
    "/cancel": "a verb on one row",
    "/close": "a verb on one row",
    "/example-queues": "one row",
    "/example-queues/{id}/examples": "1,000 rows at most; a job where its body is large",
    "/deliveries/{delivery}/replay": "a verb on one row",
    "/epochs": "a verb on one row",
    "/finish": "once for each ingestion; a job where it is heavy",
    "/invitations": "one row",
    "/members": "one row",
    "/override": "a verb on one row",
    "/publish": "once for each working set; a job where it is heavy",
    "/reopen": "a verb on one row",
    "/resume": "a verb on one row",
    "/retire": "a verb on one row",
    "/rollback": "a verb on one row",
    "/shadow": "a verb on one row",
    "/share": "a verb on one row",
    "/sign-offs": "one row",
    "/data-reports": "one row; a job where its report is large",
    "/stop": "a verb on one row",
    "/monitors": "one row, and of answers a run, which workers do",
    "/looks": "a verb on one row",
    "/end": "a verb on one row",
    "/example-exports": "of rows that people wrote one by one",
    "/example-publications": "of rows that people wrote one by one",
    "/acknowledge": "a verb on one row",
    "/snooze": "a verb on one row",
    "/resolve": "a verb on one row",
    "/assign": "a verb on one row",
    "/monitoring": "one row",
    "/acceptance": "an owner's verb, once for each decision that is held",
    "/score-cases": "one row",
    "/comments": "one row",
    "/decisions/{id}/links": "one row",
    "/decline": "a verb on one row",
    "/retrained": "a verb on one row",
    "post /score-audits/{id}/answers": "one row",
    "/secret": "one row",
    "/tokens": "one row",
    "/vouching": "a verb on one row",
    "/webhooks": "one row",
    "/webhooks/{id}": "one row",
    "/items/{item}": "one row",
    "/members/{id}": "one row",
    "/ingestions": "one row",
    "/traffic": "one row",
    "/traffic/names": "one row",
}
"""Writes that no evaluator makes heavy, by how their operation ends or begins, and why."""


HEAVY = frozenset(
    {
        "patch /files/{name}",
        "patch /ingestions/{id}/rows",
        "post /campaigns",
        "post /experiments",
        "post /experiments/plans",
        "post /experiments/{id}/answers",
        "post /experiments/{id}/scores",
        "post /imports",
        "post /models/{slug}/versions",
        "post /peeks",
        "post /requests",
        "post /runs",
        "post /score-audits",
        "post /signals",
        "post /studies",
        "post /studies/{slug}/copies",
        "post /studies/{slug}/decisions",
        "post /studies/{slug}/policy",
        "post /test-sets/{slug}/versions",
        "post /example-queues/{id}/draws",
        "post /traffic/samples",
        "post /working-sets",
        "post /working-sets/{id}/changes",
        "post /working-sets/{id}/items",
        "post /working-sets/{id}/near-copies",
        "post /working-sets/{id}/split",
    }
)
"""The writes that an evaluator can make heavy: the flood sends each."""


@dataclass
class Kind:
    """Requests of one operation.

    Attributes:
        make: (path below the project, body) of the n-th.
        cpu_ms: of the site's own process, for one that came alone.
    """

    name: str
    method: str
    make: Callable[[int], tuple[str, bytes]]
    headers: dict[str, str] = field(default_factory=dict)
    cpu_ms: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)


def lines(count: int, seed: int = 0, **names: Callable[[int], str]) -> bytes:
    rows = ({"id": f"q{i}"} | {name: make(i) for name, make in names.items()} for i in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def operations() -> dict[str, dict[str, Any]]:
    """Of the OpenAPI document below the project: by "method path", what it says."""
    text = Path(evalhub.__file__).parent / "api" / "openapi.json"
    prefix = "/api/v1/projects/{project}"
    return {
        f"{method} {path.removeprefix(prefix)}": operation
        for path, at in json.loads(text.read_text())["paths"].items()
        if path.startswith(prefix)
        for method, operation in at.items()
        if method in ("get", "post", "put", "patch", "delete")
    }


def is_light(name: str) -> bool:
    method, _, path = name.partition(" ")
    return method != "get" and (
        method in LIGHT
        or name in LIGHT
        or any(path.endswith(end) for end in LIGHT if end[0] == "/")
    )


def heavy_kinds(caller: Caller, items: int) -> list[Kind]:
    """Every operation that isn't light, on what was made for it. Raises for one that is unknown."""
    ids, writes = _made(caller, items)
    assert set(writes) == HEAVY
    kinds = []
    for name, operation in operations().items():
        method, _, path = name.partition(" ")
        if method != "get":
            if name in writes:
                kinds += writes[name]
            elif not is_light(name):
                raise LookupError(f"{name} is neither among the heavy requests nor among LIGHT")
            continue
        query = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        for filled in _filled(path, ids):
            at = filled + ("?page_size=500" if "page_size" in query else "")
            kinds.append(Kind(f"GET {filled}", "GET", lambda n, at=at: (at, b"")))
    return kinds


def _filled(path: str, ids: dict[str, str]) -> list[str]:
    """The path with what was made in place of its names; exports once for each of theirs."""
    if path == "/exports/{what}":
        return [f"/exports/{what}" for what in (
            f"answers?study={ids['/studies']}", f"study?study={ids['/studies']}", "decisions",
            f"report?decision={ids['/decisions']}", f"every-eval-ever?decision={ids['/decisions']}",
        )]  # fmt: skip
    for noun, value in ids.items():
        for name in ("{id}", "{slug}", "{name}"):
            path = path.replace(f"{noun}/{name}", f"{noun}/{value}")
    return [path.replace("{number}", "1").replace("{item}", ids["item"])]


def _made(caller: Caller, items: int) -> tuple[dict[str, str], dict[str, list[Kind]]]:
    """What the requests name, and the writes among them, by operation."""
    from evalhub.features.experiments.judged.drawing import MOST
    from tests.features.experiments.plan_form import EXPERIMENT, PLAN

    asked = lines(items, input=an_input, reference=lambda i: str(i))
    half = lines(items // 3, input=an_input, reference=lambda i: str(i))
    right, wrong = (lines(items // 3, output=lambda i, k=k: str(i // k)) for k in (1, 2))
    large = lines(JOB_ROWS, input=an_input)
    # answers to a version that is just below what is a job
    recorded = lines(items, output=lambda i: str(i))
    file, few, good, bad, many, answers = (
        caller.upload(each) for each in (asked, half, right, wrong, large, recorded)
    )

    def study(slug: str) -> dict[str, Any]:
        tuned = {"kind": "lora", "parent": "base", "backend": {"recorded": good}}
        arms = {"base": {"kind": "base", "backend": {"recorded": bad}}, "tuned": tuned}
        sets = {"flood": {"file": few, "role": "primary", "metric": {"name": "exact_match"}}}
        return {"schema": "evalhub.study/1", "name": slug, "slug": slug, "baseline": "base",
                "arms": arms, "test_sets": sets}  # fmt: skip

    caller.got("POST", "/studies", study("first"))
    while caller.got("GET", "/studies/first?wait=20")["state"] in ("running", "advancing"):
        time.sleep(0.5)
    decided = caller.got("POST", "/studies/first/decisions", {})
    caller.got("POST", "/test-sets/whole/versions", {"file": file})
    caller.got("POST", "/models/recorded/versions", {"kind": "base"})
    working = caller.got("POST", "/working-sets", {"test_set": "whole"})["id"]
    item = caller.got("GET", f"/working-sets/{working}/items?page_size=1")["results"][0]
    metric = {"name": "exact_match"}
    begun = caller.got("POST", "/ingestions", {
        "model": "recorded", "test_set": "whole", "metrics": [metric],
    })  # fmt: skip
    run = caller.got("GET", f"/runs/{decided['runs'][0]['id']}")
    scored = run["metrics"][0]["digest"]
    audit = caller.got("POST", "/score-audits", {"metric": scored, "size": 50})
    caller.got("PATCH", "/traffic", {"text_share": 1})
    send_questions(caller, items)
    queue = caller.got("POST", "/example-queues", {"name": "flood"})
    experiment = an_experiment(caller, items)
    judged = drawn_answers(caller, experiment)
    ids = {
        "/studies": "first",
        "/decisions": str(decided["decisions"][0]["id"]),
        "/runs": str(decided["runs"][0]["id"]),
        "/test-sets": "whole",
        "/models": "recorded",
        "/working-sets": str(working),
        "/ingestions": str(begun["id"]),
        "/score-audits": str(audit["id"]),
        "/experiments": str(experiment),
        "/example-queues": str(queue["id"]),
        "/files": file,
        "item": str(item["url"].rpartition("/")[2]),
        "/campaigns": "1", "/jobs": "1", "/members": "1", "/tokens": "1", "/webhooks": "1",
    }  # fmt: skip
    # its last row is of no item: it is read whole, and refused each time
    part = lines(items + 1, output=lambda i: f"{i} " + "x" * 3_000)
    at = f"/working-sets/{working}"

    def posts(operation: str, path: str, *bodies: Any, method: str = "POST") -> list[Kind]:
        """A kind for each body; `{n}` in a path or a body is the request's number."""
        return [
            Kind(
                f"{method} {operation}" + (f" ({number + 1})" if len(bodies) > 1 else ""),
                method,
                lambda n, body=body: (
                    path.replace("{n}", str(n)),
                    json.dumps(body).replace("{n}", str(n)).encode(),
                ),
            )
            for number, body in enumerate(bodies)
        ]

    rows = [{"input": f"{{n}} {an_input(i)}"} for i in range(4_000)]
    log = caller.upload(_a_log(items))
    writes = {
        "post /test-sets/{slug}/versions": posts(
            "/test-sets/…/versions", "/test-sets/flood-{n}/versions", {"file": file}, {"file": many}
        ),
        "post /working-sets": posts(
            "/working-sets", "/working-sets",
            {"test_set": "flood-w-{n}", "file": file}, {"test_set": "flood-x-{n}", "file": many},
            {"test_set": "whole"},
        ),
        "post /working-sets/{id}/items": posts("…/items", f"{at}/items", {"rows": rows}),
        "post /working-sets/{id}/changes": posts(
            "…/changes", f"{at}/changes", {"verb": "tag", "tag": "t{n}", "items": {"text": ""}}
        ),
        "post /working-sets/{id}/near-copies": posts(
            "…/near-copies", f"{at}/near-copies", {"where": "inside"}, {"where": "others"},
            {"file": file},
        ),
        "post /working-sets/{id}/split": posts(
            "…/split", f"{at}/split", {"share": 0.5, "seed": 1}
        ),
        "post /studies": posts("/studies", "/studies", study("flood-{n}")),
        "post /studies/{slug}/copies": posts(
            "…/copies", "/studies/first/copies", {"name": "c-{n}"}
        ),
        "post /studies/{slug}/policy": posts(
            "…/policy", "/studies/first/policy",
            {"policy": {"planned_gain": 0.1}, "demands": {}, "dry_run": True},
        ),
        "post /studies/{slug}/decisions": posts("…/decisions", "/studies/first/decisions", {}),
        "post /campaigns": posts("/campaigns", "/campaigns", {
            "study": "first", "test_set": "flood", "plan": {"items": 50, "question": "{n}?"},
        }),
        "post /runs": posts("/runs", "/runs", {
            "model": "recorded", "test_set": "whole", "metrics": [metric], "answers": answers,
        }),
        "post /experiments": posts("/experiments", "/experiments", EXPERIMENT),
        "post /experiments/plans": posts("…/plans", "/experiments/plans", {"plan": PLAN}),
        "post /experiments/{id}/answers": posts(
            "…/answers", f"/experiments/{experiment}/answers", {"n": MOST}
        ),
        "post /experiments/{id}/scores": posts(
            "…/scores", f"/experiments/{experiment}/scores",
            {"scores": [{"id": answer["id"], "value": 1} for answer in judged]},
        ),
        "post /models/{slug}/versions": posts(
            "/models/…/versions", "/models/flood-{n}/versions",
            {"kind": "lora", "notes": "n" * 20_000},
        ),
        "post /peeks": [Kind(
            "POST /peeks", "POST", lambda n: ("/peeks", _files_compared(items, n)),
        )],
        "post /score-audits": posts("audits", "/score-audits", {"metric": scored, "size": 1_000}),
        "post /imports": posts("/imports", "/imports", {
            "kind": "promptfoo", "files": {"results.json": log}, "test_set": "log-{n}",
        }),
        "patch /ingestions/{id}/rows": [Kind(
            "PATCH /ingestions/…/rows", "PATCH",
            lambda n: (f"/ingestions/{begun['id']}/rows", part),
            {"Content-Type": "application/x-ndjson", "Upload-Offset": "0"},
        )],
        "post /requests": [Kind(
            "POST /requests", "POST",
            lambda n: ("/requests", _traffic(items, n, model="flood", output="x" * 3_000)),
            {"Content-Type": "application/x-ndjson"},
        )],
        "post /signals": [Kind(
            "POST /signals", "POST",
            lambda n: ("/signals", _traffic(items, n, name="thumb", request=f"{n}-0")),
            {"Content-Type": "application/x-ndjson"},
        )],
        "post /example-queues/{id}/draws": posts(
            "/example-queues/…/draws", f"/example-queues/{queue['id']}/draws",
            {"since": "2020-01-01T00:00:00Z", "n": 500, "seed": 1, "dry_run": True},
        ),
        "post /traffic/samples": posts(
            "/traffic/samples", "/traffic/samples",
            {"since": "2020-01-01T00:00:00Z", "n": 500, "test_set": "sample-{n}",
             "by": ["language"], "where": {"model": "asked"}},
        ),
        "patch /files/{name}": [Kind(
            "PATCH /files/…", "PATCH",
            lambda n: (f"/files/sha256:{hashlib.sha256(f'{n}'.encode()).hexdigest()}", part),
            {"Content-Type": "application/octet-stream", "Upload-Offset": "0"},
        )],
    }  # fmt: skip
    return ids, writes


def _traffic(rows: int, n: int, **fields: str) -> bytes:
    """The rows of the n-th batch, as many as a body may have."""
    now = datetime.now(UTC).isoformat()
    count = min(rows, MOST_ROWS)
    dicts = ({"id": f"{n}-{i}", "time": now} | fields for i in range(count))
    return b"".join(json.dumps(row).encode() + b"\n" for row in dicts)


def _files_compared(items: int, seed: int) -> bytes:
    """A claim on all of a test set's items that nobody has made before."""
    draw = random.Random(seed)
    after = [float(draw.random() < 0.6) for _ in range(items)]
    claim = {
        "test_set": "whole",
        "role": "primary",
        "metric": "exact_match",
        "items": {"ids": [f"q{i}" for i in range(items)]},
        "baseline": {"scores": [0.0] * items},
        "candidate": {"scores": after},
    }
    return json.dumps({"alpha": 0.025, "sources": ["scores.csv"], "claims": [claim]}).encode()


def _a_log(items: int) -> bytes:
    """A promptfoo result file of some hundred answers, just below 500 KB."""
    results = [
        {"promptIdx": 0, "testIdx": i, "prompt": {"raw": an_input(i), "label": "p"},
         "provider": {"id": "m"}, "vars": {"q": an_input(i)}, "response": {"output": f"{i}"},
         "success": True, "score": 1, "gradingResult": {"pass": True, "score": 1}}
        for i in range(min(items, 1_200))
    ]  # fmt: skip
    return json.dumps({"version": 3, "results": {"version": 3, "results": results}}).encode()
