"""What is usually done about a fine-tune that forgot what its base could, and who found what. Pure.

Each finding says no more than its source does; none of it was tried on the model in question.
"""

from pydantic import Field

from evalhub.declare.declaration import Declaration
from evalhub.declare.publications import (
    BERT_FORGETS,
    CONTINUAL_LEARNERS,
    FORGETTING_LAWS,
    LEARNS_LESS,
    LM_COCKTAIL,
    SELF_REPLAY,
    WISE_FT,
    Publication,
)
from evalhub.declare.study import FINE_TUNED

ADAPTERS = ("lora", "qlora")


class PublishedFinding(Declaration):
    """What a publication found of a remedy."""

    says: str
    source: str = Field(description="authors, year and title")
    arxiv: str = Field(description="its number there: https://arxiv.org/abs/NUMBER")

    @property
    def cited(self) -> str:
        """Finding and source, as a sentence has them."""
        return f"{self.says} ({self.source.partition(',')[0]}, arXiv:{self.arxiv})"


class ForgettingRemedy(Declaration):
    """What is usually done about forgetting.

    Attributes:
        name: by which it is known in JSON.
        what: what one does, as an order.
    """

    name: str
    what: str
    findings: tuple[PublishedFinding, ...]

    @property
    def sentence(self) -> str:
        """What is done, and what was found of it."""
        return f"{self.what}: {'; '.join(each.cited for each in self.findings)}."


def _found(publication: Publication, says: str) -> PublishedFinding:
    number = publication.url.rpartition("/")[2]
    return PublishedFinding(says=says, source=publication.title, arxiv=number)


GENERAL_DATA = ForgettingRemedy(
    name="general-data",
    what="Mix general data into the training data",
    findings=(
        _found(
            CONTINUAL_LEARNERS,
            "with 1% of each earlier task's data among the new, T0 learnt eight tasks more and "
            "kept nearly all of the earlier ones",
        ),
        _found(
            SELF_REPLAY,
            "a model's own samples served as such data, and nearly eliminated forgetting",
        ),
    ),
)
LOWER_RATE = ForgettingRemedy(
    name="lower-rate",
    what="Lower the learning rate",
    findings=(
        _found(SELF_REPLAY, "low rates lessened forgetting, and took many more steps"),
        _found(BERT_FORGETS, "BERT needed a low rate, such as 2e-5, to overcome forgetting"),
    ),
)
FEWER_EPOCHS = ForgettingRemedy(
    name="fewer-epochs",
    what="Train fewer epochs, or take an earlier checkpoint",
    findings=(
        _found(
            FORGETTING_LAWS,
            "forgetting grew with the number of updates, and stopping early didn't avoid it",
        ),
        _found(
            LEARNS_LESS,
            "tuned on instructions to program, LoRA and full fine-tunes lost more with more epochs",
        ),
    ),
)
LOWER_RANK = ForgettingRemedy(
    name="lower-rank",
    what="Lower the adapter's rank",
    findings=(
        _found(
            FORGETTING_LAWS,
            "forgetting grew with the number of weights that were trained, and training fewer "
            "didn't avoid it",
        ),
    ),
)
ADAPTER = ForgettingRemedy(
    name="adapter",
    what="Train an adapter (LoRA) in place of all weights",
    findings=(
        _found(LEARNS_LESS, "LoRA forgot less than full fine-tunes did, and mostly learnt less"),
    ),
)
AVERAGED_WEIGHTS = ForgettingRemedy(
    name="averaged-weights",
    what="Average its weights with its base's; of an adapter, scale it down",
    findings=(
        _found(
            LM_COCKTAIL,
            "such averages of language models stayed strong on general tasks and on their own",
        ),
        _found(
            WISE_FT,
            "CLIP's accuracy on five shifts of ImageNet rose by 4 to 6 points over prior work",
        ),
    ),
)
REMEDIES = (GENERAL_DATA, LOWER_RATE, FEWER_EPOCHS, LOWER_RANK, ADAPTER, AVERAGED_WEIGHTS)
"""All, in the order in which they are said."""


def remedies_for(kind: str | None) -> tuple[ForgettingRemedy, ...]:
    """What is usually done for an arm of that kind; empty where it isn't fine-tuned. None is a kind
    that nobody stated: then what fits any fine-tune."""
    if kind is not None and kind not in FINE_TUNED:
        return ()
    left_out = {
        LOWER_RANK.name: kind not in ADAPTERS,
        ADAPTER.name: kind != "full",
    }
    return tuple(each for each in REMEDIES if not left_out.get(each.name))
