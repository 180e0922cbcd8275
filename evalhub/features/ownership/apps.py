from django.apps import AppConfig


class OwnershipConfig(AppConfig):
    name = "evalhub.features.ownership"
