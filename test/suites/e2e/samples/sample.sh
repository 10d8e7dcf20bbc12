#!/usr/bin/env bash
# A client of the provider, following its documentation for curl.
set -euo pipefail

BASE_URL="https://api.aimlapi.com"
API_KEY="<YOUR_AIMLAPI_KEY>"
URL="$BASE_URL/v2/generate/video/kling/generation"
SECONDS_BETWEEN_POLLS=15
TIMEOUT_SECONDS=1000

ID=$(curl --silent --show-error --fail-with-body --location --request POST "$URL" \
  --header "Authorization: Bearer $API_KEY" \
  --header "Content-Type: application/json" \
  --data "{\"model\": \"kling-video/v1/pro/text-to-video\", \"prompt\": \"$1\", \"duration\": 5}" |
  sed 's/.*"id":"\([^"]*\)".*/\1/')

while ((SECONDS < TIMEOUT_SECONDS)); do
  GENERATION=$(curl --silent --show-error --fail-with-body --location "$URL?generation_id=$ID" \
    --header "Authorization: Bearer $API_KEY" \
    --header "Content-Type: application/json")
  if [[ "$GENERATION" == *'"status":"completed"'* ]]; then
    curl --silent --show-error --fail --output "$2" "$(sed 's/.*"url":"\([^"]*\)".*/\1/' <<<"$GENERATION")"
    echo "$ID"
    exit
  fi
  sleep "$SECONDS_BETWEEN_POLLS"
done
echo "Timeout reached." >&2
exit 1
