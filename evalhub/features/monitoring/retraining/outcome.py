"""What came of a proposal: the decision on the version that was trained, and whether it helped."""

from dataclasses import dataclass
from datetime import datetime

from evalhub.declare.cost_sheet import Ends
from evalhub.declare.monitor import MonitorKind
from evalhub.features.monitoring.models import RetrainProposal, Stream
from evalhub.features.monitoring.retraining.losses import worse_by
from evalhub.ledger.models import Decision, Promotion
from evalhub.stats.errors import StatisticsError


@dataclass(frozen=True, slots=True)
class RetrainOutcome:
    """What came of it so far.

    Attributes:
        decision: the newest on the version.
        champion_since: None: it isn't the champion, nor was it.
        gain: by how much the new version is better than the old one was since its loss, with its
            95% interval; None: it can't be told.
        sentence: whether it helped, or why that can't be told.
    """

    decision: Decision | None
    champion_since: datetime | None
    gain: Ends | None
    sentence: str


def outcome_of(proposal: RetrainProposal) -> RetrainOutcome | None:
    """None where no version is linked. Some six queries."""
    version = proposal.retrained
    if version is None:
        return None
    decision = Decision.objects.on_version(version).newest_first().first()
    promotions = Promotion.objects.filter(
        project=proposal.project_id, version=version, created__gte=proposal.alarm.raised
    )
    since = promotions.order_by("id").values_list("created", flat=True).first()
    if since is None:
        return RetrainOutcome(decision, None, None, f"{version} isn't the champion yet.")
    gain, sentence = _gain(proposal, since)
    return RetrainOutcome(decision, since, gain, sentence)


def _gain(proposal: RetrainProposal, since: datetime) -> tuple[Ends | None, str]:
    """By the first stream of the same that the version had since the alarm, whichever monitor of
    the same requests it is of."""
    alarm, version = proposal.alarm, proposal.retrained
    old, monitor = alarm.stream, alarm.monitor
    assert old is not None
    streams = Stream.objects.filter(
        version=version,
        metric=old.metric,
        slice_kind=old.slice_kind,
        slice_value=old.slice_value,
        since__gte=alarm.raised.date(),
        monitor__kind=monitor.kind,
        monitor__project=proposal.project_id,
    )
    if monitor.kind == MonitorKind.OPERATIONS:
        streams = streams.filter(monitor__plan__route=monitor.plan.route)
    new = streams.order_by("pk").first()
    if new is None:
        return None, f"No monitor measures {old.metric} of {version} yet."
    try:
        worse = worse_by(alarm, new)
    except StatisticsError as error:
        return None, f"Too few days to tell whether it helped: {error}."
    gain = Ends(low=-worse.high, value=-worse.value, high=-worse.low)
    return gain, _sentence(gain)


def _sentence(gain: Ends) -> str:
    size = f"{gain.value:.3g} ({gain.low:.3g} to {gain.high:.3g})".replace("-", "−")
    if gain.low > 0:
        return f"It helped: better by {size} than the old version since its loss."
    if gain.high < 0:
        return f"It made things worse: by {size}, where below 0 is worse."
    return f"Whether it helped isn't shown: better by {size} than the old version since its loss."
