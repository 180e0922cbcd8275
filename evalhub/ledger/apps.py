from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "evalhub.ledger"
    label = "ledger"
    verbose_name = "Decisions and the ledger"
