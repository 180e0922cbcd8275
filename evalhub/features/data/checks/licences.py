"""What a licence's name allows, as far as its name says. Pure.

Names are SPDX identifiers, the Hugging Face hub's, or what people write. It is no legal advice: a
name that isn't recognised is reported as such.
"""

import re
from enum import StrEnum


class LicenceKind(StrEnum):
    """What a licence's name says of training on its texts."""

    OPEN = "open"
    SHARE_ALIKE = "share-alike"
    NON_COMMERCIAL = "non-commercial"
    NO_DERIVATIVES = "no-derivatives"
    PROPRIETARY = "proprietary"
    OWN_TERMS = "own terms"
    UNKNOWN = "unknown"


_SEPARATORS = re.compile(r"[\s_/()]+")
# The first that matches decides.
_PATTERNS = (
    (
        LicenceKind.NON_COMMERCIAL,
        re.compile(
            r"(?:^|-)nc(?:-|$)|non-?commercial|research-(?:only|purposes?|use)|academic|"
            r"for-research|evaluation-only|personal-use"
        ),
    ),
    (LicenceKind.NO_DERIVATIVES, re.compile(r"(?:^|-)nd(?:-|$)|no-?derivs?|no-?derivatives?")),
    (
        LicenceKind.PROPRIETARY,
        re.compile(
            r"propriet|all-rights-reserved|confidential|licenseref-.*(?:commercial|internal)|"
            r"copyright|no-license|not-licensed"
        ),
    ),
    (
        LicenceKind.OWN_TERMS,
        re.compile(r"llama|gemma|openrail|rail(?:-|$)|terms|tos(?:-|$)|custom|eula|licenseref"),
    ),
    (
        LicenceKind.SHARE_ALIKE,
        re.compile(
            r"(?:^|-)sa(?:-|$)|share-?alike|^[al]?gpl|gnu|odbl|^gfdl|^mpl|^epl|^cddl|^eupl|copyleft|"
            r"^ms-rl|sharing"
        ),
    ),
    (
        LicenceKind.OPEN,
        re.compile(
            r"^(?:mit|apache|bsd|0bsd|isc|zlib|unlicense|wtfpl|cc0|cc-?by|pddl|pdm|odc-by|bsl-1|"
            r"artistic|python|psf|postgresql|unicode|ms-pl|cdla-permissive|cdla-permissive-2|"
            r"creative-commons-(?:attribution|zero)|creativecommons|public-domain|ecl|afl|ofl|"
            r"ncsa|x11|ogl|etalab|dl-de|us-gov)|public-?domain|the-mit|open-government"
        ),
    ),
)
_NOTHING = frozenset(
    {"", "unknown", "other", "none", "n-a", "na", "null", "tbd", "?", "unspecified"}
)


def licence_kind(name: str) -> LicenceKind:
    """The kind of a licence by its name, such as "CC-BY-NC-4.0"; unknown where it says nothing."""
    normal = _SEPARATORS.sub("-", name[:300].strip().lower()).strip("-")
    if normal in _NOTHING:
        return LicenceKind.UNKNOWN
    for kind, pattern in _PATTERNS:
        if pattern.search(normal):
            return kind
    return LicenceKind.UNKNOWN
