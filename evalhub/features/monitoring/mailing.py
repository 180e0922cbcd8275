"""Mail about alarms: to an alarm's owner, else to the project's owners, one for several alarms.

Nobody gets the same twice. A mail is noted before it is sent, and what is being handed over to the
mail server when the process dies is never handed over again: the home page says it anyway.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage, mailers
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.addresses import absolute, site_host
from evalhub.accounts.models import Project, Role, User
from evalhub.accounts.outgoing import RETRY_WAITS, MessagesHeldError, hold_began
from evalhub.decision.wording import count_text
from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.models import Alarm, AlarmMail, MailState
from runners.timer import every

TICK_S = 30.0
BETWEEN = timedelta(hours=1)
"""From one mail to the next to a person about a project: what comes meanwhile is one mail."""
LONGEST_SUBJECT = 120

logger = logging.getLogger(__name__)


def mail_alarms(*, now: datetime | None = None) -> int:
    """Notes who is to be told of open alarms that nobody has acknowledged or snoozed, and sends
    what is due. Returns the number of mails that were sent.

    Two processes may do this at once. Without a mail server, and while the site's messages are
    held, nothing is noted and nothing sent.
    """
    if not settings.MAIL_URL or hold_began():
        return 0
    now = now or timezone.now()
    _note_mails(now)
    due = AlarmMail.objects.filter(state=MailState.WAITING, due__lte=now)
    messages = due.order_by("message").values_list("message", flat=True).distinct()
    return sum(_send(message, now) for message in list(messages))


def mail_regularly() -> AbstractContextManager[None]:
    """Calls `mail_alarms` every TICK_S seconds on a thread of this process, while the block
    runs."""
    return every(TICK_S, mail_alarms)


@transaction.atomic
def _note_mails(now: datetime) -> None:
    """A row for each alarm and each person who is to be told of it, for the first time."""
    loud = Alarm.objects.loud().filter(acknowledged=None).with_related().order_by("raised", "pk")
    alarms = list(loud)
    noted = set(AlarmMail.objects.filter(alarm__in=alarms).values_list("alarm", "user"))
    for person, of_person in _by_person(alarms, noted).items():
        user, project = person
        recent = AlarmMail.objects.filter(
            user=user, alarm__monitor__project=project, created__gt=now - BETWEEN
        )
        if not recent.exists():
            message = uuid.uuid4()
            rows = [
                AlarmMail(alarm=alarm, user=user, message=message, due=now, created=now)
                for alarm in of_person
            ]
            AlarmMail.objects.bulk_create(rows, ignore_conflicts=True)


def _by_person(
    alarms: Sequence[Alarm], noted: set[tuple[int, int]]
) -> Mapping[tuple[User, Project], list[Alarm]]:
    by_person: dict[tuple[User, Project], list[Alarm]] = {}
    owners = _owners_of({alarm.monitor.project_id for alarm in alarms})
    for alarm in alarms:
        people = [alarm.owner] if alarm.owner else owners.get(alarm.monitor.project_id, [])
        for user in people:
            if user.is_active and user.email and (alarm.pk, user.pk) not in noted:
                by_person.setdefault((user, alarm.monitor.project), []).append(alarm)
    return by_person


def _owners_of(projects: Iterable[int]) -> Mapping[int, list[User]]:
    owners: dict[int, list[User]] = {}
    members = User.objects.filter(
        memberships__project__in=projects, memberships__role=Role.OWNER
    ).distinct()
    for user in members.prefetch_related("memberships"):
        for membership in user.memberships.all():
            if membership.role == Role.OWNER:
                owners.setdefault(membership.project_id, []).append(user)
    return owners


def _send(message: uuid.UUID, now: datetime) -> bool:
    """Hands a mail over, unless another process has begun to. Whether it was sent."""
    rows = AlarmMail.objects.filter(message=message)
    if not rows.filter(state=MailState.WAITING).update(state=MailState.SENDING):
        return False
    mails = list(
        rows.select_related("user", "alarm__monitor__project", "alarm__owner").order_by("alarm")
    )
    mailer, attempts = mailers["default"], mails[0].attempts + 1
    try:
        mailer.open()
        handed_over = True
    except OSError as error:
        handed_over = False
        _try_again(message, attempts, error, now)
    if not handed_over:
        return False
    try:
        mailer.send_messages([_mail(mails)])
    except MessagesHeldError:
        rows.update(state=MailState.WAITING)
    except (SMTPResponseException, SMTPRecipientsRefused) as error:
        _try_again(message, attempts, error, now)
    except OSError as error:
        # Nobody knows whether the server has taken it: to send it again might be the second time.
        logger.warning("a mail about alarms may not have been sent: %s", error)
        rows.update(attempts=attempts, error=str(error)[:300])
    else:
        rows.update(state=MailState.SENT, attempts=attempts, error="")
        return True
    finally:
        mailer.close()
    return False


def _try_again(message: uuid.UUID, attempts: int, error: OSError, now: datetime) -> None:
    """Stores that the server has taken nothing, and when it is tried again."""
    rows, text = AlarmMail.objects.filter(message=message), str(error)[:300]
    if attempts > len(RETRY_WAITS):
        rows.update(state=MailState.FAILED, attempts=attempts, error=text)
    else:
        due = now + RETRY_WAITS[attempts - 1]
        rows.update(state=MailState.WAITING, attempts=attempts, due=due, error=text)


def _mail(mails: Sequence[AlarmMail]) -> EmailMessage:
    """One mail about all of these alarms, which are of one project and to one person."""
    user, project = mails[0].user, mails[0].alarm.monitor.project
    alarms = [mail.alarm for mail in mails]
    what = alarms[0].subject if len(alarms) == 1 else count_text(len(alarms), "alarm")
    subject = f"{project.name}: {what} in production".replace("\n", " ")
    return EmailMessage(
        subject[:LONGEST_SUBJECT],
        "\n".join(_lines(alarms, project, user)),
        None,
        [user.email],
        headers={"Message-ID": f"<alarms-{mails[0].message}@{site_host()}>"},
    )


def _lines(alarms: Sequence[Alarm], project: Project, user: User) -> Iterator[str]:
    yield f"Monitors of {project.name} have proven that something changed in production."
    for alarm in alarms:
        since = f" since about {alarm.since:%-d %B %Y}" if alarm.since else ""
        yield ""
        yield f"* {_what(alarm)}{since}"
        yield f"  {absolute(reverse('site:alarm', args=[alarm.pk]))}"
    yield ""
    yield f"All of them: {absolute(reverse('site:monitors', args=[project.slug]))}"
    yield ""
    own = any(alarm.owner_id == user.pk for alarm in alarms)
    because = "you answer for it" if own else "nobody answers for it and you own the project"
    yield f"You get this because {because}. No second mail comes about the same."


def _what(alarm: Alarm) -> str:
    """What changed. Of inputs no more than the subject: their evidence has words of users."""
    return alarm.subject if alarm.monitor.kind == MonitorKind.INPUTS else alarm.sentence
