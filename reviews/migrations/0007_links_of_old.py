"""Invitations of before links were random: their links end; the accounts they made are known.

An open one to an address that has an account by now waits in that person's list; one to another
address has to be renewed. Whoever invited had seen each link, so whose those accounts are is not
confirmed.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def carry_over(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    User = apps.get_model("accounts", "User")
    Provenance = apps.get_model("accounts", "Provenance")
    Invitation = apps.get_model("reviews", "Invitation")
    accounts: dict[str, set[int]] = {}
    for pk, *names in User.objects.values_list("pk", "username", "email"):
        for name in names:
            if name:
                accounts.setdefault(name.casefold(), set()).add(pk)
    waiting: set[tuple[int, int]] = set()
    for each in Invitation.objects.filter(used=None).order_by("pk"):
        found = accounts.get(each.email.casefold(), set())
        if len(found) == 1 and (place := (each.campaign_id, *found)) not in waiting:
            waiting.add(place)
            Invitation.objects.filter(pk=each.pk).update(account_id=place[1], email="")
    used = Invitation.objects.filter(reviewer__isnull=False).order_by("used", "pk")
    for each in used.select_related("campaign", "reviewer__user"):
        if each.reviewer.user.username == each.email:
            Provenance.objects.get_or_create(
                user=each.reviewer.user,
                defaults={"project_id": each.campaign.project_id, "by_id": each.by_id},
            )


class Migration(migrations.Migration):
    dependencies = [("reviews", "0006_invitations"), ("accounts", "0005_invitations")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
