"""The claims of a good token, as the contract has them."""

import time
import uuid
from typing import Any


def claims(subject: str, lifetime: int = 3600, age: int = 0, **changes: Any) -> dict[str, Any]:
    """Give the claims of a good token, issued `age` seconds ago. A change to None leaves the claim out."""
    issued = int(time.time()) - age
    whole = {"sub": subject, "iat": issued, "exp": issued + lifetime, "jti": str(uuid.uuid4()), "role": "user"}
    return {name: value for name, value in (whole | changes).items() if value is not None}
