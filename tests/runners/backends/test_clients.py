"""One client a process and version, and connections that outlive a shard."""

import os
import threading

import pytest

from evalhub.declare.keys import Reach
from runners.backends.asking import BackendError, BackendRequest
from runners.backends.clients import client_of, make_in_thread
from tests.cast import OPERATOR, Team, a_version
from tests.fakes.openai_server import OpenAIServer
from tests.runners.test_execute import a_live_run
from tests.runners.test_launch import worked_through


@pytest.mark.django_db
def test_a_version_has_one_client_for_each_reach(team: Team, server: OpenAIServer) -> None:
    version = a_version(team, "live", backend=server.backend())
    other = a_version(team, "live", backend=server.backend(), sampling={"temperature": 1})
    assert client_of(version, OPERATOR) is client_of(version, OPERATOR)
    assert client_of(version, OPERATOR) is not client_of(other, OPERATOR)
    with pytest.raises(BackendError, match="didn't come by the operator's own command"):
        client_of(version, Reach())


@pytest.mark.django_db
def test_many_threads_get_the_same_client(team: Team, server: OpenAIServer) -> None:
    version = a_version(team, "live", backend=server.backend())
    together, got = threading.Barrier(8), list[object]()

    def get() -> None:
        together.wait(10)
        got.append(client_of(version, OPERATOR))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(10)
    assert len(got) == 8
    assert len({id(each) for each in got}) == 1


class Stop(Exception):
    """The worker is being stopped."""


def test_who_waits_for_a_client_can_stop_and_the_next_gets_it() -> None:
    loading, made = threading.Event(), threading.Event()

    def make() -> str:
        loading.wait(60)
        made.set()
        return "client"

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        make_in_thread(make, stop)
    loading.set()
    assert made.wait(60)
    assert make_in_thread(make, stop) == "client"


def test_what_goes_wrong_in_making_a_client_is_raised_to_who_waits() -> None:
    def fails() -> str:
        raise BackendError("no torch here")

    with pytest.raises(BackendError, match="no torch here"):
        make_in_thread(fails, lambda: None)


@pytest.mark.django_db
def test_shards_share_connections(team: Team, server: OpenAIServer) -> None:
    run = worked_through(a_live_run(team, server, 200, concurrency=4))
    assert run.state == "done"
    assert len(server.requests) == 200
    assert len(server.connections) <= 4


@pytest.mark.django_db
def test_a_fork_asks_over_connections_of_its_own(team: Team, server: OpenAIServer) -> None:
    version = a_version(team, "live", backend=server.backend())

    def asked(text: str) -> str | None:
        batches = client_of(version, OPERATOR).answer([BackendRequest(1, 0, text, "")])
        return next(reply.text for batch in batches for _, reply in batch)

    assert asked("before") == "You said: before"
    child = os.fork()
    if not child:
        os._exit(0 if asked("in the fork") == "You said: in the fork" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asked("after") == "You said: after"
    assert list(server.asked) == ["before", "in the fork", "after"]
    assert len(server.connections) == 2
