"""Writing partners: whoever sells has at least one source of receipts, and somebody runs the programmes."""

from __future__ import annotations

from django.db import transaction

from loyalty.core.translated import LAST_LANGUAGE
from programs.models import Coalition, Partner, Source
from programs.models.partners import MAIN_SOURCE

OPERATOR_CODE = "main"
COALITION_KEY = "main"


@transaction.atomic
def ensure_partner(code: str, *, name: str = "", is_operator: bool = False) -> Partner:
    """The partner with this code; made with its main source when there is none."""
    partner, _created = Partner.objects.get_or_create(
        code=code, defaults={"name": {LAST_LANGUAGE: name or code}, "is_operator": is_operator}
    )
    ensure_main_source(partner)
    return partner


def ensure_main_source(partner: Partner) -> Source:
    """The source of receipts that is meant when none is named."""
    source, _created = Source.objects.get_or_create(partner=partner, code=MAIN_SOURCE)
    return source


@transaction.atomic
def ensure_coalition(currency: str) -> Coalition:
    """The coalition of new programmes; a single company gets a hidden one, with itself as the operator."""
    operator = Partner.objects.filter(is_operator=True).first()
    if operator is None:
        operator = ensure_partner(OPERATOR_CODE, is_operator=True)
    coalition = Coalition.objects.order_by("id").first()
    if coalition is None:
        coalition = Coalition.objects.create(
            key=COALITION_KEY, name={LAST_LANGUAGE: COALITION_KEY}, currency=currency, operator=operator
        )
    return coalition
