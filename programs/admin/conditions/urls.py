"""Addresses of the builder, below the address of the back office."""

from django.contrib import admin
from django.urls import path

from programs.admin.conditions import views

app_name = "conditions"
urlpatterns = [
    path("<int:programme>/", admin.site.admin_view(views.operate), name="operate"),
    path("<int:programme>/suggestions/", admin.site.admin_view(views.suggest), name="suggest"),
]
