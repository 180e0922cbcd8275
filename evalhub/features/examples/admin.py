"""Admin pages of examples' ways in and out: read only; calls and exports are made by verbs."""

from evalhub.accounts.read_only import AdminTable, register
from evalhub.features.examples.models import ExampleCall, SentExample

register(
    {
        ExampleCall: AdminTable(
            "queue version kind part answered created",
            "queue__name version__model__slug kind",
            fields="queue version kind part number answered error left_out created",
            order="-id",
        ),
        SentExample: AdminTable(
            "example row item created", "example__queue__name row__file__name", order="-id"
        ),
    }
)
