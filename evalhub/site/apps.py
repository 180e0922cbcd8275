from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "evalhub.site"
    label = "site"
