from django.apps import AppConfig


class ScoreAuditsConfig(AppConfig):
    name = "evalhub.features.score_audits"
