"""Users, the record of changes, the outbox, jobs and imports.

The function that records changes comes first: the triggers of every audited table call it, here and in the
migrations of other apps, which come after this one because their rows name users.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import loyalty.core.audit
from django.conf import settings
from django.db import migrations, models

RECORD_CHANGE = """
CREATE FUNCTION core_record_change() RETURNS trigger LANGUAGE plpgsql
-- A temporary table of the same name must not catch what is written here.
SET search_path = public, pg_temp
AS $$
DECLARE
    -- Arguments: label, key column, personal, secret and ignored columns (with commas), owner's label and column.
    personal text[] := string_to_array(TG_ARGV[2], ',');
    secret text[] := string_to_array(TG_ARGV[3], ',');
    ignored text[] := string_to_array(TG_ARGV[4], ',');
    context jsonb := coalesce(nullif(current_setting('loyalty.audit', true), ''), '{}')::jsonb;
    before jsonb := '{}';
    after jsonb := '{}';
    present jsonb;
    changed jsonb;
    private jsonb;
    entry bigint;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD);
        present := before;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW);
        present := after;
    END IF;
    SELECT jsonb_object_agg(name, CASE
               WHEN name = ANY (personal) THEN 'null'::jsonb
               WHEN name = ANY (secret) THEN '"•"'::jsonb
               ELSE jsonb_build_array(before -> name, after -> name) END),
           jsonb_object_agg(name, jsonb_build_array(before -> name, after -> name))
               FILTER (WHERE name = ANY (personal))
      INTO changed, private
      FROM jsonb_object_keys(before || after) AS name
     WHERE name <> ALL (ignored)
       AND nullif(before -> name, 'null') IS DISTINCT FROM nullif(after -> name, 'null');
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO core_auditentry (recorded_at, operation, subject_type, subject_id, actor_id, reason, job_id,
                                 source, db_role, transaction_id, changes)
    VALUES (clock_timestamp(), lower(TG_OP), TG_ARGV[0], present ->> TG_ARGV[1], (context ->> 'actor')::bigint,
            coalesce(context ->> 'reason', ''), (context ->> 'job')::bigint, coalesce(context ->> 'source', ''),
            session_user, (pg_current_xact_id()::text)::bigint, changed)
    RETURNING id INTO entry;
    IF private IS NOT NULL THEN
        INSERT INTO core_auditpersonalvalue (entry_id, owner, values)
        VALUES (entry, TG_ARGV[5] || ':' || (present ->> TG_ARGV[6]), private);
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RunSQL(RECORD_CHANGE, "DROP FUNCTION core_record_change()"),
        migrations.CreateModel(
            name='ImportBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('scope', models.CharField(blank=True, default='', max_length=80, verbose_name='programme')),
                ('file_name', models.CharField(max_length=255, verbose_name='file')),
                ('file_sha256', models.CharField(max_length=64, verbose_name='fingerprint')),
                ('file_size', models.BigIntegerField(verbose_name='size')),
                ('state', models.CharField(choices=[('staging', 'reading'), ('posting', 'posting'), ('done', 'done'), ('failed', 'failed')], default='staging', max_length=10, verbose_name='state')),
                ('counts', models.JSONField(default=dict, verbose_name='counts')),
                ('position', models.JSONField(blank=True, null=True, verbose_name='position')),
                ('options', models.JSONField(default=dict, verbose_name='options')),
                ('report', models.JSONField(blank=True, null=True, verbose_name='report')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='name')),
                ('kind', models.CharField(choices=[('staff', 'staff'), ('partner', 'partner'), ('member', 'member')], default='staff', help_text='Which door this login opens: the back office, the partner desk or the member portal.', max_length=10, verbose_name='kind')),
                ('is_staff', models.BooleanField(default=False, help_text='Only for staff. What the person may do there is decided by their roles.', verbose_name='may enter the back office')),
                ('is_active', models.BooleanField(default=True, help_text='Switch this off instead of deleting a person: their past actions keep their name.', verbose_name='active')),
                ('language', models.CharField(choices=[('en', 'English'), ('ru', 'Русский'), ('et', 'Eesti')], default='en', max_length=10, verbose_name='language')),
                ('joined_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='added')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded_at', models.DateTimeField(verbose_name='when')),
                ('operation', models.CharField(choices=[('insert', 'added'), ('update', 'changed'), ('delete', 'deleted')], max_length=6, verbose_name='what happened')),
                ('subject_type', models.CharField(max_length=100, verbose_name='kind of thing')),
                ('subject_id', models.CharField(max_length=64, verbose_name='number')),
                ('actor_id', models.BigIntegerField(null=True, verbose_name='who')),
                ('reason', models.TextField(blank=True, default='', verbose_name='reason')),
                ('job_id', models.BigIntegerField(null=True, verbose_name='job')),
                ('source', models.CharField(blank=True, default='', max_length=200, verbose_name='where')),
                ('db_role', models.CharField(max_length=63, verbose_name='database role')),
                ('transaction_id', models.BigIntegerField(verbose_name='transaction')),
                ('changes', models.JSONField(verbose_name='changes')),
            ],
            options={
                'verbose_name': 'change',
                'verbose_name_plural': 'changes',
                'indexes': [models.Index(fields=['subject_type', 'subject_id', '-id'], name='audit_subject'), models.Index(fields=['actor_id', '-id'], name='audit_actor')],
            },
        ),
        migrations.CreateModel(
            name='AuditPersonalValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('owner', models.CharField(db_index=True, max_length=100, verbose_name='person')),
                ('values', models.JSONField(verbose_name='values')),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='personal', to='core.auditentry', verbose_name='change')),
            ],
            options={
                'verbose_name': 'personal part of a change',
                'verbose_name_plural': 'personal parts of changes',
            },
        ),
        migrations.CreateModel(
            name='ImportRowError',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.BigIntegerField(verbose_name='line')),
                ('code', models.CharField(max_length=60, verbose_name='code')),
                ('field', models.CharField(blank=True, default='', max_length=80, verbose_name='column')),
                ('message', models.TextField(verbose_name='what is wrong')),
                ('expected', models.TextField(blank=True, default='', verbose_name='what was expected')),
                ('raw', models.CharField(blank=True, default='', max_length=500, verbose_name='the line')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='row_errors', to='core.importbatch', verbose_name='import')),
            ],
            options={
                'verbose_name': 'rejected line',
                'verbose_name_plural': 'rejected lines',
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=80, verbose_name='kind')),
                ('args', models.JSONField(default=dict, verbose_name='settings')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default='queued', max_length=10, verbose_name='state')),
                ('done', models.BigIntegerField(default=0, verbose_name='done')),
                ('total', models.BigIntegerField(blank=True, null=True, verbose_name='of')),
                ('rate', models.DecimalField(blank=True, decimal_places=1, max_digits=12, null=True, verbose_name='per second')),
                ('error_count', models.BigIntegerField(default=0, verbose_name='errors')),
                ('message', models.TextField(blank=True, default='', verbose_name='message')),
                ('result', models.JSONField(blank=True, null=True, verbose_name='result')),
                ('position', models.JSONField(blank=True, null=True, verbose_name='position')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='starts')),
                ('worker', models.CharField(blank=True, default='', max_length=100, verbose_name='worker')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='lease until')),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True, verbose_name='last sign of life')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='asked')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
            ],
            options={
                'verbose_name': 'job',
                'verbose_name_plural': 'jobs',
            },
        ),
        migrations.AddField(
            model_name='importbatch',
            name='job',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.job', verbose_name='job'),
        ),
        migrations.CreateModel(
            name='OutboxEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='event')),
                ('subject', models.CharField(help_text='What the event is about, for example membership:123.', max_length=100, verbose_name='about')),
                ('sequence', models.BigIntegerField(blank=True, null=True, verbose_name='number within the subject')),
                ('payload', models.JSONField(verbose_name='content')),
                ('occurred_at', models.DateTimeField(verbose_name='happened')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'constraints': [models.UniqueConstraint(condition=models.Q(('sequence__isnull', False)), fields=('subject', 'sequence'), name='outboxevent_sequence_per_subject')],
            },
        ),
        migrations.CreateModel(
            name='HandlerRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handler', models.CharField(max_length=120, verbose_name='handler')),
                ('state', models.CharField(choices=[('pending', 'waiting'), ('done', 'done'), ('failed', 'given up')], default='pending', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('due_at', models.DateTimeField(verbose_name='next attempt')),
                ('error', models.TextField(blank=True, default='', verbose_name='last error')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='core.outboxevent', verbose_name='event')),
            ],
            options={
                'verbose_name': 'event handling',
                'verbose_name_plural': 'event handling',
            },
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(models.F('kind'), django.db.models.functions.text.Lower('email'), name='user_email_unique_per_kind', violation_error_message='There is already a user of this kind with this e-mail address.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('id', 'kind'), name='user_id_and_kind'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('is_staff', False), ('kind', 'staff'), _connector='OR'), name='user_only_staff_enter_the_back_office', violation_error_message='Only a user of the kind staff may enter the back office.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('is_superuser', False), ('kind', 'staff'), _connector='OR'), name='user_only_staff_are_superusers', violation_error_message='Only a user of the kind staff may have all permissions.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['staff', 'partner', 'member'])), name='user_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=loyalty.core.audit.Audited(ignore=('last_login',), name='audit_core_user', personal=('email', 'name'), secret=('password',)),
        ),
        migrations.AddIndex(
            model_name='importrowerror',
            index=models.Index(fields=['batch', 'line'], name='importrowerror_by_line'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['id'], name='job_open'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'cancelled'])), name='job_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', False), _connector='OR'), name='job_running_holds_a_lease'),
        ),
        migrations.AddIndex(
            model_name='importbatch',
            index=models.Index(fields=['kind', 'scope', 'file_sha256'], name='importbatch_same_file'),
        ),
        migrations.AddConstraint(
            model_name='importbatch',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['staging', 'posting', 'done', 'failed'])), name='importbatch_state_is_known'),
        ),
        migrations.AddIndex(
            model_name='handlerrun',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['due_at', 'id'], name='handlerrun_due'),
        ),
        migrations.AddIndex(
            model_name='handlerrun',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['-id'], name='handlerrun_failed'),
        ),
        migrations.AddConstraint(
            model_name='handlerrun',
            constraint=models.UniqueConstraint(fields=('event', 'handler'), name='handlerrun_once_per_event'),
        ),
        migrations.AddConstraint(
            model_name='handlerrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'done', 'failed'])), name='handlerrun_state_is_known'),
        ),
    ]
