"""Reports, for people who are logged in. What is shown comes from the function that the API uses."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from data_platform.admin.reports.models import Report
from data_platform.reporting import page
from data_platform.reporting.document import ReportNotReadyError, open_document

PER_PAGE = 50


@require_safe
@login_required(login_url="admin:login")
def report_list(request: HttpRequest) -> HttpResponse:
    """List the reports, newest first. A page that doesn't exist is the nearest that does."""
    reports = Paginator(Report.objects.defer("figures"), PER_PAGE).get_page(request.GET.get("page"))
    content = page.render_list(list(reports), reports.number, reports.paginator.num_pages)
    return HttpResponse(content, headers=page.HEADERS)


@require_safe
@login_required(login_url="admin:login")
def report_detail(_request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Show a report, or how far it is."""
    report = get_object_or_404(Report, pk=report_id)
    try:
        content = page.render_report(open_document(report))
    except ReportNotReadyError:
        content = page.render_unfinished(report)
    return HttpResponse(content, headers=page.HEADERS)
