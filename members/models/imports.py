"""The waiting room of a file: rows that were read and checked, until their members' turn comes."""

from django.db import models

__all__ = ["StagedReceipt"]


class StagedReceipt(models.Model):
    """A run of lines of one receipt as they stood in the file. Gone when its import is done."""

    batch = models.ForeignKey("core.ImportBatch", on_delete=models.CASCADE, related_name="+", db_index=False)
    member = models.CharField(max_length=200)
    occurred_at = models.DateTimeField()
    receipt = models.CharField(max_length=100)
    first_line = models.BigIntegerField()
    header = models.TextField()
    lines = models.TextField()

    class Meta:
        # Members one after the other, their receipts in the order of time.
        indexes = [
            models.Index(
                fields=["batch", "member", "occurred_at", "receipt", "first_line"],
                name="staged_receipt_order",
            ),
        ]

    def __str__(self) -> str:
        return self.receipt
