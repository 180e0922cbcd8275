from allauth.socialaccount.apps import SocialAccountConfig
from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AccountsConfig(AppConfig):
    name = "evalhub.accounts"
    label = "accounts"
    verbose_name = "People and projects"
    default = True


class Admin(admin.AdminConfig):
    """Django's admin with our way in."""

    default = False
    default_site = "evalhub.accounts.admin_site.EvalhubAdmin"


class SocialAccounts(SocialAccountConfig):
    """allauth's accounts at identity providers; `evalhub.accounts.library_urls` loads those."""

    default_auto_field = "django.db.models.AutoField"

    def ready(self) -> None:
        """Loads no provider: that takes half a second, and a command needs none."""
