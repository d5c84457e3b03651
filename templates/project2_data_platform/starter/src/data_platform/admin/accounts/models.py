"""Users."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Django's user, but ours: a project can't change over to its own model once there are rows."""

    class Meta(AbstractUser.Meta):
        """A table named by what is in it."""

        db_table = "users"
