from django.apps import AppConfig


class JudgesConfig(AppConfig):
    name = "evalhub.judges"
