"""The pages of the admin process. /healthz, /readyz and /metrics are answered before, by the middleware."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from data_platform.admin.accounts.views import TokenView
from data_platform.admin.reports.views import report_detail, report_list

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("reports/", report_list, name="reports"),
    path("reports/<uuid:report_id>/", report_detail, name="report"),
    path("api/token/", TokenView.as_view(), name="token"),
]
