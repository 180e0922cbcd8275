from django.apps import AppConfig


class WorkingSetsConfig(AppConfig):
    name = "evalhub.features.working_sets"
