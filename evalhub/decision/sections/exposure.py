"""Who was exposed to the challenger of a live experiment, and how far it was routed. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field

from evalhub.decision.inconsistent import Discrepancy
from evalhub.decision.sections.base import Section
from evalhub.decision.wording import count_text
from evalhub.declare.amounts import Count, Size
from evalhub.declare.decision import Arms
from evalhub.declare.declaration import Declaration
from evalhub.declare.live_sums import Instant
from evalhub.declare.verdicts import Status

if TYPE_CHECKING:
    from evalhub.decision.document import DecisionRecord

CROSSED_LOOK = 0.01
"""Share of users who were answered by the other arm too, above which it is worth a look."""
CROSSED_FLAW = 0.1
"""The same, above which nothing can be concluded: users aren't told apart as routing does."""


class ArmExposure(Declaration):
    """An arm's users, as assigned, and who answered them.

    Attributes:
        crossed_users: to whom the other arm answered at least once.
        unreached: users to whom the arm never answered, though they are assigned to it.
        requests: of these users; by whom they were answered, the next three say.
        by_default: that the champion answered without being asked for an arm: the caller's own
            default, where it got no arm.
        crossed: that the other arm answered.
    """

    users: Count
    crossed_users: Count
    unreached: Count
    requests: Count
    as_assigned: Count
    by_default: Count
    crossed: Count


class Silence(Declaration):
    """Minutes in a row without any request, which those around them don't explain.

    Attributes:
        missed: requests that were to be expected in them.
    """

    first: Instant
    minutes: Size
    missed: Count


class ExposureSection(Section):
    """The users of both arms and their requests: each counts in the arm of their first request.

    Attributes:
        exposed: users of both arms.
        without_user: requests without a user: they are in no arm.
        outside: requests of users who aren't in the experiment.
        last_challenger: of the newest request that the challenger answered; null: none was.
        silent_minutes: of all silences.
        missed: requests that were to be expected in them, by those before and after.
        silences: those in which most are missed.
    """

    title: ClassVar[str] = "Exposure"
    method: ClassVar[str] = "live"
    order: ClassVar[int] = 32

    exposed: Count
    champion: ArmExposure
    challenger: ArmExposure
    without_user: Count
    outside: Count
    last_challenger: Instant | None
    silent_minutes: Count
    missed: Count
    silences: tuple[Silence, ...] = Field(max_length=5)

    @property
    def crossed_share(self) -> float:
        """Share of users to whom the other arm answered too."""
        crossed = self.champion.crossed_users + self.challenger.crossed_users
        return crossed / self.exposed if self.exposed else 0.0

    @property
    def flaw(self) -> str:
        """Why the exposure allows no verdict; "" where it does."""
        if self.crossed_share <= CROSSED_FLAW:
            return ""
        return (
            f"{self.crossed_share:.0%} of the users were answered by the other arm too: the "
            "targeting key by which clients are routed isn't the user id of the requests"
        )

    def derive_status(self, arms: Arms) -> Status:
        """Worth a look where users met both arms, or where requests may be missing."""
        if self.flaw:
            return Status.FAIL
        fine = self.crossed_share <= CROSSED_LOOK and not self.silences
        return Status.PASS if fine else Status.OPEN

    def write_sentences(self, arms: Arms) -> Iterator[str]:
        rows = ((arms.baseline.name, self.champion), (arms.candidate.name, self.challenger))
        parts = [
            f"{row.users:,} to {name} ({count_text(row.requests, 'request')})" for name, row in rows
        ]
        yield f"exposed: {count_text(self.exposed, 'user')}, {' and '.join(parts)}."
        yield from self._routing_sentences(rows)
        for number, text in (
            (self.without_user, "without a user, and count nowhere"),
            (self.outside, "of users who aren't in the experiment"),
        ):
            if number:
                are = "is" if number == 1 else "are"
                yield f"{count_text(number, 'request')} {are} {text}."
        if self.last_challenger is not None:
            at = time_text(self.last_challenger)
            yield f"{arms.candidate.name} last answered a user at {at}."
        yield from self._silence_sentences()
        yield (
            "What both arms share isn't measured: with one cache or one GPU behind both, the load "
            "of one arm slows the other."
        )
        yield "A difference may be one of novelty, which goes once users are used to the change."

    def _routing_sentences(self, rows: tuple[tuple[str, ArmExposure], ...]) -> Iterator[str]:
        for name, row in rows:
            if row.by_default:
                yield (
                    f"{count_text(row.by_default, 'request')} of {name}'s users got the caller's "
                    "own default: they count as assigned."
                )
            if row.unreached:
                yield (
                    f"{count_text(row.unreached, 'user')} of {name}'s never got an answer of it: "
                    "they count as assigned."
                )
        if self.crossed_share:
            yield (
                f"{self.crossed_share:.1%} of the users were answered by the other arm too: they "
                "count as first assigned."
            )

    def _silence_sentences(self) -> Iterator[str]:
        if not self.silences:
            return
        yield (
            f"In {count_text(self.silent_minutes, 'minute')} no request came, though by those "
            f"before and after about {self.missed:,} were to be expected. If Evalhub was away, it "
            "missed what was sent."
        )
        for silence in self.silences:
            yield (
                f"Silent from {time_text(silence.first)} for "
                f"{count_text(silence.minutes, 'minute')}: about "
                f"{count_text(silence.missed, 'request')}."
            )

    def without_results(self) -> Self:
        """All of it: counts say nothing of any answer."""
        return self

    @classmethod
    def check(cls, record: "DecisionRecord", at: str) -> Iterator[Discrepancy]:
        """Counts add up, and what is a flaw is named as one."""
        section = record.exposure
        if section is None:
            return
        inner = f"{at}exposure."
        rows = {"champion": section.champion, "challenger": section.challenger}
        users = sum(row.users for row in rows.values())
        if users != section.exposed:
            rule = "it is the number of both arms' users"
            yield Discrepancy(f"{inner}exposed", section.exposed, users, rule)
        for name, row in rows.items():
            answered = row.as_assigned + row.by_default + row.crossed
            if answered != row.requests:
                rule = "each request was answered by the arm, the other or by default"
                yield Discrepancy(f"{inner}{name}.requests", row.requests, answered, rule)
            for part in ("crossed_users", "unreached"):
                if (number := getattr(row, part)) > row.users:
                    yield Discrepancy(f"{inner}{name}.{part}", number, row.users, "they are users")
        for name, total, listed in (
            ("silent_minutes", section.silent_minutes, [row.minutes for row in section.silences]),
            ("missed", section.missed, [row.missed for row in section.silences]),
        ):
            if sum(listed) > total:
                rule = "the silences that are listed are among them"
                yield Discrepancy(f"{inner}{name}", total, sum(listed), rule)
        if section.flaw and section.flaw not in record.invalid:
            yield Discrepancy(f"{at}invalid", None, section.flaw, "it allows no verdict")


def time_text(instant: str) -> str:
    """A time for people: 2026-11-30 18:10 UTC."""
    return f"{instant[:10]} {instant[11:16]} UTC"
