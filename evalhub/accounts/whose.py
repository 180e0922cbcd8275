"""Whose address it is: one form for every way in which an address can be written."""

import unicodedata

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from evalhub.accounts.models import User


class AddressError(ValueError):
    """Text that is no mail address, or that several accounts answer to."""


def canonical(text: str) -> str:
    """One form for all spellings of a name or address: NFKC, no case, no white space.

    A letter of another alphabet that only looks the same stays another letter.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(folded.split())


def normalise_address(text: str) -> str:
    """A mail address in its one form. Raises AddressError."""
    address = canonical(text)
    try:
        validate_email(address)
    except ValidationError:
        raise AddressError(f"“{address[:100]}” isn't a mail address.") from None
    return address


def mailbox(address: str) -> str:
    """One form for all addresses of a mailbox: canonical, without a +tag.

    "Nora+2@example.org" is nora@example.org's (RFC 5233); what a tag means is each server's own
    affair, so of an address whose name begins with + nothing is taken away.
    """
    name, at, domain = canonical(address).rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def account_of(text: str) -> User | None:
    """The account that a user name or a mail address means, if there is one.

    Databases fold the case of ASCII letters only, so names and addresses are compared here.

    Raises:
        AddressError: it is the name of one account and the address of another, or the address of
            several. Nobody is taken for somebody else then.
    """
    wanted = canonical(text)
    fields = User.objects.values_list("pk", "username", "email")
    pks = {pk for pk, *names in fields.iterator() if wanted in map(canonical, names)}
    confirmed = EmailAddress.objects.filter(verified=True).values_list("user_id", "email")
    pks |= {pk for pk, address in confirmed.iterator() if canonical(address) == wanted}
    if wanted == "" or not pks:
        return None
    if len(pks) > 1:
        raise AddressError(
            f"“{wanted}” is the name or the address of {len(pks)} accounts here: whoever runs "
            "the site has to tell them apart first."
        )
    return User.objects.get(pk=pks.pop())


def account_of_mailbox(address: str) -> User | None:
    """The account that reads the mailbox of a mail address, if there is one.

    Raises:
        AddressError: several accounts do.
    """
    if "@" not in address:
        return None
    wanted = mailbox(address)
    fields = User.objects.values_list("pk", "username", "email")
    names_by_pk = {pk: names for pk, *names in fields.iterator()}
    pks = {
        pk for pk, names in names_by_pk.items() if wanted in map(mailbox, filter(_is_mail, names))
    }
    confirmed = EmailAddress.objects.filter(verified=True).values_list("user_id", "email")
    pks |= {pk for pk, address in confirmed.iterator() if mailbox(address) == wanted}
    if len(pks) > 1:
        raise AddressError(
            f"“{wanted}” is the mailbox of {len(pks)} accounts here: invite one by its name."
        )
    return User.objects.get(pk=pks.pop()) if pks else None


def _is_mail(name: str) -> bool:
    return "@" in name
