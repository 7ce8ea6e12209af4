"""The addresses of the pages."""

DASHBOARD = "/"
WORKERS = "/workers"
WORKER = "/workers/[id]"
SYSTEM = "/system"
SETTINGS = "/settings"
PEOPLE = "/settings/people"
AUDIT = "/settings/audit"
