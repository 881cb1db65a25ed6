"""What can happen in a scenario. Each kind of step reads its settings and is done through the same services
that tills, staff and imports use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from members.services.scenarios.naming import Known
from members.services.scenarios.steps.buying import BuyStep, QuoteStep, ReturnStep
from members.services.scenarios.steps.changing import AdvanceStep, CorrectStep, ReviseStep
from members.services.scenarios.steps.giving import (
    AdjustStep,
    ConvertStep,
    ForfeitStep,
    OpenStep,
    TransferStep,
    UnopenStep,
)
from members.services.scenarios.steps.happening import ApproveStep, EventStep, ReferStep, RefuseStep
from members.services.scenarios.steps.paying import PayStep, RollBackStep
from members.services.scenarios.steps.spending import (
    CaptureStep,
    DonateStep,
    HoldStep,
    RedeemStep,
    ReleaseStep,
)
from members.services.scenarios.steps.tiers import TierEndStep, TierStep
from members.services.scenarios.world import Result, World
from programs.engine.reader import Reader

__all__ = ["KINDS", "Action"]


class Action(Protocol):
    """Something that happens. `do` raises a Problem when the service refuses."""

    def do(self, world: World, now: datetime) -> Result: ...


def _settings(read: Callable[[Reader, Known], Action]) -> Callable[[Reader, str, Known], Action]:
    """A step whose settings are a mapping."""

    def read_step(reader: Reader, name: str, known: Known) -> Action:
        value = reader.take(name)
        return read(Reader(value, (*reader.path, name), reader.faults), known)

    return read_step


def _advance(reader: Reader, name: str, known: Known) -> Action:
    if not reader.boolean(name, default=True):
        reader.fault("wrong_type", name, expected="boolean")
    return AdvanceStep()


KINDS: dict[str, Callable[[Reader, str, Known], Action]] = {
    "adjust": _settings(AdjustStep.read),
    "advance": _advance,
    "approve": _settings(ApproveStep.read),
    "capture": _settings(CaptureStep.read),
    "convert": _settings(ConvertStep.read),
    "correct": _settings(CorrectStep.read),
    "donate": _settings(DonateStep.read),
    "event": _settings(EventStep.read),
    "forfeit": _settings(ForfeitStep.read),
    "hold": _settings(HoldStep.read),
    "open": _settings(OpenStep.read),
    "pay": _settings(PayStep.read),
    "purchase": _settings(BuyStep.read),
    "quote": _settings(QuoteStep.read),
    "redeem": _settings(RedeemStep.read),
    "refer": _settings(ReferStep.read),
    "refuse": _settings(RefuseStep.read),
    "release": _settings(ReleaseStep.read),
    "return": _settings(ReturnStep.read),
    "revise": _settings(ReviseStep.read),
    "roll_back": _settings(RollBackStep.read),
    "tier": _settings(TierStep.read),
    "tier_end": _settings(TierEndStep.read),
    "transfer": _settings(TransferStep.read),
    "unopen": _settings(UnopenStep.read),
}
