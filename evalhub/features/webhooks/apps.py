from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "evalhub.features.webhooks"
