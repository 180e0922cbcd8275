"""Items on whose prompts a server misbehaves, among others: real workers, a real PostgreSQL."""

import psycopg
import pytest

from tests.fakes.poisoned_server import CALLS, POISONS, WELL, poisoned_server
from tests.runners.workers import WORKER, Ask, Processes, state, wait_until

pytestmark = [pytest.mark.services, pytest.mark.heavy]

GOOD = 150
LAUNCH = """
import django; django.setup()
from runners.launch import launch
from tests.cast import OPERATOR, a_metric, a_team, a_test_set, a_version
backend = dict(type="openai", url={url!r}, model="m", retries=1, timeout_s=5, concurrency=16)
items = [{{"key": name, "input": "poison " + name}} for name in {names!r}]
items += [{{"key": "good" + str(at), "input": "good " + str(at)}} for at in range({good})]
print(launch(
    version=a_version(a_team(), backend=backend),
    test_set_version=a_test_set(a_team("Other", "other"), items=items),
    metrics=[a_metric("exact_match"), a_metric("length")],
    reach=OPERATOR,
).pk)
"""
ANSWERS = """
SELECT item.key, output.text, output.error, score.value
FROM registry_output AS output
JOIN registry_item AS item ON item.id = output.item_id
JOIN registry_score AS score ON score.output_id = output.id
JOIN registry_metric AS metric ON metric.id = score.metric_id AND metric.name = 'exact_match'
"""


def test_poison_ends_as_its_item_s_error_and_all_others_get_their_scores(
    python: Processes, ask: Ask
) -> None:
    names = [*POISONS, *WELL, *CALLS]
    with poisoned_server() as server:
        python.said(LAUNCH.format(url=server.url, names=names, good=GOOD))
        workers = [python(WORKER), python(WORKER)]
        wait_until(lambda: state(ask) not in ("pending", "running"), within_s=120)
        with psycopg.connect(ask.url) as connection:
            rows = connection.execute(ANSWERS).fetchall()
        asked = dict(server.asked)
    error = ask("SELECT error FROM registry_run")
    outputs = []
    for worker in workers:
        worker.terminate()
        outputs.append(worker.communicate(timeout=30)[0])
    found = {key: (text, said, score) for key, text, said, score in rows}
    assert len(rows) == len(found) == len(names) + GOOD, error
    well = {key: each for key, each in found.items() if key not in POISONS | CALLS}
    assert {key: each for key, each in well.items() if each != ("right", "", 1.0)} == {}
    assert {found[key] for key in CALLS} == {("", "", 0.0)}
    poisoned = {key: found[key] for key in POISONS}
    assert {key: each for key, each in poisoned.items() if each[0] is not None} == {}
    assert all(said and score is None for _, said, score in poisoned.values())
    assert max(asked[name] for name in POISONS) <= 2
    assert not any("Traceback" in output for output in outputs), outputs
    # what the server garbled or broke off is its fault, and the run says so with the first of it
    assert " gave no answer to " in error
    assert f" of {len(names) + GOOD} items, the first 'always-500': HTTP 500" in error
