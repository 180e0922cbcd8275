"""Identity of a candidate, whatever its version number, notes and training record."""

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
    """SHA-256 that identifies a version's candidate within its project, whatever its name.

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
    """SHA-256 that identifies the model, whatever its prompt; for recorded answers, which don't
    name one, that of the candidate."""
    recorded = version.backend.get("type", RECORDED) == RECORDED
    return candidate_digest(version) if recorded else digest_of({"backend": _model(version)})


def is_sure(version: ModelVersion) -> bool:
    """Whether the version itself identifies its model; else the model line's name has to."""
    recorded = version.backend.get("type", RECORDED) == RECORDED
    return not recorded or bool(version.backend.get("build"))


def _model(version: ModelVersion) -> dict[str, Any]:
    return {name: value for name, value in _backend(version).items() if name not in TRANSPORT}


def _backend(version: ModelVersion) -> dict[str, Any]:
    try:
        return backend_of(version).identity()
    except DeclarationError:  # of a backend that this installation doesn't have
        return dict(version.backend)
