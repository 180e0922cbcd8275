"""A process that sends batches of traffic to a database, for tests that start several, or kill one.

python -m tests.features.traffic.sender send FIRST NUMBER [reversed]   a batch a line of its input
python -m tests.features.traffic.sender check                         how many rows are stored
"""

import json
import sys

from tests.migrated import set_up_migrated


def main() -> None:
    set_up_migrated()
    verb, *arguments = sys.argv[1:]
    send(*arguments) if verb == "send" else check()


def send(first: str, number: str, order: str = "") -> None:
    """Each line that comes is a batch of so many requests, and as many signals about them."""
    from evalhub.accounts.models import Project
    from tests.features.traffic.rows_of import a_request, a_signal, taken

    project, _ = Project.objects.get_or_create(slug="desk")
    step = -1 if order else 1
    say("ready")
    for batch, _ in enumerate(sys.stdin, int(first)):
        names = [f"b{batch}-{n}" for n in range(int(number))][::step]
        fields = {"route": "chat", "latency_ms": 12.5, "prompt_tokens": 7}
        say("begun")
        result = taken(
            project,
            [a_request(name, **fields, tags=("a", name[-1])) for name in names],
            [a_signal(name, request=name) for name in names],
        )
        counts = (result.requests, result.signals, result.there_already, result.waiting)
        say(json.dumps(counts))


def check() -> None:
    """Says how many requests and signals are stored, once the roll-ups are a count of them."""
    from evalhub.features.traffic.models import Request, Signal
    from tests.features.traffic.recount import assert_roll_ups_are_a_recount

    assert_roll_ups_are_a_recount()
    say(json.dumps((Request.objects.count(), Signal.objects.count())))


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
