"""What was said and done in a review is added, never changed; unblinding isn't taken back."""

from django.db import migrations

from evalhub.accounts.append_only import append_only, set_once


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0001_initial"),
        ("accounts", "0002_results_seen_append_only"),
    ]

    operations = [
        append_only("reviews_judgment", says="judgments are added, never changed"),
        append_only("reviews_event", says="what was done to a review is never changed"),
        append_only("reviews_guess", says="guesses are added, never changed"),
        set_once("reviews_campaign", ["unblinded"], says="unblinding isn't taken back"),
    ]
