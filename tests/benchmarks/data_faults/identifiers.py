"""Made-up identifiers: harmless ones that look like secrets, and well-formed fakes of secrets.

Everything is drawn at random; no key opens anything, and no number belongs to anybody.
"""

from collections.abc import Callable, Mapping
from random import Random
from string import ascii_letters, ascii_uppercase, digits

from tests.benchmarks.data_faults.grammar import Maker

_HEX = "0123456789abcdef"
_DOMAINS = ("mailbox.org", "posteo.net", "webpost.eu", "inboxly.com", "quickmail.co.uk")
_PEOPLE = ("anna.becker", "luis_silva", "p.tanaka", "yusuf.haddad", "chloe.moreau", "tom.murphy")


def _drawn(rng: Random, letters: str, count: int) -> str:
    return "".join(rng.choices(letters, k=count))


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of a payment card (ISO/IEC 7812)."""
    doubled = [int(digit) * (2 if i % 2 else 1) for i, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _order(rng: Random) -> str:
    """An order's number; one in four has the length and groups of a card, but no check digit."""
    kind = rng.randrange(4)
    if kind == 0:
        number = f"4{_drawn(rng, digits, 15)}"
        while passes_luhn(number):
            number = f"4{_drawn(rng, digits, 15)}"
        return " ".join(number[i : i + 4] for i in range(0, 16, 4))
    if kind == 1:
        return f"{_drawn(rng, ascii_uppercase, 2)}-{_drawn(rng, digits, 6)}"
    return _drawn(rng, digits, rng.randint(5, 9))


def _tracking(rng: Random) -> str:
    first, last = (_drawn(rng, ascii_uppercase, 2) for _ in range(2))
    return f"{first}{_drawn(rng, digits, 9)}{last}"


def _version(rng: Random) -> str:
    """Four numbers with dots, as an address has them."""
    return ".".join(str(rng.randint(0, 40)) for _ in range(rng.choice((3, 4))))


def _uuid(rng: Random) -> str:
    return "-".join(_drawn(rng, _HEX, count) for count in (8, 4, 4, 4, 12))


def _amount(rng: Random) -> str:
    sign = rng.choice(("{} EUR", "${}", "£{}", "{} euros"))
    return sign.format(f"{rng.randint(3, 480)}.{rng.randint(0, 99):02}")


HARMLESS: Mapping[str, Maker] = {
    "order": _order,
    "tracking": _tracking,
    "version": _version,
    "uuid": _uuid,
    "amount": _amount,
    "serial": lambda rng: f"SN{_drawn(rng, ascii_uppercase + digits, 10)}",
    "code": lambda rng: f"{_drawn(rng, ascii_uppercase, 4)}{rng.randint(5, 50)}",
    "commit": lambda rng: _drawn(rng, _HEX, 40),
    "digit": lambda rng: str(rng.randint(2, 9)),
    "number": lambda rng: str(rng.randint(2, 60)),
}
"""What a naive pattern takes for a card, an address or a key."""


def a_card(rng: Random) -> str:
    """A card's number whose check digit is right."""
    number = f"{rng.choice(('4', '51', '55'))}{_drawn(rng, digits, 15)}"[:15]
    number += next(digit for digit in digits if passes_luhn(number + digit))
    return " ".join(number[i : i + 4] for i in range(0, 16, 4)) if rng.random() < 0.5 else number


def an_iban(rng: Random) -> str:
    """A German IBAN with its two check digits (ISO 13616: 98 less the remainder modulo 97)."""
    account = f"{rng.randint(10, 69)}{_drawn(rng, digits, 16)}"
    check = 98 - int(f"{account}131400") % 97
    number = f"DE{check:02}{account}"
    return " ".join(number[i : i + 4] for i in range(0, 22, 4)) if rng.random() < 0.5 else number


def a_mail(rng: Random) -> str:
    return f"{rng.choice(_PEOPLE)}{rng.randint(2, 99)}@{rng.choice(_DOMAINS)}"


def a_phone(rng: Random) -> str:
    """An international number, with its country's prefix."""
    prefix, first = rng.choice((("+49", "151"), ("+44", "7700"), ("+1", "415"), ("+31", "6")))
    rest = _drawn(rng, digits, 12 - len(prefix) - len(first) + 1)
    return (
        f"{prefix} {first} {rest[:3]} {rest[3:]}" if rng.random() < 0.5 else prefix + first + rest
    )


def _token(rng: Random, count: int) -> str:
    return _drawn(rng, ascii_letters + digits, count)


def _key_block(rng: Random) -> str:
    """The first lines of a key file, as somebody pastes it."""
    head = "-----BEGIN {} PRIVATE" + " KEY-----"
    return f"{head.format('RSA')}\n{_token(rng, 64)}\n{_token(rng, 64)}"


PERSONAL: Mapping[str, Callable[[Random], str]] = {
    "mail": a_mail,
    "phone": a_phone,
    "iban": an_iban,
    "card": a_card,
}
SECRETS: Mapping[str, Callable[[Random], str]] = {
    "aws": lambda rng: f"AKIA{_drawn(rng, ascii_uppercase + '234567', 16)}",
    "github": lambda rng: f"ghp_{_token(rng, 36)}",
    "openai": lambda rng: f"sk-proj-{_token(rng, 48)}",
    "slack": lambda rng: (
        f"xoxb-{_drawn(rng, digits, 12)}-{_drawn(rng, digits, 12)}-{_token(rng, 24)}"
    ),
    "google": lambda rng: f"AIza{_token(rng, 35)}",
    "jwt": lambda rng: f"eyJhbGciOiJIUzI1NiJ9.eyJ{_token(rng, 40)}.{_token(rng, 43)}",
    "key file": _key_block,
}
