from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "evalhub.features.deployment"
