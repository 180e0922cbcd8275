"""How many rows PostgreSQL reads for the pages and lists of large runs: run by `test_rows_read`.

Prints {address: rows} as JSON. Each query of an address is asked again with EXPLAIN ANALYZE, and
what its scans have read is summed up, kept or thrown away.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import reverse  # noqa: E402

from evalhub.accounts.models import Scope  # noqa: E402
from evalhub.accounts.tokens import add_token  # noqa: E402
from evalhub.ledger.decide import decide_study  # noqa: E402
from evalhub.registry.models import Run  # noqa: E402
from tests.cast import Team, a_run, a_study, a_team, a_test_set, a_version  # noqa: E402

FEW, MANY = 40, 20_000
MULTIPLIED = """
    INSERT INTO registry_item (version_id, position, key, input, "references", context, tags,
        cluster, metadata, digest, fingerprint, fingerprint_in_context)
    SELECT version_id, n, 'x' || n, input, "references", context, tags, cluster, metadata, digest,
        n, n
    FROM registry_item, generate_series({few}, {many} - 1) n WHERE position = 0;
    INSERT INTO registry_output (run_id, item_id, sample, text, error)
    SELECT r.id, i.id, 0, 'right', '' FROM registry_run r
    JOIN registry_item i ON i.version_id = r.test_set_version_id AND i.position >= {few}
    ORDER BY r.id, i.position;
    INSERT INTO registry_score (output_id, metric_id, value, reason)
    SELECT o.id, m.metric_id, 1.0, '' FROM registry_output o
    JOIN registry_runmetric m ON m.run_id = o.run_id JOIN registry_item i ON i.id = o.item_id
    WHERE i.position >= {few} ORDER BY o.id;
    UPDATE registry_testsetversion SET item_count = {many}, distinct_inputs = {many};
    ANALYZE;
"""


def main() -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.SECRET_KEY = "signs this test's session alone"
    setup_test_environment()
    team = a_team()
    run = a_large_run(team)
    pages, program = Client(), Client(headers={"Authorization": f"Bearer {a_token(team)}"})
    pages.force_login(team.eva, backend=settings.AUTHENTICATION_BACKENDS[0])
    of_run = reverse("site:run", args=[run.pk])
    api = f"/api/v1/projects/{team.project.slug}"
    item = run.outputs.order_by("item")[MANY - 200].item_id
    found = {}
    for client, address in [
        *((pages, f"{of_run}{query}") for query in ("", "?page=790", "?show=errors")),
        (pages, f"{of_run}?show=unscored"),
        *((program, each) for each in listed(f"{api}/runs/{run.pk}/outputs", item)),
        *((program, each) for each in listed(f"{api}/runs/{run.pk}/scores", item)),
        *((program, each) for each in listed(f"{api}{version_path(run)}/items", MANY - 200)),
    ]:
        client.get(address)  # what is noted at the first look, and read once a process
        found[address] = rows_read(client, address)
    print(json.dumps(found))  # noqa: T201


def a_large_run(team: Team) -> Run:
    """The last of three on a large test set, its scores opened by a decision."""
    items = a_test_set(team, items=FEW)
    base, lora, other = (a_version(team, name) for name in ("base", "lora", "other"))
    for version in (other, base, lora):
        a_run(version, items, scores=[1.0, *[0.0] * (FEW - 2), None][:FEW])
    decide_study(study=a_study(team, baseline=base, candidate=lora, primary=items))
    Run.objects.get(version=lora).metrics.update(opened="2026-01-01T00:00Z")
    with connection.cursor() as cursor:
        cursor.execute(MULTIPLIED.format(few=FEW, many=MANY))
    return Run.objects.select_related("test_set_version").get(version=lora)


def a_token(team: Team) -> str:
    made = add_token(
        project=team.project, user=team.eva, name="reads", scopes=[Scope.READ], by=None
    )
    return made.secret


def version_path(run: Run) -> str:
    version = run.test_set_version
    return f"/test-sets/{version.test_set.slug}/versions/{version.number}"


def listed(address: str, position: int) -> list[str]:
    """Its first page, and one at depth."""
    cursor = b64encode(urlencode({"p": position}).encode()).decode()
    return [address, f"{address}?{urlencode({'cursor': cursor})}"]


def rows_read(client: Client, address: str) -> int:
    asked: list[tuple[str, Sequence[Any] | None]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    assert asked, address
    return sum(_scanned(plan) for sql, params in asked for plan in _plans(sql, params))


def _plans(sql: str, params: Sequence[Any] | None) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        for (document,) in cursor.fetchall():
            whole = json.loads(document) if isinstance(document, str) else document
            yield from (each["Plan"] for each in whole)


def _scanned(plan: dict[str, Any]) -> int:
    below = plan.get("Plans", [])
    thrown = sum(rows for name, rows in plan.items() if name.startswith("Rows Removed by"))
    here = plan["Actual Rows"] + thrown if "Scan" in plan["Node Type"] else thrown
    return int(here * plan["Actual Loops"]) + sum(map(_scanned, below))


main()
