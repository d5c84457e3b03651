"""Tokens."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from data_platform.admin.problems import problem_response


class TokenView(APIView):
    """`POST /api/token/`: a name and a password for a token."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, _request: Request) -> HttpResponse:
        """TODO(m1.2): check the password and answer with a signed JWT; docs/openapi.yaml lists its claims."""
        return problem_response(501, "TODO(m1.2): this is yours to build, see docs/milestones/m1-foundations.md.")
