"""What the rules about infrastructure see, and the ways around them that they close.

Every test changes one thing in a template that passes all rules.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.model import Check, State, Verdict
from checks.rules import infrastructure as rules
from checks.rules import infrastructure_access as access
from checks.rules import infrastructure_operations as operations
from checks.testing import verdict

STACK = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Stage: {Type: String, AllowedValues: [staging, production]}
  Owner: {Type: String}
  Days: {Type: Number, Default: 7}
  Mail: {Type: String}
  TokenSecret: {Type: String, Default: ""}
Conditions:
  IsProduction: !Equals [!Ref Stage, production]
  Never: !Equals [a, b]
Mappings:
  Sizes:
    staging: {Days: 7}
    production: {Days: 14}
Resources:
  DataGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 5432, ToPort: 5432, CidrIp: 10.0.0.0/8}
  WebGroup:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}
  Subnets: {Type: "AWS::RDS::DBSubnetGroup", Properties: {SubnetIds: [subnet-1]}}
  Password: {Type: "AWS::SecretsManager::Secret", Properties: {GenerateSecretString: {PasswordLength: 40}}}
  Database:
    Type: AWS::RDS::DBInstance
    DeletionPolicy: Snapshot
    Properties:
      PubliclyAccessible: false
      StorageEncrypted: true
      DBSubnetGroupName: !Ref Subnets
      VPCSecurityGroups: [!Ref DataGroup]
      MasterUserPassword: !Sub "{{resolve:secretsmanager:${Password}}}"
      BackupRetentionPeriod: !Ref Days
  Cache:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties:
      AtRestEncryptionEnabled: true
      TransitEncryptionEnabled: true
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 30}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      TaskRoleArn: !GetAtt TaskRole.Arn
      ContainerDefinitions:
        - Name: api
          Environment:
            - {Name: STAGE, Value: !Ref Stage}
          Secrets:
            - {Name: TOKEN, ValueFrom: !Ref TokenSecret}
          LogConfiguration:
            LogDriver: awslogs
            Options: {awslogs-group: !Ref Logs}
  Service:
    Type: AWS::ECS::Service
    DependsOn: Database
    Properties:
      TaskDefinition: !Ref Task
      DeploymentConfiguration:
        DeploymentCircuitBreaker: {Enable: true, Rollback: true}
  TaskRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::files/*"}
              - {Effect: Deny, Action: "*", Resource: "*"}
  DeployRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {Federated: !Sub "arn:aws:iam::${AWS::AccountId}:oidc-provider/token.actions.githubusercontent.com"}
            Action: sts:AssumeRoleWithWebIdentity
            Condition:
              StringEquals:
                token.actions.githubusercontent.com:aud: sts.amazonaws.com
                token.actions.githubusercontent.com:sub: !Sub "repo:${Owner}/shop:environment:${Stage}"
      Policies:
        - PolicyName: deploy
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: "iam:PassRole", Resource: !GetAtt TaskRole.Arn}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {Subscription: [{Protocol: email, Endpoint: !Ref Mail}]}
  ErrorsAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/ApplicationELB, AlarmActions: [!Ref Topic]}
  DiskAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Namespace: AWS/RDS, AlarmActions: [!Ref Topic]}
  Budget:
    Type: AWS::Budgets::Budget
    Properties:
      Budget: {BudgetType: COST, BudgetLimit: {Amount: 20, Unit: USD}}
      NotificationsWithSubscribers:
        - Notification: {Threshold: 80, ThresholdType: PERCENTAGE}
          Subscribers: [{SubscriptionType: EMAIL, Address: !Ref Mail}]
Outputs:
  Name: {Value: !If [IsProduction, !FindInMap [Sizes, production, Days], !Ref "AWS::NoValue"]}
"""

ALL = [c for m in (rules, operations, access) for c in vars(m).values() if isinstance(c, Check)]


def judged(item: Check, root: Path, text: str = STACK, **files: str) -> Verdict:
    return verdict(item, root, {"infra/platform.yaml": text, **files})


