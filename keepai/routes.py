"""The addresses of the pages."""

DASHBOARD = "/"
WORKERS = "/workers"
WORKER = "/workers/[id]"
SYSTEM = "/system"
ALERTS = "/alerts"
NEW_ALERT_RULE = "/alerts/rules/new"
ALERT_RULE = "/alerts/rules/[id]"
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

# Where whoever opens the address of the house is led: the first page that they may see.
FIRST = (("compute:read", DASHBOARD), ("system:read", SYSTEM), ("profile:write", SETTINGS))
