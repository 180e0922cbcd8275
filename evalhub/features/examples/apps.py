from django.apps import AppConfig


class ExamplesConfig(AppConfig):
    name = "evalhub.features.examples"
