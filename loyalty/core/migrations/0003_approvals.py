"""Requests that a second person decides, and the roles that come with the product."""

import django.contrib.postgres.fields
import django.db.models.deletion
import loyalty.core.audit
from django.conf import settings
from django.db import migrations, models

from loyalty.core.migration_operations import ForbidChange


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('core', '0002_history'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'permissions': (('assign_roles', 'Can give roles to users'),), 'verbose_name': 'user', 'verbose_name_plural': 'users'},
        ),
        migrations.AlterField(
            model_name='auditentry',
            name='operation',
            field=models.CharField(choices=[('insert', 'added'), ('update', 'changed'), ('delete', 'deleted'), ('refuse', 'refused')], max_length=6, verbose_name='what happened'),
        ),
        migrations.CreateModel(
            name='Role',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=40, unique=True, verbose_name='code')),
                ('shipped', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('group', models.OneToOneField(help_text='Empty when the operator deleted it: it does not come back.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='shipped_role', to='auth.group', verbose_name='role')),
            ],
            options={
                'verbose_name': 'role of the product',
                'verbose_name_plural': 'roles of the product',
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('operation', models.CharField(max_length=80, verbose_name='what')),
                ('arguments', models.JSONField(default=dict, verbose_name='settings')),
                ('subject_type', models.CharField(max_length=100, verbose_name='kind of thing')),
                ('subject_id', models.CharField(max_length=64, verbose_name='number')),
                ('subject_state', models.CharField(blank=True, max_length=200, verbose_name='state of the thing')),
                ('difference', models.JSONField(default=dict, verbose_name='difference')),
                ('reason', models.TextField(verbose_name='reason')),
                ('requested_at', models.DateTimeField(verbose_name='asked')),
                ('expires_at', models.DateTimeField(verbose_name='decide until')),
                ('outcome', models.CharField(choices=[('approved', 'approved'), ('returned', 'sent back'), ('refused', 'refused'), ('withdrawn', 'withdrawn'), ('expired', 'expired')], max_length=10, null=True, verbose_name='outcome')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('decision_reason', models.TextField(null=True, verbose_name='comment')),
                ('result', models.JSONField(null=True, verbose_name='result')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'indexes': [models.Index(fields=['requested_by', '-id'], name='approval_by_author')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome', None), ('outcome__in', ['approved', 'returned', 'refused', 'withdrawn', 'expired']), _connector='OR'), name='approval_outcome_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('decision_reason', None), ('outcome', None)), models.Q(('decided_at__isnull', False), ('decision_reason__isnull', False), ('outcome__isnull', False)), _connector='OR'), name='approval_decision_is_whole'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved'), ('outcome__isnull', False), ('result__isnull', False)), models.Q(('result__isnull', True), models.Q(('outcome', None), models.Q(('outcome', 'approved'), _negated=True), _connector='OR')), _connector='OR'), name='approval_result_is_of_what_was_done'), models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ('approved', 'returned', 'refused')), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True)), _connector='OR'), name='approval_decided_by_another', violation_error_message='Nobody decides what they asked for themselves.'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'withdrawn'), _negated=True), models.Q(('decided_by__isnull', False), ('decided_by', models.F('requested_by'))), _connector='OR'), name='approval_withdrawn_by_its_author'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'expired'), _negated=True), ('decided_by', None), _connector='OR'), name='approval_expires_by_itself'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('requested_at'))), name='approval_leaves_time_to_decide'), models.UniqueConstraint(condition=models.Q(('outcome', None)), fields=('operation', 'subject_type', 'subject_id'), name='approval_one_waiting_per_subject'), loyalty.core.audit.Audited(ignore=('arguments', 'difference', 'subject_state'), name='audit_core_approval')],
            },
        ),
        ForbidChange("Approval", allow=("outcome", "decided_by", "decided_at", "decision_reason", "result")),
    ]
