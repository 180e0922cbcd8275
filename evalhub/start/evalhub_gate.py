"""The command `evalhub`: checks that its packages are its own, then runs it.

`evalhub`, `reviews` and `runners` are common names: a folder of such a name on PYTHONPATH, or of
another distribution, is imported in place of ours. This module has a name of its own beside them,
so it is ours that runs, whatever they are. An error here must not end with exit code 1: that is a
verdict (hold).
"""

import base64
import gc
import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "evalhub-gate"  # the name `evalhub` belongs to somebody else on PyPI
PACKAGES = ("evalhub", "reviews", "runners")
HERE = Path(__file__).resolve().parent
FOLDER = HERE if (HERE / "evalhub").is_dir() else HERE.parents[1]
"""Where the packages lie: beside this module in a wheel, two folders above it in a checkout."""
UNAVAILABLE = 69  # sysexits.h, as for whatever else an installation lacks
ADVICE = (
    "Install Evalhub in an environment of its own, as `uv tool install` makes, and leave the other "
    "folder out of PYTHONPATH."
)


class ForeignPackagesError(Exception):
    """Packages that would be imported in place of Evalhub's own; the message names them."""


def foreign_packages(folder: Path = FOLDER) -> list[str]:
    """A sentence for each of PACKAGES that isn't Evalhub's own. Imports none of them.

    Ours lie beside this module and, where a wheel was installed, are as the wheel had them: of a
    package, its `__init__.py` is compared with the SHA-256 that the installer's RECORD has.
    """
    digests = _recorded(folder)
    return [
        sentence for name in PACKAGES if (sentence := _why_foreign(name, folder, digests.get(name)))
    ]


def check_packages() -> None:
    """Raises ForeignPackagesError unless all packages are Evalhub's own."""
    if sentences := foreign_packages():
        raise ForeignPackagesError(f"{'; '.join(sentences)}. {ADVICE}")


def main() -> None:
    """The console script. `evalhub doctor` reports foreign packages itself, if it is ours."""
    try:
        if "doctor" not in sys.argv[1:] or _why_foreign("evalhub", FOLDER, None):
            check_packages()
    except ForeignPackagesError as error:
        sys.stderr.write(f"evalhub: {error}\n")
        sys.exit(UNAVAILABLE)
    # Modules are kept for good: looking through them for garbage took a seventh of a short command.
    gc.set_threshold(50_000)
    from evalhub.cli import main as command

    command()


def _why_foreign(name: str, folder: Path, digest: str | None) -> str:
    """Why the package isn't ours, or "".

    Args:
        digest: SHA-256 of its `__init__.py` in the wheel, as in RECORD; None where there is none.
    """
    ours = folder / name / "__init__.py"
    module = sys.modules.get(name)
    spec = module.__spec__ if module else find_spec(name)
    if spec is None or not ours.is_file():
        return f"{ours} is missing: Evalhub isn't installed whole"
    if spec.origin is None or Path(spec.origin).resolve() != ours:
        origin = spec.origin or ", ".join(spec.submodule_search_locations or ())
        return f"the package `{name}` is imported from {origin}, and Evalhub's is {ours}"
    if digest is not None and _digest(ours) != digest:
        return f"{ours} isn't Evalhub's: another distribution replaced it"
    return ""


def _recorded(folder: Path) -> dict[str, str]:
    """SHA-256 of each package's `__init__.py` by the RECORD of the wheel installed in `folder`."""
    digests = {}
    for record in folder.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info/RECORD"):
        for line in record.read_text("utf-8").splitlines():
            path, _, rest = line.partition(",")
            name, _, file = path.partition("/")
            if file == "__init__.py" and name in PACKAGES and rest.startswith("sha256="):
                digests[name] = rest.removeprefix("sha256=").partition(",")[0]
    return digests


def _digest(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
