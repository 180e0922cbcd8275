"""How production's requests are spread over slices, next to a test set's items."""

from django.db import models

from evalhub.declare.slice_shares import SliceShares
from evalhub.registry.models.declared import DeclaredField
from evalhub.registry.models.testsets import TestSetVersion


class ProductionShares(models.Model):
    """The last week of production that was counted, next to the items of a version.

    A monitor of inputs writes it; a decision and the test set's page read it.
    """

    version = models.OneToOneField(
        TestSetVersion, models.CASCADE, primary_key=True, related_name="production_shares"
    )
    shares = DeclaredField(SliceShares)
    counted = models.DateTimeField()

    class Meta:
        verbose_name = "production share"

    def __str__(self) -> str:
        return f"{self.version}, next to production"
