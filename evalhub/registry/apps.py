from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "evalhub.registry"
    label = "registry"
    verbose_name = "What exists"
