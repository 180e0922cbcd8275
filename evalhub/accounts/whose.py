"""Whose address it is: one form for every way in which an address can be written."""

import unicodedata

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from evalhub.accounts.models import User


class AddressError(ValueError):
    """Text that is no mail address, or that several accounts answer to."""


def canonical(text: str) -> str:
    """The same for all spellings of a name or address: Unicode's NFKC, no case, no white space.

    A letter of another alphabet that only looks the same stays another letter.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(folded.split())


def checked_address(text: str) -> str:
    """A mail address in its one form. Raises AddressError."""
    address = canonical(text)
    try:
        validate_email(address)
    except ValidationError:
        raise AddressError(f"“{address[:100]}” isn't a mail address.") from None
    return address


def account_of(text: str) -> User | None:
    """The account that a user name or a mail address means, if there is one.

    Databases fold the case of ASCII letters only, so names and addresses are compared here.

    Raises:
        AddressError: it is the name of one account and the address of another, or the address of
            several. Nobody is taken for somebody else then.
    """
    wanted = canonical(text)
    fields = User.objects.values_list("pk", "username", "email")
    found = {pk for pk, *names in fields.iterator() if wanted in map(canonical, names)}
    confirmed = EmailAddress.objects.filter(verified=True).values_list("user_id", "email")
    found |= {pk for pk, address in confirmed.iterator() if canonical(address) == wanted}
    if wanted == "" or not found:
        return None
    if len(found) > 1:
        raise AddressError(
            f"“{wanted}” is the name or the address of {len(found)} accounts here: whoever runs "
            "the site has to tell them apart first."
        )
    return User.objects.get(pk=found.pop())
