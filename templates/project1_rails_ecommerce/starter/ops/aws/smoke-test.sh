#!/bin/bash
# Asks a deployment whether it works, for at most two minutes:  ops/aws/smoke-test.sh URL [COMMIT]
# It must be ready, run COMMIT, and list products, which anybody may read. Anything else, a 404 of the load balancer for
# example, is a failure.
set -euo pipefail

url=${1:?usage: ops/aws/smoke-test.sh URL [COMMIT]}
commit=${2:-}

status() {
  curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$url$1" || true
}

works() {
  ready=$(status /readyz)
  business=$(status /api/v1/products)
  running=$(curl --silent --max-time 10 "$url/healthz" | jq --raw-output '.commit // ""' 2>/dev/null || true)
  [ "$ready" = 200 ] && [ "$business" = 200 ] && { [ -z "$commit" ] || [ "$running" = "$commit" ]; }
}

for attempt in $(seq 12); do
  if works; then
    echo "$url is ready and runs ${running:-an unnamed commit}; /api/v1/products answers $business"
    exit 0
  fi
  echo "attempt $attempt: /readyz $ready, /api/v1/products $business, commit ${running:-unknown}"
  sleep 10
done
echo "$url does not work" >&2
exit 1
