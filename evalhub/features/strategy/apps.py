from django.apps import AppConfig


class StrategyConfig(AppConfig):
    name = "evalhub.features.strategy"
