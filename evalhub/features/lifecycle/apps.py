from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "evalhub.features.lifecycle"
