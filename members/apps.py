from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        from members.selectors.budgets import counted  # noqa: PLC0415 - models are there only now
        from programs.selectors import burn  # noqa: PLC0415

        burn.contribute(counted)
