from django.apps import AppConfig


class StudyBuilderConfig(AppConfig):
    name = "evalhub.features.study_builder"
