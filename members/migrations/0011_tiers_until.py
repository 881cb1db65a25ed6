"""As of when the tiers of a membership stand. Of what is there already the time of recording is taken, as until now."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0010_adjusting_rights")]

    operations = [
        migrations.AddField(
            model_name="memberstats",
            name="tiers_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(
            """
            UPDATE members_memberstats s SET tiers_until = greatest(
                s.last_purchase_at,
                (SELECT max(a.last_recorded_at) FROM members_account a WHERE a.membership_id = s.membership_id),
                (SELECT max(d.occurred_at) FROM members_tierdecision d WHERE d.membership_id = s.membership_id))
            """,
            migrations.RunSQL.noop,
        ),
    ]
