from django.db import migrations
from django.db.models import Q


def record(apps, schema_editor):
    """Owners, evaluators and whoever administers the site have seen the results until now."""
    Exposure, Membership, Project, User = (
        apps.get_model("accounts", name) for name in ("Exposure", "Membership", "Project", "User")
    )
    members = Membership.objects.filter(role__in=["owner", "evaluator"])
    Exposure.objects.bulk_create(
        [
            Exposure(project_id=each.project_id, user_id=each.user_id, how=f"was {each.role}")
            for each in members
        ],
        ignore_conflicts=True,
    )
    projects = list(Project.objects.values_list("pk", flat=True))
    for user in User.objects.filter(Q(is_staff=True) | Q(is_superuser=True)):
        Exposure.objects.bulk_create(
            [
                Exposure(project_id=project, user=user, how="administers the site")
                for project in projects
            ],
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_exposure"),
    ]

    operations = [
        migrations.RunPython(record, migrations.RunPython.noop),
    ]
