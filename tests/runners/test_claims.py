"""Who holds a shard, on a real PostgreSQL with many who want it at once."""

import psycopg
import pytest

from tests.fakes.openai_server import OpenAIServer
from tests.runners.workers import Ask, Processes, launched, wait_until

pytestmark = [pytest.mark.services, pytest.mark.heavy]

CLAIM = """
import threading
import django; django.setup()
from runners.shards import claim_next

claimed = []
def claim():
    while claims := claim_next({run}):
        claimed.extend(claim.shard.pk for claim in claims)

threads = [threading.Thread(target=claim) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(claimed), len(set(claimed)))
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def test_eight_who_claim_at_the_same_moment_get_each_shard_once(
    python: Processes, ask: Ask, server: OpenAIServer
) -> None:
    run = launched(python, server, items=300)
    with psycopg.connect(ask.url) as held:
        # they all find the rows free, and all wait for this to end: then all of them go on at once
        held.execute("SELECT 1 FROM registry_shard FOR UPDATE")
        claiming = python(CLAIM.format(run=run))
        wait_until(lambda: ask(WAITING) == 8, within_s=60)
    output, _ = claiming.communicate(timeout=60)
    assert output.split() == ["5", "5"]
