from django.apps import AppConfig


class DataConfig(AppConfig):
    name = "evalhub.features.data"
