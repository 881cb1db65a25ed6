"""The roles that come with the product: who does what at a company that runs loyalty programmes.

A new page needs no line here when its permissions follow the pattern of its app; `make access-matrix` shows who gets
to see it.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.core.roles import Shipped

# What a company agreed with its partners is not changed by those who write the rules.
_PARTNERS = ("partner", "store", "source", "coalition")
_PARTS = tuple(
    f"programs.delete_{model}"
    for model in ("pointtype", "eventtype", "tierladder", "productlist", "rulegroup", "rule", "workedexample")
)
_BACKGROUND = ("core.view_importbatch", "core.view_job")
# Whatever of history a package would let somebody delete.
_NO_DELETING = ("-*.delete_*",)

ROLES = (
    Shipped(
        "marketing",
        "Marketing",
        _("Marketing"),
        _(
            "Writes programmes: rules, points, tiers. Asks for publishing; another person approves it. Sees members and"
            " their points, takes in files, gives tiers, forfeits points of those who broke the terms."
        ),
        (
            "programs.view_*", "programs.add_*", "programs.change_*", "programs.publish_programme",
            *(f"-programs.{verb}_{model}" for verb in ("add", "change") for model in _PARTNERS),
            "members.view_*", "members.add_upload", "members.add_tiergrant", "members.change_tiergrant",
            "members.forfeit_points", "members.undo_opening", *_BACKGROUND,
            # To take a part out of the working copy; its row stays.
            *_PARTS,
        ),
    ),
    Shipped(
        "approver",
        "Approver",
        _("Approver"),
        _("Decides what others ask for: publishing a programme, giving many points. Changes nothing alone."),
        (
            "programs.view_*", "members.view_*", "programs.approve_publishing", "members.approve_adjustment",
            "core.view_approval",
        ),
    ),
    Shipped(
        "call_centre",
        "Call centre",
        _("Call centre"),
        _(
            "Answers members: sees what they bought, earned and used, and gives or takes points up to a limit; above it"
            " another person approves."
        ),
        (
            "programs.view_*", "members.view_*", "members.adjust_membership", "members.donate_points",
            "members.change_person",
        ),
    ),
    Shipped(
        "finance",
        "Finance",
        _("Finance"),
        _(
            "Accounts for points: sees every movement, document, approval and background job. Changes"
            " nothing."
        ),
        (
            "programs.view_*", "members.view_*", "core.view_approval", *_BACKGROUND,
        ),
    ),
    Shipped(
        "auditor",
        "Auditor",
        _("Auditor"),
        _("Sees everything, with who changed what and when, personal values too. Changes nothing."),
        ("*.view_*",),
    ),
    Shipped(
        "partner_manager",
        "Partner manager",
        _("Partner manager"),
        _("Looks after partners, their stores and coalitions. Sees programmes, and no members."),
        (
            "programs.view_*",
            *(f"programs.{verb}_{model}" for verb in ("add", "change") for model in _PARTNERS),
        ),
    ),
    Shipped(
        "administrator",
        "Administrator",
        _("Administrator"),
        _(
            "Looks after users, roles, the timetable and background work, and sees everything else. Publishes,"
            " approves and gives nothing."
        ),
        (
            "*.view_*", "core.add_user", "core.change_user", "core.assign_roles", "core.change_job",
            "core.change_handlerrun", "django_celery_beat.*", *_NO_DELETING,
        ),
    ),
)  # fmt: skip
