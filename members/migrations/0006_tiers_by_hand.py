"""Tiers given by hand stay as they were given; each may be ended once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from loyalty.core.migration_operations import ForbidChange


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0005_engine_room_law'),
        ('programs', '0003_ladders_and_events'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='tiergrant',
            name='revision',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='programs.revision'),
        ),
        migrations.AddField(
            model_name='tiergrant',
            name='revoked_because',
            field=models.CharField(max_length=200, null=True, verbose_name='why it was ended'),
        ),
        migrations.AddField(
            model_name='tiergrant',
            name='revoked_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='documentkey',
            name='kind',
            field=models.CharField(choices=[('purchase', 'Purchase'), ('return', 'Return'), ('spend', 'Redemption'), ('adjustment', 'Adjustment'), ('event', 'Event'), ('hold', 'Hold'), ('capture', 'Use of held points'), ('release', 'Release of held points'), ('transfer', 'Transfer'), ('conversion', 'Conversion'), ('tier', 'Tier given by hand'), ('tier_end', 'End of a tier given by hand')], max_length=12, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='tiergrant',
            name='revoked_at',
            field=models.DateTimeField(null=True, verbose_name='ended early'),
        ),
        migrations.AddConstraint(
            model_name='tiergrant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_because__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_because__isnull', False)), _connector='OR'), name='tier_grant_end_has_a_reason'),
        ),
        ForbidChange("TierGrant", allow=("revoked_at", "revoked_by", "revoked_because")),
    ]
