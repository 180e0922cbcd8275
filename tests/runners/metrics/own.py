"""Own metrics for tests: a home with files of functions and of commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import pathsep
from pathlib import Path

import pytest

from runners.metrics.own_table import own_metrics

KEPT = '''
from runners.metrics.own import Answer, metric

@metric(title="Words kept")
def words_kept(answer: Answer, reference: str, lower: bool = True) -> float:
    """The share of the reference's words that the answer has too."""
    text = answer.text.lower() if lower else answer.text
    words = reference.split()
    return sum(word in text.split() for word in words) / len(words)
'''


@contextmanager
def a_home_with(*files: Path) -> Iterator[None]:
    """The own metrics of these files, in this process, until it ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALHUB_OWN_METRICS", pathsep.join(map(str, files)))
        own_metrics.cache_clear()
        try:
            yield
        finally:
            own_metrics.cache_clear()


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
