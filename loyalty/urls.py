"""Every address of the installation."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from loyalty.core.health import healthz, readyz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/conditions/", include("programs.admin.conditions.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