def changed(old: str, new: str) -> str:
    assert old in STACK
    return STACK.replace(old, new, 1)


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_a_careful_template_passes_every_rule(tmp_path: Path, item: Check) -> None:
    result = judged(item, tmp_path)
    assert (result.state, result.reason) == (State.PASS, result.reason)


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_without_infrastructure_every_rule_fails(tmp_path: Path, item: Check) -> None:
    assert verdict(item, tmp_path, {"README.md": "AWS::RDS::DBInstance"}).state is State.FAIL


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_terraform_is_not_judged_and_earns_nothing_yet(tmp_path: Path, item: Check) -> None:
    assert verdict(item, tmp_path, {"infra/main.tf": ""}).state is State.ERROR


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_a_template_that_cannot_be_read_fails(tmp_path: Path, item: Check) -> None:
    assert judged(item, tmp_path, "AWSTemplateFormatVersion: x\nResources: [").state is State.FAIL


@pytest.mark.parametrize("item", ALL, ids=lambda c: c.id)
def test_resources_hidden_in_a_loop_are_not_yet_known(tmp_path: Path, item: Check) -> None:
    loop = STACK.replace("Resources:\n", "Resources:\n  Fn::ForEach::Ports: [P, [22], {}]\n", 1)
    assert judged(item, tmp_path, loop).state is State.ERROR


