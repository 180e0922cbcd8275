"""Additional checks of `evalhub doctor --deploy`: is this site fit for other people?"""

from django.conf import settings
from django.core.checks import WARNING, CheckMessage, Tags, run_checks
from django.db import connection

from evalhub.cli.health import Finding
from evalhub.cli.reaching import mail_finding, provider_findings


def examine_deployment(*, mail_to: str = "") -> list[Finding]:
    """Checks the site's address, Django's security checks, mail and the identity provider.

    (Django's other checks are about the code, and open the database.) With `mail_to` a mail is sent
    to that address, else none.
    """
    complaints = [
        check
        for check in run_checks(tags=[Tags.security], include_deployment_checks=True)
        if check.level >= WARNING and not check.is_silenced()
    ]
    return [
        _address(),
        _hosts(),
        _uploads(),
        *(_complaint(each) for each in complaints),
        mail_finding(mail_to),
        *provider_findings(),
    ]


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


def _hosts() -> Finding:
    """Whether the site accepts listed host names only, or any host that a request names."""
    if "*" not in settings.ALLOWED_HOSTS:
        return Finding(
            "hosts", True, f"answers to {', '.join(dict.fromkeys(settings.ALLOWED_HOSTS))}"
        )
    return Finding(
        "hosts",
        False,
        "EVALHUB_ALLOWED_HOSTS has *: the site answers to any name that a request gives it, forged "
        "ones too",
        "Set EVALHUB_URL to the address that people use, and take * out of EVALHUB_ALLOWED_HOSTS. "
        "Names by which programs inside ask are listed there one by one, such as web,10.0.0.7.",
    )


def _complaint(message: CheckMessage) -> Finding:
    """The message of a Django check; the settings it names all follow from the variables named
    here."""
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
