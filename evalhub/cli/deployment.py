"""What `evalhub doctor --deploy` looks at besides: whether others may be let in to this site."""

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Tags, run_checks
from django.db import connection

from evalhub.cli.health import Finding


def examine_deployment() -> list[Finding]:
    """The site's address, and each thing that Django's own security checks complain of.

    (Its other checks are about the code, and open the database.)
    """
    complaints = [
        each
        for each in run_checks(tags=[Tags.security], include_deployment_checks=True)
        if each.level >= WARNING and not each.is_silenced()
    ]
    return [_address(), _uploads(), *(_complaint(each) for each in complaints)]


def _uploads() -> Finding:
    from evalhub.registry.uploads import UploadError, check_shared_folder, shared_folder

    if not settings.UPLOADS:
        several = "Sites on several machines need one folder that all of them see: EVALHUB_UPLOADS."
        advice = "" if connection.vendor == "sqlite" else several
        return Finding("uploads", True, "in the home", advice)
    try:
        check_shared_folder()
    except UploadError as error:
        return Finding("uploads", False, str(error), "Correct EVALHUB_UPLOADS.")
    return Finding("uploads", True, str(shared_folder()))


def _address() -> Finding:
    if settings.HTTPS:
        proxies = " or ".join(
            str(network.network_address if network.num_addresses == 1 else network)
            for network in settings.TRUSTED_PROXIES
        )
        proxy = f"through a proxy that speaks from {proxies}"
        return Finding("address", True, f"{settings.SITE_URL}, {proxy}")
    return Finding(
        "address",
        False,
        f"{settings.SITE_URL or 'none but this machine’s own'}: nothing is encrypted on the way",
        "Put a proxy that speaks https before the site, and set EVALHUB_URL to its address.",
    )


def _complaint(message: CheckMessage) -> Finding:
    """Django's advice names its settings; all of them follow from the variables said here."""
    follows = {
        "security.W004": "EVALHUB_URL",
        "security.W008": "EVALHUB_URL",
        "security.W009": "EVALHUB_SECRET_KEY",
        "security.W012": "EVALHUB_URL",
        "security.W016": "EVALHUB_URL",
        "security.W018": "EVALHUB_DEBUG",
    }
    variable = follows.get(str(message.id))
    return Finding(
        f"check {message.id}",
        False,
        " ".join(str(message.msg).split()),
        f"It follows from {variable}." if variable else str(message.hint or ""),
    )
