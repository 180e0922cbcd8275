from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "evalhub.features.training"
