"""The peers' environment: a folder of its own, made by uv from the package registry."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
VERSIONS = {
    "mlflow": "3.18.0",
    "invarlock": "0.17.1",
    "nemo-evaluator": "0.3.0",
    "finetunecheck": "2.0.2",
}
# MLflow's wheel holds what its two companions hold too, and asks for them at its own version, which
# isn't everywhere: they are left out, and what they would bring stands here.
COMPANIONS = ("mlflow-skinny", "mlflow-tracing")
INSTEAD = (
    "cachetools",
    "cloudpickle",
    "databricks-sdk",
    "gitpython",
    "importlib-metadata",
    "opentelemetry-api",
    "opentelemetry-proto",
    "opentelemetry-sdk",
    "protobuf",
    "python-dotenv",
    "requests",
    "sqlparse",
)
# Nobody is told that these tools are run, and nothing is fetched while they are.
SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",
}


def make(folder: Path, peers: Iterable[str] = VERSIONS, *also: str) -> Path:
    """An environment in `folder` with these peers, each at its version, and what is asked
    besides; its Python."""
    python = folder / "bin" / "python"
    if not python.exists():
        overrides = folder.with_suffix(".overrides")
        overrides.write_text("".join(f'{each} ; sys_platform == "none"\n' for each in COMPANIONS))
        pinned = [f"{name}=={VERSIONS[name]}" for name in peers]
        uv("venv", "--python", sys.executable, str(folder))
        uv(
            "pip",
            "install",
            "--python",
            str(python),
            "--override",
            str(overrides),
            *pinned,
            *INSTEAD,
            *also,
        )
    return python


def run(python: Path, adapter: str, *arguments: str) -> subprocess.Popen[bytes]:
    """An adapter of this package, started in the peers' environment."""
    return subprocess.Popen(
        [str(python), "-W", "ignore", "-m", f"tests.benchmarks.peers.{adapter}", *arguments],
        cwd=ROOT,
        env={**os.environ, **SILENT},
    )


def uv(*arguments: str) -> None:
    subprocess.run(["uv", *arguments, "--quiet"], check=True, env={**os.environ, **SILENT})
