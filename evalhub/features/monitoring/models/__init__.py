"""The tables of monitoring"""

from evalhub.features.monitoring.models.alarms import (
    Alarm,
    AlarmMail,
    AlarmQuerySet,
    MailState,
    Resolution,
    RetrainProposal,
    RetrainProposalQuerySet,
)
from evalhub.features.monitoring.models.monitors import Monitor, MonitoringSettings, MonitorQuerySet
from evalhub.features.monitoring.models.notices import Notice, NoticeKind
from evalhub.features.monitoring.models.streams import (
    Check,
    InputsReference,
    MonitorDay,
    Stream,
    StreamDay,
)
from evalhub.features.monitoring.models.watches import Asking, AskingQuerySet, Watch
from evalhub.features.monitoring.models.weeks import QualityWeek

__all__ = [
    "Alarm",
    "AlarmMail",
    "AlarmQuerySet",
    "Asking",
    "AskingQuerySet",
    "Check",
    "InputsReference",
    "MailState",
    "Monitor",
    "MonitorDay",
    "MonitorQuerySet",
    "MonitoringSettings",
    "Notice",
    "NoticeKind",
    "QualityWeek",
    "Resolution",
    "RetrainProposal",
    "RetrainProposalQuerySet",
    "Stream",
    "StreamDay",
    "Watch",
]
