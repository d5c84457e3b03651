#!/bin/bash
# Makes a new revision of an ECS task definition that differs from the latest one only in its image, and prints its ARN:
#   ops/aws/register-image.sh FAMILY IMAGE
# Everything else (command, memory, secrets, roles) stays as infra/platform.yaml has it.
set -euo pipefail

family=${1:?usage: ops/aws/register-image.sh FAMILY IMAGE}
image=${2:?usage: ops/aws/register-image.sh FAMILY IMAGE}

# What AWS adds to a definition when it is registered is refused when it is sent back.
definition=$(
  aws ecs describe-task-definition --task-definition "$family" --query taskDefinition --output json |
    jq --arg image "$image" '
      .containerDefinitions[].image = $image
      | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, .registeredAt, .registeredBy,
            .deregisteredAt, .deregisteredBy)'
)
aws ecs register-task-definition --cli-input-json "$definition" --query taskDefinition.taskDefinitionArn --output text
