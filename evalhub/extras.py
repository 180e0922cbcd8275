"""How to install an extra of Evalhub, for messages that miss one."""

import json
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from evalhub_gate import DISTRIBUTION


def how_to_install(extra: str) -> str:
    """The command that installs an extra, from the source that Evalhub was installed from (PEP
    610).

    A checkout has uv's, a wheel or a git address is named again. The distribution's bare name is
    only for what came from an index: whose it is elsewhere, nobody here knows.
    """
    try:
        text = distribution(DISTRIBUTION).read_text("direct_url.json")
    except PackageNotFoundError:
        return f"uv sync --extra {extra}"
    if text is None:
        return f"pip install '{DISTRIBUTION}[{extra}]'"
    source = json.loads(text)
    if "dir_info" in source:
        return f"uv sync --extra {extra}, in the checkout"
    return f"pip install '{DISTRIBUTION}[{extra}] @ {_pin(source)}'"


def _pin(source: dict[str, Any]) -> str:
    """The source's address with its commit or SHA-256, as far as the installer recorded them."""
    url = str(source["url"])
    if version_control := source.get("vcs_info"):
        return f"{version_control['vcs']}+{url}@{version_control['commit_id']}"
    digest = source.get("archive_info", {}).get("hashes", {}).get("sha256")
    return f"{url}#sha256={digest}" if digest and "#" not in url else url
