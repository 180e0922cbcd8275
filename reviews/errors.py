"""What can stand in the way of a review, each with a sentence for the person it meets."""


class ReviewError(Exception):
    """Base of this package's errors; `str(error)` is fit to be read by a person."""


class PlanError(ReviewError, ValueError):
    """A campaign can't be opened as asked."""


class NothingToCompareError(PlanError):
    """No item has two different answers."""


class FormError(PlanError):
    """A campaign's form can't be as given; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class NotInvitedError(ReviewError):
    """This person isn't a member of the campaign's project."""

    def __init__(self) -> None:
        super().__init__("There is no such page, or it isn't yours to see.")


class UnblindedError(ReviewError):
    """This person may see which model is which, so can't judge blindly."""

    def __init__(self) -> None:
        super().__init__(
            "You can see the models' names in this project, so you can't judge blindly. "
            "Reviewing is for members whose only role is reviewer."
        )


class UnknownAssignmentError(ReviewError):
    """No assignment of this reviewer has this token."""

    def __init__(self) -> None:
        super().__init__("There is no such comparison among yours.")


class UnknownChoiceError(ReviewError):
    """The form brings no choice that the scale has."""

    def __init__(self) -> None:
        super().__init__("Choose one of the four answers: left, a tie, both bad, or right.")


class StaleFormError(ReviewError):
    """The form's nonce belongs to another comparison or another person."""

    def __init__(self) -> None:
        super().__init__("This page is out of date: its answer belongs to another comparison.")


class AlreadyJudgedError(ReviewError):
    """The comparison has a judgment, and it is another one."""

    def __init__(self, answer: str) -> None:
        super().__init__(f"You have already answered this comparison: “{answer}”. That stands.")


class LeaseLostError(ReviewError):
    """The lease ended and others have judged the pair in the meantime."""

    def __init__(self) -> None:
        super().__init__(
            "This comparison was open for so long that it went to other reviewers, "
            "who have answered it."
        )


class CampaignClosedError(ReviewError):
    """The campaign takes no more judgments."""

    def __init__(self) -> None:
        super().__init__("This review has been closed, and takes no more answers.")
