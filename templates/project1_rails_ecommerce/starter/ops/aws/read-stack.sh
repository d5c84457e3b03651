#!/bin/bash
# Gives a workflow what it needs to know of a stack:  ops/aws/read-stack.sh STACK
# Writes url, cluster, repository and network (for aws ecs run-task) to $GITHUB_OUTPUT.
set -euo pipefail

stack=${1:?usage: ops/aws/read-stack.sh STACK}
outputs=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs' --output json)

output() {
  jq --exit-status --raw-output --arg key "$1" '.[] | select(.OutputKey == $key) | .OutputValue' <<<"$outputs"
}

# Read before anything is written: an output that is missing ends the script here.
url=$(output Url)
cluster=$(output Cluster)
repository=$(output Repository)
subnets=$(output Subnets)
security_group=$(output TaskSecurityGroup)

cat >>"${GITHUB_OUTPUT:-/dev/stdout}" <<LINES
url=$url
cluster=$cluster
repository=$repository
network=awsvpcConfiguration={subnets=[$subnets],securityGroups=[$security_group],assignPublicIp=ENABLED}
LINES
