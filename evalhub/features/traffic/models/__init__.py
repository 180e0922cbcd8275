"""The tables of traffic"""

from evalhub.features.traffic.models.requests import (
    DAILY,
    EventTexts,
    OfDaysQuerySet,
    Request,
    RequestQuerySet,
    RequestText,
    Signal,
)
from evalhub.features.traffic.models.roll_ups import (
    RefusedRows,
    RollUp,
    RollUpQuerySet,
    SignalRollUp,
    SignalRollUpQuerySet,
)
from evalhub.features.traffic.models.stated import ServedModel, TrafficSettings

__all__ = [
    "DAILY",
    "EventTexts",
    "OfDaysQuerySet",
    "RefusedRows",
    "Request",
    "RequestQuerySet",
    "RequestText",
    "RollUp",
    "RollUpQuerySet",
    "ServedModel",
    "Signal",
    "SignalRollUp",
    "SignalRollUpQuerySet",
    "TrafficSettings",
]
