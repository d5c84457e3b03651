"""Django's settings, derived from the environment by data_platform.config."""

from urllib.parse import unquote

from data_platform.config import get_settings
from data_platform.observability.logs import configure_logs

_settings = get_settings()
configure_logs(_settings.log_level)
LOGGING_CONFIG = None  # done, for every process in the same way

SECRET_KEY = _settings.secret_key.get_secret_value()
# Never on: its error pages show the code and the environment. The traceback is in the log.
DEBUG = False
ALLOWED_HOSTS = _settings.hosts
ROOT_URLCONF = "data_platform.admin.urls"
WSGI_APPLICATION = "data_platform.admin.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "data_platform.admin.accounts",
    "data_platform.admin.sources",
    "data_platform.admin.reports",
]
MIDDLEWARE = [
    "data_platform.admin.middleware.ObservabilityMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_database = _settings.database_url.hosts()[0]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _database["host"] or "",
        "PORT": _database["port"] or 5432,
        "USER": unquote(_database["username"] or ""),
        "PASSWORD": unquote(_database["password"] or ""),
        "NAME": (_settings.database_url.path or "").lstrip("/"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, **dict(_settings.database_url.query_params())},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "static/"
# From the packages, as they are: no collectstatic in the image, none to forget.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

# TLS ends at the proxy, which says so in this header. Without a proxy (FORCE_HTTPS=false) nobody is believed.
if _settings.force_https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = _settings.force_https
SECURE_HSTS_SECONDS = 31_536_000 if _settings.force_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _settings.force_https
SECURE_HSTS_PRELOAD = _settings.force_https
SESSION_COOKIE_SECURE = _settings.force_https
CSRF_COOKIE_SECURE = _settings.force_https
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"] if _settings.force_https else []
