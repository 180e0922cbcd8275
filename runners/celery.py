"""Celery, where there is Redis: its settings."""

import os
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery

from runners.broker import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")
# Django's checks read every page of the site, which a worker has no other use for.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

QUEUES = {kind: f"evalhub.{kind}" for kind in ("cpu", "gpu", "api")}
"""By what a run needs: scores are computed, a model is loaded here, or asked elsewhere."""
LONGEST_TASK_S = 3600


def broker(redis_url: str) -> dict[str, Any]:
    """Celery's settings for a broker at `redis_url`.

    Besides redis:// and rediss:// a Unix socket can be named as redis+socket:///path or, as
    redis-py does, unix:///path?db=0.
    """
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        database = parse_qs(parts.query).get("db", ["0"])[0]
        redis_url = f"redis+socket://{parts.path}?virtual_host={database}"
    return {
        "broker_url": redis_url,
        "broker_transport_options": {
            "visibility_timeout": LONGEST_TASK_S,
            "unacked_restore_interval": 1.0,
            "unacked_restore_throttle": 1,
            # a machine that is gone without a word is noticed too
            "socket_timeout": 5.0,
            "socket_connect_timeout": 5.0,
            "socket_keepalive": True,
        },
    }


def _app() -> Celery:
    from django.conf import settings

    install()
    app = Celery("evalhub", include=["evalhub.workers.tasks"])
    app.conf.update(
        **broker(settings.REDIS_URL),
        broker_connection_retry_on_startup=True,
        # for ever: by default a worker gives up after about 48 minutes
        broker_connection_max_retries=None,
        task_default_queue=QUEUES["cpu"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2},
        worker_prefetch_multiplier=1,
        worker_redirect_stdouts=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        timezone="UTC",
    )
    return app


app = _app()
