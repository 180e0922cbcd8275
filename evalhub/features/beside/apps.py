from django.apps import AppConfig


class BesideConfig(AppConfig):
    name = "evalhub.features.beside"
