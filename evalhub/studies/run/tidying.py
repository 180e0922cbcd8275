"""What has had its time is taken out, by the site itself: nobody has to remember a command."""

from contextlib import AbstractContextManager

from evalhub.accounts.sign_in import drop_expired_sessions
from evalhub.registry.drafts import drop_left_over
from evalhub.registry.working_sets import drop_left_over_sets
from runners.timer import every

TIDY_S = 600.0


def tidy() -> None:
    """Deletes expired sessions, and what writers that have ended left half-written.

    Old uploads are deleted where they lie: by the site (`evalhub.jobs.runner`).
    """
    drop_expired_sessions()
    drop_left_over()
    drop_left_over_sets()


def tidier() -> AbstractContextManager[None]:
    """Tidies now and every TIDY_S seconds, on a thread of this process, while the block runs."""
    return every(TIDY_S, tidy)
