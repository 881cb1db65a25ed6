"""Files that people sent to be taken in, with what they said about them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from members.choices import Decimals, Moments, UploadKind


class Upload(models.Model):
    """A file before and while it is taken in. The file itself lies under `stored` until it was taken or is a week old;
    what became of it stands in the import."""

    kind = models.CharField(_("kind"), max_length=10, choices=UploadKind)
    programme = models.ForeignKey(
        "programs.Programme", on_delete=models.PROTECT, related_name="+", verbose_name=_("programme")
    )
    partner = models.ForeignKey(
        "programs.Partner", on_delete=models.PROTECT, related_name="+", verbose_name=_("sold by")
    )
    file_name = models.CharField(_("file"), max_length=255)
    stored = models.CharField(max_length=80)
    size = models.BigIntegerField(_("size"))
    encoding = models.CharField(_("encoding"), max_length=20)
    columns = models.JSONField(
        _("columns"), default=list, help_text=_("What each column of the file means, in its order.")
    )
    decimals = models.CharField(_("numbers"), max_length=5, choices=Decimals, default=Decimals.POINT)
    moments = models.CharField(_("times"), max_length=5, choices=Moments, default=Moments.ISO)
    enrol = models.BooleanField(_("unknown members join"), default=False)
    strict = models.BooleanField(_("all or nothing"), default=False)
    job = models.ForeignKey("core.Job", on_delete=models.PROTECT, null=True, related_name="+")
    checked = models.ForeignKey("core.ImportBatch", on_delete=models.PROTECT, null=True, related_name="+")
    taken = models.ForeignKey("core.ImportBatch", on_delete=models.PROTECT, null=True, related_name="+")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    created_at = models.DateTimeField(_("sent"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        return self.file_name
