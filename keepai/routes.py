"""The addresses of the pages."""

DASHBOARD = "/"
WORKERS = "/workers"
WORKER = "/workers/[id]"
SYSTEM = "/system"
SETTINGS = "/settings"
AUDIT = "/settings/audit"
KEYS = "/settings/keys"