FAILING = [
    (rules.describes_its_infrastructure, "AWS::ECS::Service", "AWS::S3::Bucket"),
    (rules.describes_its_infrastructure, "DependsOn: Database", "Condition: Never"),
    # names
    (rules.templates_are_valid, "!Ref Subnets", "!Ref Subnet"),
    (rules.templates_are_valid, "!GetAtt TaskRole.Arn", "!GetAtt [Role, Arn]"),
    (rules.templates_are_valid, "${Password}", "${Passwort}"),
    (rules.templates_are_valid, "${Password}", "${Passwort.Arn}"),
    (rules.templates_are_valid, "DependsOn: Database", "DependsOn: [Databases]"),
    (rules.templates_are_valid, "DependsOn: Database", "Condition: IsProductive"),
    (rules.templates_are_valid, "!If [IsProduction,", "!If [IsProd,"),
    (rules.templates_are_valid, "FindInMap [Sizes,", "FindInMap [Size,"),
    (rules.templates_are_valid, "  Owner: {Type: String}", "  Owner: {Type: String}\n  Unused: {Type: String}"),
    (rules.templates_are_valid, "  Owner: {Type: String}", "  Owner: {}"),
    (rules.templates_are_valid, "  Owner: {Type: String}", "  Owner: {Type: String}\n  Topic: {Type: String}"),
    (rules.templates_are_valid, "    Type: AWS::SNS::Topic\n", ""),
    (rules.templates_are_valid, "Properties: {RetentionInDays: 30}", "Properties: []"),
    (rules.templates_are_valid, "Outputs:\n", "Outputs: 1\nOther:\n"),
    (rules.templates_are_valid, "  Topic:\n", "  Cache:\n    Type: AWS::SNS::Topic\n  Topic:\n"),
    # the database
    (rules.database_is_private, "PubliclyAccessible: false", "PubliclyAccessible: true"),
    (rules.database_is_private, "      PubliclyAccessible: false\n", ""),
    (rules.database_is_private, "PubliclyAccessible: false", "PubliclyAccessible: !If [IsProduction, false, true]"),
    (rules.database_is_private, "DBSubnetGroupName: !Ref Subnets", "Port: 5432"),
    (rules.database_is_private, "[!Ref DataGroup]", "[!Ref WebGroup]"),
    (rules.database_is_private, "AWS::RDS::DBInstance", "AWS::S3::Bucket"),
    (rules.data_is_encrypted, "      StorageEncrypted: true\n", ""),
    (rules.data_is_encrypted, "StorageEncrypted: true", "StorageEncrypted: !If [IsProduction, true, false]"),
    (rules.data_is_encrypted, "AtRestEncryptionEnabled: true", "AtRestEncryptionEnabled: false"),
    (rules.data_is_encrypted, "TransitEncryptionEnabled: true", "TransitEncryptionEnabled: !Ref Days"),
    (rules.data_is_encrypted, "TransitEncryptionEnabled: true", "TransitEncryptionEnabled: true\n      TransitEncryptionMode: preferred"),
    (rules.data_is_encrypted, "AWS::RDS::DBInstance", "AWS::S3::Bucket"),
    (rules.data_is_backed_up, "Default: 7", "Default: 1"),
    (rules.data_is_backed_up, "BackupRetentionPeriod: !Ref Days", "MultiAZ: true"),
    (rules.data_is_backed_up, "BackupRetentionPeriod: !Ref Days", "BackupRetentionPeriod: !If [IsProduction, 14, 0]"),
    (rules.data_is_backed_up, "DeletionPolicy: Snapshot", "DeletionPolicy: Delete"),
    (rules.data_is_backed_up, "AWS::RDS::DBInstance", "AWS::DynamoDB::Table"),
    (rules.data_is_backed_up, "AWS::RDS::DBInstance", "AWS::S3::Bucket"),
    # ports
    (rules.opens_only_web_ports, "CidrIp: 10.0.0.0/8", "CidrIp: 0.0.0.0/0"),
    (rules.opens_only_web_ports, "CidrIp: 10.0.0.0/8", "CidrIp: 128.0.0.0/1"),
    (rules.opens_only_web_ports, "CidrIp: 10.0.0.0/8", 'CidrIpv6: "::/0"'),
    (rules.opens_only_web_ports, "CidrIp: 10.0.0.0/8", 'CidrIp: !Join ["/", ["0.0.0.0", "0"]]'),
    (rules.opens_only_web_ports, "FromPort: 443, ToPort: 443", "FromPort: 80, ToPort: 443"),
    (rules.opens_only_web_ports, "FromPort: 443, ToPort: 443", "FromPort: !If [IsProduction, 443, 22], ToPort: 443"),
    (rules.opens_only_web_ports, "IpProtocol: tcp, FromPort: 443, ToPort: 443", "IpProtocol: -1"),
    (rules.opens_only_web_ports, "  Cache:\n", "  Hole:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties: {GroupId: !Ref DataGroup, IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}\n  Cache:\n"),
    (rules.opens_only_web_ports, "  Cache:\n", "  World: {Type: 'AWS::EC2::PrefixList', Properties: {Entries: [{Cidr: 0.0.0.0/0}]}}\n  Hole:\n    Type: AWS::EC2::SecurityGroup\n    Properties:\n      SecurityGroupIngress: {IpProtocol: tcp, FromPort: 22, ToPort: 22, SourcePrefixListId: !Ref World}\n  Cache:\n"),
    # alarms
    (operations.alarms_tell_somebody, "Namespace: AWS/RDS, AlarmActions: [!Ref Topic]", "Namespace: AWS/RDS"),
    (operations.alarms_tell_somebody, "Namespace: AWS/RDS,", "Namespace: AWS/ECS,"),
    (operations.alarms_tell_somebody, "Namespace: AWS/ApplicationELB,", "Namespace: AWS/RDS,"),
    (operations.alarms_tell_somebody, "Namespace: AWS/RDS,", "Namespace: AWS/RDS, ActionsEnabled: false,"),
    (operations.alarms_tell_somebody, "Subscription: [{Protocol: email, Endpoint: !Ref Mail}]", "DisplayName: x"),
    (operations.alarms_tell_somebody, "    Type: AWS::CloudWatch::Alarm\n    Properties: {Namespace: AWS/RDS", "    Type: AWS::CloudWatch::Alarm\n    Condition: Never\n    Properties: {Namespace: AWS/RDS"),
    (operations.budget_warns, "AWS::Budgets::Budget", "AWS::S3::Bucket"),
    (operations.budget_warns, "Amount: 20", "Amount: 0"),
    (operations.budget_warns, "BudgetType: COST", "BudgetType: USAGE"),
    (operations.budget_warns, "Threshold: 80", "Threshold: 200"),
    (operations.budget_warns, "          Subscribers: [{SubscriptionType: EMAIL, Address: !Ref Mail}]\n", ""),
    (operations.bad_deployments_roll_back, "Rollback: true", "Rollback: false"),
    (operations.bad_deployments_roll_back, "Enable: true", "Enable: !If [IsProduction, true, false]"),
    (operations.bad_deployments_roll_back, "TaskDefinition: !Ref Task", "DeploymentController: {Type: CODE_DEPLOY}"),
    (operations.bad_deployments_roll_back, "AWS::ECS::Service", "AWS::S3::Bucket"),
    (operations.logs_are_kept_for_a_time, "{RetentionInDays: 30}", "{LogGroupName: x}"),
    (operations.logs_are_kept_for_a_time, "AWS::Logs::LogGroup", "AWS::S3::Bucket"),
    (operations.logs_are_kept_for_a_time, "awslogs-group: !Ref Logs", "awslogs-group: /elsewhere"),
    (operations.logs_are_kept_for_a_time, "LogConfiguration:", "Other:"),
    # rights
    (access.roles_have_few_rights, '"s3:GetObject"', '"*"'),
    (access.roles_have_few_rights, '"s3:GetObject", Resource: "arn:aws:s3:::files/*"', '"s3:*", Resource: "*"'),
    (access.roles_have_few_rights, '"s3:GetObject", Resource: "arn:aws:s3:::files/*"', '["s3:?*"], Resource: ["arn:aws:s3:::*"]'),
    (access.roles_have_few_rights, 'Action: "s3:GetObject"', 'NotAction: "s3:DeleteObject"'),
    (access.roles_have_few_rights, '"s3:GetObject", Resource: "arn:aws:s3:::files/*"', '"s3:*", NotResource: "arn:aws:s3:::x"'),
    (access.roles_have_few_rights, '"iam:PassRole", Resource: !GetAtt TaskRole.Arn', '"iam:PassRole", Resource: "*"'),
    (access.roles_have_few_rights, '"iam:PassRole", Resource: !GetAtt TaskRole.Arn', '"iam:Pass*", Resource: !Sub "arn:aws:iam::${AWS::AccountId}:role/*"'),
    (access.roles_have_few_rights, '"iam:PassRole", Resource: !GetAtt TaskRole.Arn', '"iam:AttachRolePolicy", Resource: "*"'),
    (access.roles_have_few_rights, "      Policies:\n", "      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']\n      Policies:\n"),
    # trust
    (access.deployment_role_is_trusted_narrowly, "${Owner}/shop", "${Owner}/*"),
    (access.deployment_role_is_trusted_narrowly, "  Owner: {Type: String}", '  Owner: {Type: String, Default: "*"}'),
    (access.deployment_role_is_trusted_narrowly, ":environment:${Stage}", ":ref:refs/heads/main"),
    (access.deployment_role_is_trusted_narrowly, ':sub: !Sub "repo:${Owner}/shop:environment:${Stage}"', ":actor: ada"),
    (access.deployment_role_is_trusted_narrowly, ':sub: !Sub "repo:${Owner}/shop:environment:${Stage}"', ':sub: ["repo:a/b:environment:c", "repo:x/y:environment:c"]'),
    (access.deployment_role_is_trusted_narrowly, "StringEquals:\n", "ForAllValues:StringLike:\n"),
    (access.deployment_role_is_trusted_narrowly, "StringEquals:\n", "StringEqualsIfExists:\n"),
    (access.deployment_role_is_trusted_narrowly, "                token.actions.githubusercontent.com:aud: sts.amazonaws.com\n", ""),
    (access.deployment_role_is_trusted_narrowly, "AssumeRoleWithWebIdentity", "AssumeRole"),
    (access.deployment_role_is_trusted_narrowly, "Principal: {Service: ecs-tasks.amazonaws.com}", 'Principal: "*"'),
    (access.deployment_role_is_trusted_narrowly, "  Topic:\n", "  Key: {Type: 'AWS::IAM::AccessKey'}\n  Topic:\n"),
    (access.deployment_role_is_trusted_narrowly, "oidc-provider/token.actions.githubusercontent.com", "oidc-provider/oidc.eks.eu-central-1.amazonaws.com"),
    # secrets
    (access.secrets_are_managed, '!Sub "{{resolve:secretsmanager:${Password}}}"', "hunter2hunter2"),
    (access.secrets_are_managed, '!Sub "{{resolve:secretsmanager:${Password}}}"', "!Ref Owner"),
    (access.secrets_are_managed, "  Owner: {Type: String}", "  DbPassword: {Type: String, NoEcho: true, Default: hunter2}\n  Owner: {Type: String}"),
    (access.secrets_are_managed, "  Owner: {Type: String}", "  DbPassword: {Type: String}\n  Owner: {Type: String}"),
    (access.secrets_are_managed, "GenerateSecretString: {PasswordLength: 40}", "SecretString: hunter2"),
    (access.secrets_are_managed, "GenerateSecretString: {PasswordLength: 40}", 'SecretString: "postgresql://a:b@c/{{resolve:secretsmanager:x}}"'),
    (access.secrets_are_managed, "{Name: STAGE, Value: !Ref Stage}", "{Name: SECRET_KEY, Value: abc}"),
    (access.secrets_are_managed, "{Name: STAGE, Value: !Ref Stage}", '{Name: DATABASE_URL, Value: !Sub "postgresql://app:${Owner}@db/x"}'),
    (access.secrets_are_managed, "{Name: STAGE, Value: !Ref Stage}", '{Name: URL, Value: "{{resolve:secretsmanager:a/b}}"}'),
    (access.secrets_are_managed, "  Topic:\n", "  Function:\n    Type: AWS::Lambda::Function\n    Properties: {Environment: {Variables: {API_KEY: abc}}}\n  Topic:\n"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "old", "new"), FAILING)
