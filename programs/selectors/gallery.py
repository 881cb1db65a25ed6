"""What there is to say about a ready programme before it is chosen: a few facts in words."""

from __future__ import annotations

from django.utils.translation import gettext

from loyalty.core.translated import text
from programs.engine.document import Core
from programs.engine.terms import ExpiryKind, PendingKind
from programs.selectors.sentences import rule_sentence
from programs.selectors.terms import expiry_in_words, pending_in_words

__all__ = ["facts_in_words"]


def facts_in_words(core: Core) -> list[str]:
    """How points come about, which tiers there are, and how long points wait and last."""
    facts = [rule_sentence(rule, core) for rule in core.rules[:1]]
    for ladder in core.ladders[:1]:
        tiers = " → ".join(text(dict(tier.name)) for tier in ladder.tiers)
        facts.append(gettext("%(ladder)s: %(tiers)s") % {"ladder": text(dict(ladder.name)), "tiers": tiers})
    if core.main.pending.kind is not PendingKind.AT_ONCE:
        pending = pending_in_words(core.main.pending, core.main, core)
        facts.append(gettext("Can be used: %(when)s") % {"when": pending})
    if core.main.expiry.kind is not ExpiryKind.NEVER:
        facts.append(gettext("Expire: %(when)s") % {"when": expiry_in_words(core.main.expiry, core)})
    return facts[:3]
