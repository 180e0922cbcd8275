from django.db import migrations


def told_by_blessings(apps, editor):
    """Blessings from before there was a history: each made its version champion, and retired the
    one that was champion until then."""
    using = editor.connection.alias
    versions = apps.get_model('registry', 'ModelVersion').objects.using(using)
    moves = apps.get_model('gate', 'StageMove').objects.using(using)
    for blessing in apps.get_model('gate', 'Blessing').objects.using(using).order_by('id'):
        told = {
            'decision_id': blessing.decision_id,
            'blessing': blessing,
            'by_id': blessing.by_id,
            'reason': blessing.reason,
            'created': blessing.created,
        }
        stages = versions.filter(champion_of=blessing.project_id).exclude(pk=blessing.version_id)
        for champion in stages:
            champion.stage, champion.champion_of = 'retired', None
            champion.save(update_fields=['stage', 'champion_of'])
            moves.create(version=champion, was='champion', stage='retired', **told)
        version = versions.get(pk=blessing.version_id)
        if version.stage == 'champion':
            continue
        was = version.stage
        version.stage, version.champion_of_id = 'champion', blessing.project_id
        version.save(update_fields=['stage', 'champion_of'])
        moves.create(version=version, was=was, stage='champion', **told)


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0004_stages'),
        ('registry', '0026_stages'),
    ]

    operations = [migrations.RunPython(told_by_blessings, migrations.RunPython.noop)]
