#!/bin/sh
# Says which Chromium the browser tests use; installs Debian's where none is there and apt can. Fails in CI without one.
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1; then
  sudo=""
  if [ "$(id -u)" != 0 ]; then sudo="sudo -n"; fi
  echo "Installing Chromium and Arabic fonts for the browser tests (apt-get)…"
  $sudo apt-get update -qq
  for name in chromium-headless-shell chromium; do
    if $sudo apt-get install -y -qq $name fonts-noto-core fonts-noto-color-emoji >/dev/null; then exit 0; fi
  done
fi
echo "The browser tests need Chromium: apt-get install chromium fonts-noto-core fonts-noto-color-emoji" >&2
if [ -n "${CI:-}" ]; then exit 1; fi
echo "They are skipped, and counted as skipped, until it is there." >&2
