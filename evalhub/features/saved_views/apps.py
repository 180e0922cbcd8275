from django.apps import AppConfig


class SavedViewsConfig(AppConfig):
    name = "evalhub.features.saved_views"
