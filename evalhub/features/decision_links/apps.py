from django.apps import AppConfig


class DecisionLinksConfig(AppConfig):
    name = "evalhub.features.decision_links"
