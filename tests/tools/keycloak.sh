#!/usr/bin/env bash
# Makes an unpacked Keycloak ready to be started again and again in seconds.
#
#   tests/tools/keycloak.sh FOLDER
#
# Its server is built for a database in a file, and the database is made: its tables, Keycloak's own
# realm, and an administrator `admin` whose password is left in FOLDER/admin-password.
# tests/interop/keycloak.mjs starts from a copy of that database.
set -euo pipefail

folder=$1
log=$(mktemp)
trap 'rm -f -- "$log"' EXIT

keycloak() {
  if ! bash "$folder/bin/kc.sh" "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
}

ADMIN_PASSWORD=$(openssl rand -hex 16)
export ADMIN_PASSWORD
keycloak build --db=dev-file
keycloak bootstrap-admin user --optimized --no-prompt --username admin --password:env ADMIN_PASSWORD
(umask 077 && printf '%s' "$ADMIN_PASSWORD" >"$folder/admin-password")
