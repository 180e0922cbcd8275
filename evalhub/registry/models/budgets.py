"""Budgets of studies: what may be spent in all, and what has been spent."""

from django.db import models

from evalhub.accounts.models import Project


class StudyBudget(models.Model):
    """So much may a study's runs cost, or those of one of its arms; and so much they did since.

    It is known by the study's slug, so that answers stored before the study is registered count
    too. What was spent is counted as answers are written, in the same transaction.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="budgets")
    study = models.SlugField(max_length=120, help_text="the study's slug")
    arm = models.SlugField(max_length=120, blank=True, help_text="empty: of the whole study")
    tokens = models.BigIntegerField(null=True, help_text="at most; null: as many as it takes")
    money = models.FloatField(null=True, help_text="at most; null: as much as it takes")
    spent_tokens = models.BigIntegerField(default=0, db_default=0)
    spent_money = models.FloatField(default=0.0, db_default=0.0)

    class Meta:
        ordering = ["project", "study", "arm"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "study", "arm"],
                name="budget_once",
                violation_error_message="This study has a budget.",
            )
        ]

    def __str__(self) -> str:
        return f"the budget of {self.study}{f', arm {self.arm}' if self.arm else ''}"

    @property
    def used_up(self) -> str:
        """The part that is used up: "tokens", "money", or "" if some of both is left."""
        if self.tokens is not None and self.spent_tokens >= self.tokens:
            return "tokens"
        if self.money is not None and self.spent_money >= self.money:
            return "money"
        return ""

    @property
    def sentence(self) -> str:
        """A sentence: how much of the budget is spent."""
        of = []
        if self.tokens is not None:
            of.append(f"{self.spent_tokens:,} of {self.tokens:,} tokens")
        if self.money is not None:
            of.append(f"{self.spent_money:,.4g} of {self.money:,.4g} in money")
        return f"{self}: {' and '.join(of)} spent"


class Reserved(models.Model):
    """What answers that are under way may cost on a budget at most, for one who asks for them.

    It counts as spent until they are there. Of a worker that was lost it counts until `until`.
    """

    budget = models.ForeignKey(StudyBudget, models.CASCADE, related_name="reserved", db_index=False)
    holder = models.UUIDField(help_text="who asks", db_index=True)
    tokens = models.BigIntegerField()
    money = models.FloatField()
    until = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name = "reserved amount"
        constraints = [models.UniqueConstraint(fields=["budget", "holder"], name="reserved_once")]

    def __str__(self) -> str:
        return f"{self.tokens:,} tokens reserved on {self.budget_id}"
