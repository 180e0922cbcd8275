"""Redis as a queue that may be away for a while: kombu's transport, with one thing mended.

A worker takes as many messages as it has threads, and an acknowledgement makes room for the next.
Kombu keeps the place taken where Redis didn't hear of it. In an outage that is longer than the
shards at work, all places stayed taken: the worker never asked for a message again, and so never
noticed that the connection was lost. Whether Redis has heard is no matter here: a message that it
delivers again is stale, and let go of (`runners.queue`). So no log tells of it either.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual


class _Acknowledging(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        channel: Any = self.channel
        try:
            super().ack(delivery_tag)
        except channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        finally:
            virtual.QoS.ack(self, delivery_tag)


class _RedisChannel(redis.Channel):
    QoS = _Acknowledging


class EnduringRedis(redis.Transport):
    """Of redis:// and rediss:// in this process, once `install` was called."""

    Channel: Any = _RedisChannel


def install() -> None:
    """Lets the addresses of Redis name this transport."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{EnduringRedis.__name__}"
