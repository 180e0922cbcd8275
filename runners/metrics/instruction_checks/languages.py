"""Checks of the language, by langdetect with a fixed seed.

langdetect draws at random, so that a text of two languages is now one and now the other; here
each text is read with the seed 0. A text without letters has no language and passes each check of
it, as in IFEval.
"""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evalhub.extras import how_to_install

SEED = 0


def is_in_language(text: str, *, language: str) -> bool:
    """Whether the text is in a language. Raises ValueError where langdetect isn't installed."""
    return _language_of(text) in (language, None)


def is_english_in_capitals(text: str) -> bool:
    """Whether the text is English, without a small letter. Raises as `is_in_language`."""
    return text.isupper() and is_in_language(text, language="en")


def is_english_in_small_letters(text: str) -> bool:
    """Whether the text is English, without a capital letter. Raises as `is_in_language`."""
    return text.islower() and is_in_language(text, language="en")


def _language_of(text: str) -> str | None:
    """The code of the likeliest language; None for a text without letters."""
    if find_spec("langdetect") is None:
        raise ValueError(
            "checks of the language need langdetect where the worker runs: install the extra "
            f"`ifeval`: {how_to_install('ifeval')}"
        )
    from langdetect import LangDetectException

    detector = _detectors().create()
    detector.append(text)
    try:
        return str(detector.detect())
    except LangDetectException:
        return None


@lru_cache(maxsize=1)
def _detectors() -> Any:
    """langdetect's profiles in the order of their names, with a seed of its own: the one that
    others in this process set is left alone."""
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    paths = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.is_file())
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in paths])
    factory.set_seed(SEED)
    return factory
