"""What was spent, and budgets, in the admin: read-only, for it is counted and not said."""

from django.contrib import admin

from evalhub.registry.models import Reserved, Spending, StudyBudget
from evalhub.registry.read_only import Frozen, readable


@admin.register(StudyBudget)
class BudgetAdmin(Frozen):
    list_display = (
        "study",
        "arm",
        "project",
        "spent_tokens",
        "tokens",
        "spent_money",
        "money",
    )
    list_select_related = ("project",)
    search_fields = ("study", "arm", "project__slug")


@admin.register(Reserved)
class ReservedAdmin(Frozen):
    list_display = ("budget", "tokens", "money", "until")
    list_select_related = ("budget__project",)
    search_fields = ("budget__study", "budget__arm", "holder")


@admin.register(Spending)
class SpendingAdmin(Frozen):
    list_display = ("version", "run", "prompt_tokens", "completion_tokens", "money")
    list_select_related = (
        "version__model",
        "run__version__model",
        "run__test_set_version__test_set",
    )
    search_fields = ("version__model__slug", "run__test_set_version__test_set__slug")
    fields = readonly_fields = (
        "run",
        "version",
        readable("price"),
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "untold",
        "money",
        "longest",
    )
