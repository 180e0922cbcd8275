"""Send messages, retry, give up; and the timer that does so.

The address is looked at when the socket is made and not when the name is resolved: a name that
means a public address now and a private one a moment later gains nothing.
"""

import asyncio
import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

import evalhub
from evalhub.accounts.events import EventSources
from evalhub.accounts.outgoing import RETRY_WAITS, hold_began
from evalhub.features.webhooks.events import KERNEL_EVENTS, note_events
from evalhub.features.webhooks.models import Delivery, DeliveryState, Webhook
from evalhub.features.webhooks.signing import secret_of, signatures
from runners.backends.connecting import PublicAddressesOnly
from runners.timer import every

if TYPE_CHECKING:
    import aiohttp

TICK_S = 2.0
AT_ONCE = 32
TIMEOUT_S = 15.0
LEASE = timedelta(seconds=60)
"""For which a message is its sender's; who dies meanwhile holds it up for that long."""
KEPT = timedelta(days=30)
GONE = 410
PRIVATE = "its host lies on this machine or in a private network, where only an operator's may"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The outcome of an attempt: a status, or why there is none."""

    status: int | None
    error: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send_due(sources: EventSources = KERNEL_EVENTS) -> int:
    """Notes new events for webhooks and sends what is due. Returns the number of messages sent.

    An error on one webhook is logged and keeps up no other. Two processes may do this at once.
    While the site's messages are held, nothing is looked for and nothing sent.
    """
    if hold_began():
        return 0
    for webhook in Webhook.objects.enabled().select_related("project"):
        try:
            note_events(webhook, sources)
        except Exception:
            logger.exception("could not look what webhook %d is to be told", webhook.pk)
    Delivery.objects.filter(ended__lt=timezone.now() - KEPT).delete()
    due = Delivery.objects.due().select_related("webhook")[:AT_ONCE]
    claimed = [each for each in due if _claim(each)]
    if claimed:
        for delivery, answer in zip(claimed, asyncio.run(_send_all(claimed)), strict=True):
            _conclude(delivery, answer)
    return len(claimed)


def send_regularly(sources: EventSources) -> AbstractContextManager[None]:
    """Calls `send_due` every TICK_S seconds on a thread of this process, while the block runs."""
    return every(TICK_S, lambda: send_due(sources))


def _claim(delivery: Delivery) -> bool:
    """Leases the message for LEASE, by compare-and-set."""
    same = Delivery.objects.filter(
        pk=delivery.pk,
        state=DeliveryState.WAITING,
        attempts=delivery.attempts,
        due_at=delivery.due_at,
    )
    delivery.attempts += 1
    return bool(same.update(due_at=timezone.now() + LEASE, attempts=delivery.attempts))


async def _send_all(deliveries: list[Delivery]) -> list[_Answer]:
    return await asyncio.gather(*(_send(each) for each in deliveries))


async def _send(delivery: Delivery) -> _Answer:
    import aiohttp

    hook = delivery.webhook
    if settings.OFFLINE and hook.by_id is not None:
        return _Answer(None, "EVALHUB_OFFLINE is set, and no operator made this webhook")
    public = PublicAddressesOnly()
    connector = aiohttp.TCPConnector(socket_factory=None if hook.private else public)
    try:
        async with aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        ) as session:
            return await _post(session, delivery)
    except TimeoutError:
        return _Answer(None, f"no answer within {TIMEOUT_S:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if public.refused:
            return _Answer(None, PRIVATE)
        return _Answer(None, _reason(error))


def _reason(error: Exception) -> str:
    """Why nothing was sent, by the kind of the error: its message would name addresses inside the
    site's network, and let a project's owner map it."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host's name means no address"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the host's certificate isn't valid for it"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no encrypted connection can be made to its host"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "nobody accepts connections at its host and port"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
        return "the host ended the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return "the host's answer isn't HTTP"
    return f"it can't be sent ({type(error).__name__})"


async def _post(session: "aiohttp.ClientSession", delivery: Delivery) -> _Answer:
    """The status of the answer, of which nothing else is read. Redirects aren't followed."""
    hook, now = delivery.webhook, timezone.now()
    salts = [hook.salt]
    if hook.old_salt and hook.old_until is not None and hook.old_until > now:
        salts.append(hook.old_salt)
    timestamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Evalhub/{evalhub.__version__}",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(
            [secret_of(str(settings.SECRET_KEY), each) for each in salts],
            message_id=delivery.message_id,
            timestamp=timestamp,
            body=delivery.body,
        ),
    }
    async with session.post(
        hook.url, data=delivery.body.encode(), headers=headers, allow_redirects=False
    ) as response:
        return _Answer(response.status)


def _conclude(delivery: Delivery, answer: _Answer) -> None:
    """Stores the outcome of an attempt, unless another attempt has sent the message meanwhile."""
    now = timezone.now()
    error = answer.error or ("" if answer.is_accepted else f"the answer was {answer.status}")
    changes: dict[str, object] = {"status": answer.status, "error": error[:300]}
    if answer.is_accepted:
        changes |= {"state": DeliveryState.DELIVERED, "ended": now}
    elif answer.status == GONE or delivery.attempts > len(RETRY_WAITS):
        changes |= {"state": DeliveryState.FAILED, "ended": now}
    else:
        changes |= {"due_at": now + RETRY_WAITS[delivery.attempts - 1]}
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts).update(**changes)
    if answer.status == GONE:
        Webhook.objects.filter(pk=delivery.webhook_id, disabled=None).update(
            disabled=now, why="its address answered 410: gone"
        )