def test_one_weakness_fails_its_rule(tmp_path: Path, item: Check, old: str, new: str) -> None:
    result = judged(item, tmp_path, changed(old, new))
    assert result.state is State.FAIL, result.reason


PASSING = [
    (rules.templates_are_valid, "!GetAtt TaskRole.Arn", "!GetAtt [TaskRole, Arn]"),
    (rules.templates_are_valid, "${Password}", "${!Literal}"),
    (rules.templates_are_valid, '!Sub "{{resolve:secretsmanager:${Password}}}"', '!Sub ["${A}", {A: !Ref Password}]'),
    (rules.data_is_backed_up, "BackupRetentionPeriod: !Ref Days", "BackupRetentionPeriod: !FindInMap [Sizes, !Ref Stage, Days]"),
    (rules.data_is_backed_up, "DeletionPolicy: Snapshot\n    Properties:", "Properties:\n      DeletionProtection: true"),
    (rules.data_is_backed_up, "    DeletionPolicy: Snapshot\n", ""),
    (rules.opens_only_web_ports, "CidrIp: 10.0.0.0/8", "SourceSecurityGroupId: !Ref WebGroup"),
    (operations.alarms_tell_somebody, "Properties: {Subscription: [{Protocol: email, Endpoint: !Ref Mail}]}", "\n  Post: {Type: 'AWS::SNS::Subscription', Properties: {TopicArn: !Ref Topic}}"),
    (operations.alarms_tell_somebody, "Namespace: AWS/RDS, AlarmActions: [!Ref Topic]}", "Namespace: AWS/RDS}\n  Both:\n    Type: AWS::CloudWatch::CompositeAlarm\n    Properties: {AlarmRule: !Sub 'ALARM(${DiskAlarm})', AlarmActions: [!Ref Topic]}"),
    (operations.alarms_tell_somebody, "Namespace: AWS/RDS,", "Metrics: [{MetricStat: {Metric: {Namespace: AWS/RDS}}}],"),
    (operations.alarms_tell_somebody, "  Topic:\n", "  More: {Type: 'AWS::ApplicationAutoScaling::ScalingPolicy'}\n  Busy: {Type: 'AWS::CloudWatch::Alarm', Properties: {AlarmActions: [!Ref More]}}\n  Topic:\n"),
    (operations.budget_warns, "Threshold: 80, ThresholdType: PERCENTAGE", "Threshold: 200, ThresholdType: ABSOLUTE_VALUE"),
    (operations.bad_deployments_roll_back, "      TaskDefinition: !Ref Task\n", "      DeploymentController: {Type: CODE_DEPLOY}\n  Group:\n    Type: AWS::CodeDeploy::DeploymentGroup\n    Properties:\n      AutoRollbackConfiguration: {Enabled: true}\n"),
    (operations.logs_are_kept_for_a_time, "LogDriver: awslogs", "LogDriver: awsfirelens"),
    (access.roles_have_few_rights, '"s3:GetObject", Resource: "arn:aws:s3:::files/*"', '["ecr:GetAuthorizationToken", "iam:ListRoles"], Resource: "*"'),
    (access.secrets_are_managed, '      MasterUserPassword: !Sub "{{resolve:secretsmanager:${Password}}}"\n', "      ManageMasterUserPassword: true\n"),
    (access.secrets_are_managed, "GenerateSecretString: {PasswordLength: 40}", 'SecretString: !Sub "postgresql://a:{{resolve:secretsmanager:${Cache}}}@c/d"'),
]  # fmt: skip


