from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "evalhub.features.experiments"
