"""Whether programs can be run in the sandbox here: tried once a process, by really running one."""

import json
import socket
import sys
import tempfile
from functools import cache

from runners.sandbox.bounds import Bounds
from runners.sandbox.running import Ended, run_program
from runners.sandbox.system_calls import ARCHITECTURES, machine
from runners.sandbox.walls import bubblewrap

PROBED = Bounds(seconds=20.0)


@cache
def why_no_sandbox() -> str:
    """Why no sandbox can be had here, as the end of a sentence; "" where it can.

    A small program is run in it, which tries to leave it.
    """
    if sys.platform != "linux":
        return "bubblewrap needs Linux"
    if machine() not in ARCHITECTURES:
        return f"the sandbox knows the system calls of {' and '.join(ARCHITECTURES)} alone"
    if bubblewrap() is None:
        return "bubblewrap isn't installed (`apt-get install bubblewrap`)"
    with tempfile.NamedTemporaryFile() as secret, socket.create_server(("127.0.0.1", 0)) as server:
        task = {
            "processes": PROBED.processes,
            "secret": secret.name,
            "port": server.getsockname()[1],
        }
        try:
            return _reading(run_program("probe", task, PROBED))
        except OSError as error:
            return f"it can't be started: {error}"


def _reading(ended: Ended) -> str:
    try:
        possible = json.loads(ended.output)
    except ValueError:
        detail = ended.stopped or (ended.errors.splitlines() or ["no word of why"])[-1]
        return (
            f"bubblewrap fails here ({detail[:200]}): a container must allow user namespaces, "
            "which Docker's default does not, and Ubuntu's AppArmor must not restrict them"
        )
    return f"it doesn't hold here: {possible[0]}" if possible else ""
