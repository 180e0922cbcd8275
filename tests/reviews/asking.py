"""Reviews opened in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.accounts.models import User
from evalhub.declare.review import Design
from evalhub.registry.models import Run, Study
from reviews.models import Campaign
from reviews.planning.campaign import open_campaign


def a_review(
    *,
    baseline_run: Run,
    candidate_run: Run,
    other_runs: Sequence[Run] = (),
    study: Study | None = None,
    strata: Mapping[str, str] | None = None,
    name: str = "",
    by: User | None = None,
    supersedes: Campaign | None = None,
    design: Design = Design(),  # noqa: B008 (frozen)
    **asked: Any,
) -> Campaign:
    """A review of these runs by a design; `asked` are fields of it (items, seed, form, …)."""
    return open_campaign(
        runs=[baseline_run, candidate_run, *other_runs],
        design=design.model_copy(update=asked),
        study=study,
        strata=strata,
        name=name,
        by=by,
        supersedes=supersedes,
    )
