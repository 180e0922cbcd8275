from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "evalhub.features.comments"
