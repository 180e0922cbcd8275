"""Who is tried: the same candidate, under whatever version number, notes and training record."""

from typing import Any

from evalhub.declare.declaration import DeclarationError
from evalhub.io.canonical import digest_of
from evalhub.registry.models import ModelVersion
from runners.backends import backend_of

RECORDED = "recorded"
TRANSPORT = frozenset(
    {
        "batch",
        "batch_tokens",
        "concurrency",
        "device_map",
        "engine",
        "key_env",
        "logprobs",
        "most_bytes",
        "retries",
        "silent_s",
        "timeout_s",
    }
)
"""Fields of backends that say how a model is asked, and not which."""


def candidate_digest(version: ModelVersion) -> str:
    """SHA-256 of who a version is, in its project, whatever it is called there.

    A model that is asked here is what its backend, prompt and sampling say. Of recorded answers it
    is the build that is stated, and where none is, the line of models: all its answers are taken
    for one candidate's.
    """
    project = version.model.project_id
    if not is_sure(version):
        return digest_of({"line": version.model_id})
    if version.backend["type"] == RECORDED:
        return digest_of({"project": project, "build": version.backend["build"]})
    return digest_of(
        {
            "project": project,
            "backend": _model(version),
            "prompt": version.prompt.as_json(),
            "sampling": version.sampling.as_json(),
        }
    )


def model_digest(version: ModelVersion) -> str:
    """SHA-256 of which model answers, whatever it is asked with; of recorded answers, which don't
    say it, of who the candidate is."""
    recorded = version.backend.get("type", RECORDED) == RECORDED
    return candidate_digest(version) if recorded else digest_of({"backend": _model(version)})


def is_sure(version: ModelVersion) -> bool:
    """Whether the version itself says which model it is; else its line's name must do."""
    recorded = version.backend.get("type", RECORDED) == RECORDED
    return not recorded or bool(version.backend.get("build"))


def _model(version: ModelVersion) -> dict[str, Any]:
    return {name: value for name, value in _backend(version).items() if name not in TRANSPORT}


def _backend(version: ModelVersion) -> dict[str, Any]:
    try:
        return backend_of(version).identity()
    except DeclarationError:  # of a backend that this installation doesn't have
        return dict(version.backend)
