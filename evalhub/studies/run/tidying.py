"""Delete expired data automatically."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from evalhub.accounts.sign_in import drop_expired_sessions
from evalhub.registry.drafts import drop_left_over
from runners.timer import every

TIDY_S = 600.0


def tidy(of_features: Sequence[Callable[[], object]]) -> None:
    """Deletes expired sessions, and what aborted writers left half-written.

    `of_features` delete rows of features: `evalhub.features.table.TIDIED`. Old uploads are deleted
    where they lie: by the site (`evalhub.jobs.runner`).
    """
    drop_expired_sessions()
    drop_left_over()
    for delete_left_over in of_features:
        delete_left_over()


def tidy_regularly(of_features: Sequence[Callable[[], object]]) -> AbstractContextManager[None]:
    """Calls `tidy` now and every TIDY_S seconds on a thread of this process, while the block
    runs."""

    def tidy_site() -> None:
        tidy(of_features)

    return every(TIDY_S, tidy_site)
