"""What retrievers found for runs under way, in the admin: looked at, never changed."""

from evalhub.accounts.read_only import AdminTable, register
from runners.models import RecordedRetrieval

register(
    {
        RecordedRetrieval: AdminTable(
            "item__key run_id",
            "item__key__startswith",
            "how the item's id begins",
            large=True,
        ),
    }
)
