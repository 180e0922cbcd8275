"""Redis as a queue that may be away for a while: kombu's transport, with two things mended.

A worker takes as many messages as it has threads, and an acknowledgement makes room for the next.
Kombu keeps the place taken where Redis didn't hear of it. In an outage that is longer than the
shards at work, all places stayed taken: the worker never asked for a message again, and so never
noticed that the connection was lost. Whether Redis has heard is no matter here: a message that it
delivers again is stale, and let go of (`runners.queue`). So no log tells of it either.

A Redis that answers with an error (its memory is full, it is a replica after a failover, its disk
can't be written) is as good as away. To kombu that is an error of one command, which ends a worker.
Here it is an outage: the connection is made anew, and isn't made before Redis takes a trial write.
"""

from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis, virtual

TRIAL_KEY = "evalhub.trial"
TRIAL_LASTS_S = 60


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Raises redis.exceptions.ResponseError where Redis can be read and not written."""
        super().__init__(*args, **kwargs)
        channel: Any = self
        try:
            channel.client.set(TRIAL_KEY, "", ex=TRIAL_LASTS_S)
        except Exception:
            channel.connection.cycle.discard(self)
            channel._registered = False
            channel._disconnect_pools()
            raise


class EnduringRedis(redis.Transport):
    """Of redis:// and rediss:// in this process, once `install` was called."""

    Channel: Any = _RedisChannel
    connection_errors = redis.Transport.connection_errors + redis.Transport.channel_errors


def install() -> None:
    """Lets the addresses of Redis name this transport."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{EnduringRedis.__name__}"
