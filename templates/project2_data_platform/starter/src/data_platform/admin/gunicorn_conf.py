"""How gunicorn serves the admin process."""

from data_platform.config import get_settings
from data_platform.observability.logs import logging_config

_settings = get_settings()

bind = f"0.0.0.0:{_settings.port or 8000}"
# One process with threads, so that /metrics is complete. For more, start more containers.
workers = 1
threads = 4
graceful_timeout = 8
timeout = 30
control_socket_disable = True
logconfig_dict = logging_config(_settings.log_level)
