"""Mail by SMTP: held while the site's messages are, and counted for /metrics, whichever process
tried."""

import logging
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from evalhub.accounts.models import MailDay
from evalhub.accounts.outgoing import HELD, MessagesHeldError, hold_began

logger = logging.getLogger(__name__)


class SiteMail(EmailBackend):
    """Django's backend; settings name it (`evalhub.env.mailer`)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were sent. Raises OSError (smtplib's errors are among them) as Django's does,
        and MessagesHeldError while messages are held, which counts for no failure."""
        if since := hold_began():
            raise MessagesHeldError(HELD.format(since=since))
        try:
            sent = super().send_messages(email_messages) or 0
        except OSError:
            count_mail(failed=len(email_messages))
            raise
        count_mail(sent=sent)
        return sent


def count_mail(*, sent: int = 0, failed: int = 0) -> None:
    """Adds to the counts of today. Mail goes on where the database can't be written."""
    if not sent and not failed:
        return
    try:
        with transaction.atomic():
            day, _ = MailDay.objects.get_or_create(day=timezone.now().date())
            MailDay.objects.filter(pk=day.pk).update(
                sent=F("sent") + sent, failed=F("failed") + failed
            )
    except DatabaseError:
        logger.exception("%d mails sent and %d not weren't counted", sent, failed)
