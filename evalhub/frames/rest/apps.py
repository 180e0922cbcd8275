from django.apps import AppConfig


class RestConfig(AppConfig):
    name = "evalhub.frames.rest"
    label = "rest"
