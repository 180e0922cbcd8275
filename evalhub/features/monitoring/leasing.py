"""A lease on a monitor: one process at a time looks, and whoever dies holds it up only so long."""

import uuid

from django.utils import timezone

from evalhub.features.monitoring.models import Monitor
from evalhub.features.monitoring.models.monitors import LEASE


def take_lease(monitor: Monitor) -> uuid.UUID | None:
    """A token of the lease, held for LEASE; None while another process has one, or where the
    monitor has ended."""
    token, until = uuid.uuid4(), timezone.now() + LEASE
    free = Monitor.objects.free().filter(pk=monitor.pk)
    return token if free.update(lease_until=until, lease_token=token) else None


def renew_lease(monitor: Monitor) -> None:
    """Holds the lease under which it was read for LEASE from now on."""
    rows = Monitor.objects.filter(pk=monitor.pk, lease_token=monitor.lease_token)
    rows.exclude(lease_token=None).update(lease_until=timezone.now() + LEASE)


def end_lease(monitor: Monitor, token: uuid.UUID, **changes: object) -> None:
    """Ends the lease, and writes these changes, if it is still held."""
    rows = Monitor.objects.filter(pk=monitor.pk, lease_token=token)
    rows.update(lease_token=None, lease_until=None, **changes)
