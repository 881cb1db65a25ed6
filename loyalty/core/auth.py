"""The doors: each accepts its own kind of user only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from loyalty.core.choices import UserKind
from loyalty.core.models import User


class StaffBackend(ModelBackend):
    """Lets staff into the back office by e-mail and password; a partner's or member's login does not open
    it."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        email = username or kwargs.get(User.USERNAME_FIELD)
        if not email or password is None:
            return None
        user = User.objects.filter(kind=UserKind.STAFF, email__iexact=email).first()
        if user is None:
            # The same work as for a known address, so that the time of the answer tells nothing.
            User().set_password(password)
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        return None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.filter(pk=user_id, kind=UserKind.STAFF).first()
        return user if user is not None and self.user_can_authenticate(user) else None
