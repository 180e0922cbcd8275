"""Errors of reviews, each with a sentence for the person who meets it."""

from collections.abc import Sequence


class ReviewError(Exception):
    """Base of this package's errors; `str(error)` is fit to be read by a person."""

    sentence = ""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(sentence or self.sentence)


class PlanError(ReviewError, ValueError):
    """A campaign with this plan can't be opened."""


class NothingToCompareError(PlanError):
    """No item has two different answers."""


class FormError(PlanError):
    """An invalid form of a campaign; `field` names the place."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class PreviewBusyError(ReviewError):
    """Another plan of many answers is being worked out."""

    sentence = "Another plan is being worked out. This one follows in a moment."


class VouchError(ReviewError):
    """Nobody needs to vouch for this person, or this owner can't."""


class NotInvitedError(ReviewError):
    """This person isn't a member of the campaign's project."""

    sentence = "There is no such page, or it isn't yours to see."


class UnblindedError(ReviewError):
    """This person may see which model is which, so can't judge blindly."""

    sentence = (
        "You can see the models' names in this project, so you can't judge blindly. "
        "Reviewing is for members whose only role is reviewer."
    )


class UnknownAssignmentError(ReviewError):
    """No assignment of this reviewer has this token."""

    sentence = "There is no such comparison among yours."


class UnknownChoiceError(ReviewError):
    """The form brings no choice that the scale has."""

    sentence = "Choose one of the four answers: left, a tie, both bad, or right."


class StaleFormError(ReviewError):
    """The form's nonce belongs to another comparison or another person."""

    sentence = "This page is out of date: its answer belongs to another comparison."


class AlreadyJudgedError(ReviewError):
    """The comparison has a judgment, and it is another one."""

    def __init__(self, answer: str) -> None:
        super().__init__(f"You have already answered this comparison: “{answer}”. That stands.")


class LeaseLostError(ReviewError):
    """The lease ended and others have the pair, or have judged it."""

    sentence = "This comparison was open for so long that it went to other reviewers."


class CampaignClosedError(ReviewError):
    """The campaign takes no more judgments."""

    sentence = "This review has been closed, and takes no more answers."


class UnfitAnswerError(ReviewError):
    """The answer isn't one to this campaign's form; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The answer can't be saved yet. {field}: {reason}.")
        self.field = field


class NoReasonError(ReviewError):
    """A comparison is to be skipped without a reason, or with too long a one."""

    sentence = "Say in a few words why you skip this comparison."


class SkippedError(ReviewError):
    """The comparison was skipped by this reviewer, and an answer comes after that."""

    sentence = "You have skipped this comparison; it went to other reviewers."


class NothingToUndoError(ReviewError):
    """The reviewer has no answer that could still be taken back."""

    sentence = "There is no answer to take back: what you answered before is sealed."


class NotReviewingError(ReviewError):
    """An owner has removed this reviewer from the campaign."""

    sentence = "You are no longer a reviewer of this review; your answers are kept."


class NamesRevealedError(ReviewError):
    """An owner has had the arms named: from then on nothing can be said or changed."""

    sentence = (
        "This review is over: it is known by now who gave which answer, so nothing can be "
        "answered or changed any more."
    )


class UnknownSideError(ReviewError):
    """A guess is of a side that there isn't."""

    sentence = "Choose left, right, or that you can't tell."


class StillJudgingError(ReviewError):
    """A guess comes while the reviewer has a comparison to judge."""

    sentence = "There is a comparison to judge first; the guesses come after the last."


class AlreadyGuessedError(ReviewError):
    """The pair has a guess of this reviewer, and it is another one."""

    sentence = "You have guessed at this pair already; that guess stands."


class AlreadyUnblindedError(ReviewError):
    """The arms have been named before: it happens once."""

    sentence = "The models of this review have been named already."


class StillBlindError(ReviewError):
    """Results were requested before the campaign's end."""

    sentence = (
        "This review goes on. Its results are shown when it has ended, or once an owner has "
        "the models named, which ends it."
    )


class CampaignEndedError(ReviewError):
    """A campaign that is closed is to be paused, resumed or filled with people."""

    sentence = "This review is closed. Open a new one to go on."


class InvitedOnlyError(ReviewError):
    """The campaign takes only people who were invited to it."""

    sentence = "This review is for invited people. Ask its owner for an invitation."


class InvitationError(ReviewError):
    """An invitation that can't be made, or whose link is invalid."""


class NotQualifiedError(ReviewError):
    """Practice isn't over, or wasn't passed."""

    sentence = "Your practice hasn't let you in yet."


class StillGoingError(ReviewError):
    """Adjudication was requested before the campaign's end."""

    sentence = "This review goes on: disagreements are adjudicated when it has ended."


class SealedError(ReviewError):
    """The campaign has ended, and its judgments are sealed."""

    sentence = (
        "This review has ended and its judgments are sealed: nothing can be answered, skipped or "
        "taken back any more."
    )


class TamperedError(ReviewError):
    """The campaign's record isn't what was recorded; `faults` says in sentences what differs."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"The record of this review was changed. {' '.join(faults)}")
        self.faults = tuple(faults)


class ExampleQueueError(ReviewError, ValueError):
    """A queue of examples that can't be made so; `field` says where, `path` where in a request."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = self.path = field
        self.reason = reason


class DraftError(ExampleQueueError):
    """An example that can't be added; `number` counts from 1, `field` says where."""

    def __init__(self, number: int, field: str, reason: str) -> None:
        super().__init__(f"example {number}, {field}", reason)
        self.number = number
        self.field = field
        self.path = f"examples.{number - 1}.{field}"


class UnknownExampleError(ReviewError):
    """No example of this person has this token, or there is no such queue for them."""

    sentence = "There is no such example among yours."


class NotBlindError(ReviewError):
    """Two annotators are to be blind, and this person may see what proposed the answers."""

    sentence = (
        "Two people answer each example of this queue, and don’t know what proposed its answer. "
        "You can see that here, so you can’t be one of them; you can decide where they disagree."
    )


class UnfitExampleAnswerError(ReviewError):
    """The answer can't be saved; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"This can’t be saved yet: {reason}.")
        self.field = field


class AlreadyAnnotatedError(ReviewError):
    """The example has an answer of this person, and it is another one, or was skipped."""

    sentence = "You have answered or skipped this example already; that stands."


class ExampleLostError(ReviewError):
    """The lease ended and others have the example, or it has been decided or erased."""

    sentence = "This example was open for so long that it went to somebody else."


class NoExampleToUndoError(ReviewError):
    """The person has no answer in the queue that could still be taken back."""

    sentence = (
        "There is no answer to take back: it is older than a quarter of an hour, or somebody "
        "decides on it."
    )


class QueueClosedError(ReviewError):
    """The queue takes nothing any more."""

    sentence = "This queue is closed: it takes no more examples and no more answers."
