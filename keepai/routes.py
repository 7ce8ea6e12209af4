"""The addresses of the pages."""

DASHBOARD = "/"
WORKERS = "/workers"
WORKER = "/workers/[id]"
SYSTEM = "/system"
ALERTS = "/alerts"
NEW_ALERT_RULE = "/alerts/rules/new"
ALERT_RULE = "/alerts/rules/[id]"
NEW_CHANNEL = "/alerts/channels/new"
CHANNEL = "/alerts/channels/[id]"
NEW_ALERT_ROUTE = "/alerts/routes/new"
ALERT_ROUTE = "/alerts/routes/[id]"
NOTES = "/notes"
JOBS = "/jobs"
NOTE = "/notes/[id]"
SETTINGS = "/settings"
APPEARANCE = "/settings/appearance"
SIGN_IN_METHODS = "/settings/sign-in"
SECOND_FACTOR = "/settings/second-factor"
PEOPLE = "/settings/people"
PERSON = "/settings/people/[id]"
AUDIT = "/settings/audit"
KEYS = "/settings/keys"
ABOUT = "/settings/about"
MAIL = "/settings/mail"
NOTICES = "/settings/notices"
PROVIDERS = "/settings/providers"
NEW_PROVIDER = "/settings/providers/new"
PROVIDER = "/settings/providers/[id]"

# Where whoever opens the address of the house is led: the first page that they may see.
FIRST = (
    ("compute:read", DASHBOARD),
    ("system:read", SYSTEM),
    ("notes:read", NOTES),
    ("profile:write", SETTINGS),
)
