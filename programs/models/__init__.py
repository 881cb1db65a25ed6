"""Models of programmes: what is being worked on, what was published, and who takes part."""

from programs.models.partners import Coalition, Partner, Source, Store
from programs.models.programmes import PointType, Programme, Rule, RuleGroup, Section
from programs.models.revisions import Revision, RevisionActivation

__all__ = [
    "Coalition",
    "Partner",
    "PointType",
    "Programme",
    "Revision",
    "RevisionActivation",
    "Rule",
    "RuleGroup",
    "Section",
    "Source",
    "Store",
]
