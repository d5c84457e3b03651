"""The pages of the admin process. /healthz, /readyz and /metrics are answered before, by the middleware."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from data_platform.admin.accounts.views import TokenView

# TODO(m6.4): the list of reports, behind a login.
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/token/", TokenView.as_view(), name="token"),
]
