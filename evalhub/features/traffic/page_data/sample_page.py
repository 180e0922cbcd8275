"""What the pages of samples of requests show: a draft, a frozen one, and those of a request."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch, QuerySet

from evalhub.accounts.models import Project
from evalhub.declare.declaration import validate
from evalhub.features.traffic.models import Request
from evalhub.features.traffic.shadow.drawing import SampleDraft
from evalhub.features.traffic.shadow.power import SamplePower, sample_power, stored_power
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.registry.models import Study, TrafficSample
from evalhub.stats.sampling import LARGE_CLUSTER

MOST_SAMPLES = 50


@dataclass(frozen=True, slots=True)
class WeightedStratum:
    """A stratum, and how many of its requests a drawn one stands for."""

    name: str
    requests: int
    drawn: int

    @property
    def weight(self) -> float:
        return self.requests / self.drawn

    @property
    def rate(self) -> float:
        """Share of its requests that are drawn."""
        return self.drawn / self.requests


@dataclass(frozen=True, slots=True)
class SamplePage:
    """A sample, drafted or frozen.

    Attributes:
        large_users: users who have more than a fifth, by their hash, and their shares; of a draft
            alone.
        texts_until: the last day on which all of its texts are kept; of a draft alone.
        commands: by which its study is made, of a frozen one.
    """

    sample: TrafficSample
    items: int
    strata: Sequence[WeightedStratum]
    query: SampleQuery
    power: SamplePower
    large_users: Sequence[tuple[str, float]] = ()
    texts_until: date | None = None
    commands: Sequence[str] = ()
    studies: Sequence[Study] = ()

    @property
    def asked_again(self) -> float:
        """Share of the items that the baseline has to be asked again."""
        return self.sample.asked_again / self.items

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """Drawn requests that make no item: the reason, and how many."""
        return list(self.sample.left_out.items())

    @property
    def leans_on_a_user(self) -> bool:
        """Whether one user has so much of it that they are named."""
        return self.sample.largest_user > LARGE_CLUSTER


def draft_page(draft: SampleDraft) -> SamplePage:
    """A sample as it would be. No query."""
    query = validate(SampleQuery, draft.sample.query)
    power = sample_power(
        [each.content.cluster for each in draft.items],
        [each.weight for each in draft.items],
        gain=query.planned_gain,
    )
    return SamplePage(
        draft.sample,
        len(draft.items),
        _strata(draft.sample),
        query,
        power,
        large_users=list(draft.large_users.items()),
        texts_until=draft.texts_until,
    )


def sample_page(sample: TrafficSample) -> SamplePage:
    """A sample that is frozen. Three queries."""
    query = validate(SampleQuery, sample.query)
    version = sample.version
    test_set = version.test_set
    of = shlex.join([test_set.project.slug, "--test-set", f"{test_set.slug}@{version.number}"])
    return SamplePage(
        sample,
        version.item_count,
        _strata(sample),
        query,
        stored_power(sample, gain=query.planned_gain),
        commands=(
            f"evalhub study init shadow --from-traffic --project {of} --kind lora "
            "--url http://localhost:9000/v1 --model support-lora",
            "evalhub study run shadow/study.yaml",
        ),
        studies=list(_studies().filter(test_sets__test_set_version=version)),
    )


def newest_samples(project: Project) -> Sequence[TrafficSample]:
    """The project's samples, the newest first. One query."""
    samples = TrafficSample.objects.filter(version__test_set__project=project)
    return list(samples.newest_first().select_related("model_version__model")[:MOST_SAMPLES])


def samples_of(request: Request) -> Sequence[TrafficSample]:
    """The samples that have an item made from this request, each with the `studies` that its
    version is in. Two queries."""
    samples = TrafficSample.objects.filter(
        version__items__sampled_requests__project=request.project_id,
        version__items__sampled_requests__day=request.day,
        version__items__sampled_requests__key=request.key,
    ).newest_first()
    tests = Prefetch("version__studies__study", _studies())
    return list(samples.prefetch_related(tests))


def _studies() -> "QuerySet[Study]":
    return Study.objects.order_by("-pk").distinct()


def _strata(sample: TrafficSample) -> list[WeightedStratum]:
    return [WeightedStratum(**row) for row in sample.strata]
