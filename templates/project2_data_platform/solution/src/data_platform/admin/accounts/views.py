"""Tokens."""

from datetime import UTC, datetime

from django.contrib.auth import authenticate
from django.http import HttpResponse, JsonResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from data_platform.admin.problems import problem_response
from data_platform.config import get_settings
from data_platform.problems import FieldError
from data_platform.tokens import LIFE_SECONDS, issue


class Credentials(BaseModel):
    """A name and a password. PostgreSQL could not even look for a name with U+0000 in it."""

    model_config = ConfigDict(extra="forbid")

    username: str = Field(pattern=r"^[^\x00]*\z")
    password: str = Field(pattern=r"^[^\x00]*\z")


class TokenView(APIView):
    """`POST /api/token/`: a name and a password for a token."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> HttpResponse:
        """Check the password and answer with a token. Wrong name, wrong password and inactive user look alike."""
        try:
            # The bytes themselves: what is no JSON is a 422 here, whatever the client calls it.
            credentials = Credentials.model_validate_json(request._request.body)
        except ValidationError as error:
            return problem_response(422, "The body must be JSON with username and password.", _field_errors(error))
        # Hashes a password in each of the three cases, so that they take the same time, too.
        user = authenticate(request, username=credentials.username, password=credentials.password)
        if user is None:
            return problem_response(401, "There is no active user with this name and password.")
        role = "admin" if user.is_staff else "user"
        token = issue(str(user.pk), role, get_settings().secret_key.get_secret_value(), datetime.now(UTC))
        return JsonResponse({"access_token": token, "token_type": "Bearer", "expires_in": LIFE_SECONDS})


def _field_errors(error: ValidationError) -> list[FieldError]:
    return [
        {"field": ".".join(map(str, item["loc"])) or "body", "message": item["msg"]}
        for item in error.errors(include_url=False, include_input=False)
    ]
