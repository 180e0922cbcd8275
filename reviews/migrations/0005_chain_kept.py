"""The database keeps what was chained, and what a seal has set."""

from django.db import migrations

from evalhub.accounts.append_only import append_only, set_once
from reviews.sealing import seal, unseal


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_chain_what_is_there")]

    operations = [
        # altering a table may have made it anew, without its triggers
        migrations.RunPython(seal, unseal),
        append_only("reviews_judgment", says="judgments are added, never changed"),
        append_only("reviews_undo", says="what was taken back is added, never changed"),
        append_only("reviews_guess", says="guesses are added, never changed"),
        append_only("reviews_event", says="what was done to a review is never changed"),
        append_only(
            "reviews_assignment",
            may_change=["state", "skip_reason", "revision", "dealt", "lease_until"],
            says="a turn keeps its pair, its person and its sides",
        ),
        set_once(
            "reviews_campaign",
            ["unblinded", "sealed", "seal", "sealed_as"],
            says="unblinding and sealing aren't taken back",
        ),
        set_once("reviews_reviewer", ["ended"], says="a seal isn't taken back"),
    ]
