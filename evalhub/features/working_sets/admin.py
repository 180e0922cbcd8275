"""Working sets in the admin: looked at there, and written on their own pages."""

from evalhub.accounts.read_only import AdminTable, register
from evalhub.features.working_sets.models import WorkingItem, WorkingSet

register(
    {
        WorkingSet: AdminTable(
            "slug project source by changed",
            "slug project__slug source",
            rows={"working_sets_workingitem": "working_set"},
        ),
        WorkingItem: AdminTable(
            "key working_set position input part change",
            "key__startswith",
            "how the item's id begins",
            hidden="choices tools digest fingerprint fingerprint_in_context text",
            shortened="input",
            large=True,
        ),
    }
)