@pytest.mark.parametrize(("item", "old", "new"), PASSING)
def test_another_way_to_do_it_right_passes(tmp_path: Path, item: Check, old: str, new: str) -> None:
    result = judged(item, tmp_path, changed(old, new))
    assert result.state is State.PASS, result.reason


def test_production_is_judged_where_parameter_files_tell_environments_apart(tmp_path: Path) -> None:
    def given(days: str) -> str:
        return json.dumps([{"ParameterKey": "Days", "ParameterValue": days}])

    files = {"infra/staging.json": given("1"), "infra/production.json": given("14")}
    assert judged(rules.data_is_backed_up, tmp_path / "a", **files).state is State.PASS
    files["infra/production.json"] = given("2")
    assert judged(rules.data_is_backed_up, tmp_path / "b", **files).actual == "2"


def test_a_secret_in_a_parameter_file_fails(tmp_path: Path) -> None:
    text = changed("  Owner: {Type: String}", "  DbPassword: {Type: String, NoEcho: true}\n  Owner: {Type: String}")
    files = {"infra/production.json": json.dumps({"Parameters": {"DbPassword": "hunter2"}})}
    assert judged(access.secrets_are_managed, tmp_path, text, **files).state is State.FAIL
    assert judged(access.secrets_are_managed, tmp_path / "none", text).state is State.PASS


FUNCTION = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: "AWS::Serverless::Function", Properties: {Environment: {Variables: {STAGE: x}}}}
Outputs:
  Role: {Value: !GetAtt ApiRole.Arn}
"""


def test_a_function_has_no_network_and_no_circuit_breaker(tmp_path: Path) -> None:
    for number, item in enumerate((rules.opens_only_web_ports, operations.bad_deployments_roll_back)):
        assert judged(item, tmp_path / str(number), FUNCTION).state is State.NOT_APPLICABLE
    assert judged(rules.templates_are_valid, tmp_path / "valid", FUNCTION).state is State.PASS


def test_a_service_without_a_security_group_fails(tmp_path: Path) -> None:
    text = 'Resources: {S: {Type: "AWS::ECS::Service"}}'
    assert judged(rules.opens_only_web_ports, tmp_path, text).state is State.FAIL
    assert judged(access.roles_have_few_rights, tmp_path / "rights", text).state is State.NOT_APPLICABLE
