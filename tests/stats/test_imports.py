"""What loading the statistics costs."""

import subprocess
import sys

import pytest

MODULES = (
    "agreement", "bradley_terry", "dawid_skene", "judge", "multiplicity", "paired", "power",
    "preference", "sequential", "sides",
)  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_loading_a_module_loads_neither_scipy_nor_django(module):
    """scipy.stats takes a second to load, which every command would pay."""
    code = f"import evalhub.stats.{module}, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert f"evalhub.stats.{module}" in loaded
    assert not {"scipy.stats", "scipy.special", "scipy.optimize", "django"} & set(loaded)


def test_comparing_never_loads_scipys_stats():
    code = (
        "import sys; from evalhub.stats.paired import compare; "
        "compare([0, .2, 1] * 99, [1, .4, .3] * 99); print('scipy.stats' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
