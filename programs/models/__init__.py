"""Models of programmes: what is being worked on, what was published, and who takes part."""

from programs.models.briefs import Brief
from programs.models.examples import WorkedExample
from programs.models.partners import Coalition, Partner, Source, Store
from programs.models.products import Product
from programs.models.programmes import (
    EventType,
    PointType,
    ProductList,
    Programme,
    Rule,
    RuleGroup,
    Section,
    TierLadder,
)
from programs.models.revisions import Revision, RevisionActivation

__all__ = [
    "Brief",
    "Coalition",
    "EventType",
    "Partner",
    "PointType",
    "Product",
    "ProductList",
    "Programme",
    "Revision",
    "RevisionActivation",
    "Rule",
    "RuleGroup",
    "Section",
    "Source",
    "Store",
    "TierLadder",
    "WorkedExample",
]
