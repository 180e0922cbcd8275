"""What a run has cost: tokens and money, by whom it asked."""

from django.db import models

from evalhub.declare.prices import Spent, UsedPrice, spending_text
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.runs import Run
from evalhub.registry.models.versions import ModelVersion


class Spending(models.Model):
    """The cost so far of one version's requests in a run: the run's own version, or a judge."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="spending", db_index=False)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="spending")
    price = DeclaredField[UsedPrice | None](
        UsedPrice, null=True, editable=False, help_text="that held when it was last asked"
    )
    prompt_tokens = models.BigIntegerField(default=0, db_default=0)
    cached_tokens = models.BigIntegerField(
        default=0, db_default=0, help_text="of the prompts', those that the server had read before"
    )
    completion_tokens = models.BigIntegerField(default=0, db_default=0)
    untold = models.BigIntegerField(
        default=0, db_default=0, help_text="answers of which the server told no tokens"
    )
    money = models.FloatField(null=True, help_text="null where no price is known")
    longest = models.BigIntegerField(
        default=0, db_default=0, help_text="tokens of the longest answer so far"
    )

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "spending"
        constraints = [models.UniqueConstraint(fields=["run", "version"], name="spending_once")]

    def __str__(self) -> str:
        return f"what {self.version} has cost in {self.run_id}"

    @property
    def is_judge(self) -> bool:
        """Whether the version is a judge of the run's answers."""
        return self.version_id != self.run.version_id

    @property
    def shown(self) -> Spent:
        """As it is shown everywhere. Needs `run` and `version` with its model."""
        return Spent(
            asked=str(self.version),
            judge=self.is_judge,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            completion_tokens=self.completion_tokens,
            untold=self.untold,
            money=self.money,
            price=self.price,
            sentence=spending_text(
                prompt=self.prompt_tokens,
                completion=self.completion_tokens,
                without_count=self.untold,
                money=self.money,
                price=self.price,
            ),
        )
