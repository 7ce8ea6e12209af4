#!/bin/bash
# Makes sure that there is a Chromium for the tests, or says in one sentence what to install.
set -uo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null && exit 0
done
python -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p: sys.exit(not os.path.exists(p.chromium.executable_path))' 2>/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
python -m playwright install chromium >/dev/null 2>&1 && exit 0
echo "The browser tests need Chromium: install it with your system's packages (Debian: apt install chromium; macOS: brew install --cask chromium) or with: $(command -v python) -m playwright install chromium" >&2
exit 2
