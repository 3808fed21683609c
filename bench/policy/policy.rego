package bench

import rego.v1

default allowed := false

allowed if {
	granted
	not denied
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-test/")
}

granted if {
	startswith(input.action, "cloudwatch:Get")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-prod/")
}

granted if {
	startswith(input.action, "cloudwatch:Get")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-dev/")
}

denied if {
	input.action == "s3:PutObject"
	input.mfaAge < 3600
}

denied if {
	startswith(input.action, "s3:List")
	input.mfaAge < 3600
}

denied if {
	input.action == "s3:DeleteObject"
	input.mfaAge < 3600
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-test/")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-prod/")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/b4"
	input.secure == true
}

granted if {
	input.action == "iam:GetRole"
}

granted if {
	input.action == "iam:CreateRole"
}

granted if {
	input.action == "iam:GetRole"
}

denied if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-prod/a5"
}

denied if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/b6"
}

denied if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-prod/a5"
}

denied if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/b6"
}

denied if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/growth-prod/a5"
}

denied if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/b6"
}

granted if {
	input.action == "sqs:DeleteMessage"
}

granted if {
	startswith(input.action, "sqs:Delete")
}

granted if {
	input.action == "s3:DeleteObject"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "s3:ListBucket"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "kms:Decrypt"
}

granted if {
	startswith(input.action, "kms:Generate")
}

granted if {
	input.action == "kms:Encrypt"
}

granted if {
	input.action == "sns:Publish"
}

granted if {
	input.action == "s3:PutObject"
	startswith(input.resource, "arn:aws:s3:::risk-dev/")
}

granted if {
	input.action == "cloudwatch:PutMetricData"
}

granted if {
	startswith(input.action, "cloudwatch:Put")
}

granted if {
	input.action == "iam:ListRoles"
}

granted if {
	input.action == "iam:GetRole"
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-dev/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-test/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-dev/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-test/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b5")
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b5")
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b5")
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-")
	endswith(input.resource, "/c3")
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-")
	endswith(input.resource, "/c3")
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::growth-prod/")
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::growth-dev/b6"
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
}

granted if {
	startswith(input.action, "cloudwatch:Describe")
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-prod/b3"
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	startswith(input.action, "cloudwatch:Get")
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-prod/b3"
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "sns:Subscribe"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Subscribe"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	startswith(input.action, "s3:")
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/b7")
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-prod/")
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/b7")
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-prod/")
}

granted if {
	startswith(input.action, "kms:Describe")
}

granted if {
	input.action == "kms:Encrypt"
}

granted if {
	startswith(input.action, "kms:Decrypt")
}

granted if {
	input.action == "sagemaker:CreateProcessingJob"
	input.region in {"eu-west-1", "eu-west-1"}
}

granted if {
	input.action == "sagemaker:DescribeModel"
	input.region in {"eu-west-1", "eu-west-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.mfaAge < 900
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	startswith(input.action, "logs:Get")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-prod/")
	input.mfaAge < 3600
}

granted if {
	startswith(input.action, "logs:Get")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-prod/a2"
	input.mfaAge < 3600
}

granted if {
	startswith(input.action, "logs:Get")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-prod/b3"
	input.mfaAge < 3600
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-prod/")
	input.mfaAge < 3600
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-prod/a2"
	input.mfaAge < 3600
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-prod/b3"
	input.mfaAge < 3600
}

denied if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-prod/")
	input.team == "risk"
}

granted if {
	startswith(input.action, "sagemaker:")
}

granted if {
	startswith(input.action, "logs:")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/b7")
}

granted if {
	startswith(input.action, "logs:")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-prod/")
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/b7")
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-prod/")
}

granted if {
	startswith(input.action, "sns:Get")
}

granted if {
	input.action == "sns:Publish"
}

granted if {
	input.action == "s3:PutObject"
	startswith(input.resource, "arn:aws:s3:::risk-test/")
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::risk-test/")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/c0")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-test/")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-dev/")
}

granted if {
	startswith(input.action, "logs:Get")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	startswith(input.action, "kms:Decrypt")
	input.team == "fraud"
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-test/")
	input.mfaAge < 3600
}

denied if {
	input.action == "iam:GetRole"
}

denied if {
	startswith(input.action, "iam:List")
}

granted if {
	input.action == "kms:DescribeKey"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:fraud-test/c5"
	input.region in {"eu-central-1", "us-east-1"}
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a5")
	input.region in {"eu-central-1", "us-east-1"}
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-dev/")
	input.region in {"eu-central-1", "us-east-1"}
}

granted if {
	startswith(input.action, "iam:List")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
	input.team == "growth"
}

granted if {
	startswith(input.action, "iam:List")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
	input.team == "growth"
}

granted if {
	input.action == "sns:GetTopicAttributes"
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::fraud-prod/b7"
}

granted if {
	input.action == "s3:GetBucketPolicy"
	startswith(input.resource, "arn:aws:s3:::growth-dev/")
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::fraud-prod/b7"
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::growth-dev/")
}

granted if {
	startswith(input.action, "s3:List")
	input.resource == "arn:aws:s3:::fraud-prod/b7"
}

granted if {
	startswith(input.action, "s3:List")
	startswith(input.resource, "arn:aws:s3:::growth-dev/")
}

denied if {
	input.action == "sagemaker:DescribeEndpoint"
}

denied if {
	startswith(input.action, "sagemaker:Create")
}

granted if {
	input.action == "sagemaker:DescribeModel"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-prod/c1"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

denied if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-prod/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "sqs:SendMessage"
}

denied if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-dev/")
}

denied if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b5")
}

denied if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-dev/")
}

denied if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-dev/")
}

denied if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b5")
}

denied if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-dev/")
}

denied if {
	input.action == "s3:ListBucket"
	startswith(input.resource, "arn:aws:s3:::growth-dev/")
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/platform-dev/b6"
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/risk-dev/c3"
}

granted if {
	input.action == "kms:Encrypt"
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a5")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a5")
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a5")
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sagemaker:DescribeModel"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:growth-dev/a4"
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-dev/")
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "sns:GetTopicAttributes"
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/b2")
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/b2")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/b2")
}

granted if {
	input.action == "s3:GetObject"
	input.secure == true
}

granted if {
	input.action == "s3:DeleteObject"
	input.secure == true
}

granted if {
	input.action == "s3:DeleteObject"
	input.secure == true
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-dev/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:risk-prod/c1"
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-dev/")
}

granted if {
	input.action == "sqs:DeleteMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:risk-prod/c1"
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
}

granted if {
	startswith(input.action, "logs:Describe")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-test/")
}

granted if {
	startswith(input.action, "logs:Describe")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	startswith(input.action, "logs:Describe")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-dev/a3"
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-dev/a3"
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-dev/a3"
}

granted if {
	input.action == "sns:Publish"
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-test/")
	input.secure == true
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
	input.secure == true
}

granted if {
	input.action == "kms:Decrypt"
	input.mfaAge < 3600
}

granted if {
	startswith(input.action, "kms:Decrypt")
	input.mfaAge < 3600
}

granted if {
	startswith(input.action, "kms:Describe")
	input.mfaAge < 3600
}

denied if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-dev/c0"
	input.secure == true
}

denied if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-dev/")
	input.secure == true
}

denied if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-test/")
	input.secure == true
}

denied if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:platform-dev/c0"
	input.secure == true
}

denied if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-dev/")
	input.secure == true
}

denied if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-test/")
	input.secure == true
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b6")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b1")
}

denied if {
	startswith(input.action, "sqs:Receive")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-test/")
}

denied if {
	startswith(input.action, "sqs:Receive")
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:fraud-dev/b6"
}

denied if {
	startswith(input.action, "sqs:Receive")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "s3:GetBucketPolicy"
	startswith(input.resource, "arn:aws:s3:::fraud-")
	endswith(input.resource, "/c7")
	input.secure == true
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::growth-prod/a0"
	input.secure == true
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::growth-test/a7"
	input.secure == true
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-")
	endswith(input.resource, "/c7")
	input.secure == true
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::growth-prod/a0"
	input.secure == true
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::growth-test/a7"
	input.secure == true
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::fraud-")
	endswith(input.resource, "/c7")
	input.secure == true
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::growth-prod/a0"
	input.secure == true
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::growth-test/a7"
	input.secure == true
}

granted if {
	startswith(input.action, "kms:")
}

granted if {
	startswith(input.action, "kms:Decrypt")
}

granted if {
	startswith(input.action, "kms:Describe")
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-prod/")
}

denied if {
	input.action == "sagemaker:CreateEndpoint"
}

denied if {
	input.action == "sagemaker:DescribeModel"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-dev/")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:growth-dev/")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "s3:GetBucketPolicy"
	startswith(input.resource, "arn:aws:s3:::risk-test/")
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::risk-test/a6"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:platform-test/b0"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/")
}

granted if {
	input.action == "kms:Decrypt"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	startswith(input.action, "kms:Decrypt")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:risk-dev/a5"
	input.mfaAge < 900
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-dev/a3"
	input.mfaAge < 900
}

granted if {
	input.action == "logs:PutLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:risk-dev/a5"
	input.mfaAge < 900
}

granted if {
	input.action == "logs:PutLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-dev/a3"
	input.mfaAge < 900
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-prod/")
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-prod/")
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	startswith(input.action, "iam:List")
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-prod/")
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "kms:Encrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/a5")
	input.secure == true
}

granted if {
	input.action == "kms:Encrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/a5")
	input.secure == true
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/a5")
	input.secure == true
}

granted if {
	input.action == "sns:GetTopicAttributes"
}

granted if {
	input.action == "sns:Subscribe"
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::fraud-test/")
	input.team == "growth"
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::growth-test/a3"
	input.team == "growth"
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-test/")
	input.team == "growth"
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::growth-test/a3"
	input.team == "growth"
}

granted if {
	input.action == "s3:GetBucketPolicy"
	startswith(input.resource, "arn:aws:s3:::fraud-test/")
	input.team == "growth"
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::growth-test/a3"
	input.team == "growth"
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	input.secure == true
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-test/")
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:growth-prod/a1"
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:growth-prod/a1"
}

granted if {
	startswith(input.action, "s3:")
	startswith(input.resource, "arn:aws:s3:::fraud-")
	endswith(input.resource, "/c4")
}

granted if {
	startswith(input.action, "s3:")
	startswith(input.resource, "arn:aws:s3:::platform-prod/")
}

granted if {
	startswith(input.action, "s3:")
	startswith(input.resource, "arn:aws:s3:::growth-")
	endswith(input.resource, "/a1")
}

granted if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-test/")
	input.region in {"us-east-1", "eu-central-1"}
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-test/")
	input.region in {"us-east-1", "eu-central-1"}
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-")
	endswith(input.resource, "/a2")
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	input.action == "sagemaker:DescribeProcessingJob"
	input.secure == true
}

granted if {
	startswith(input.action, "sagemaker:")
	input.secure == true
}

granted if {
	startswith(input.action, "sagemaker:Describe")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-dev/")
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:platform-test/b4"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-dev/")
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:platform-test/b4"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "s3:ListBucket"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "s3:GetObject"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "s3:ListBucket"
	startswith(input.resource, "arn:aws:s3:::platform-")
	endswith(input.resource, "/b1")
}

granted if {
	input.action == "s3:PutObject"
	startswith(input.resource, "arn:aws:s3:::platform-")
	endswith(input.resource, "/b1")
}

granted if {
	input.action == "s3:DeleteObject"
	startswith(input.resource, "arn:aws:s3:::platform-")
	endswith(input.resource, "/b1")
}

granted if {
	input.action == "s3:DeleteObject"
	input.resource == "arn:aws:s3:::growth-test/c6"
}

granted if {
	input.action == "s3:DeleteObject"
	startswith(input.resource, "arn:aws:s3:::fraud-")
	endswith(input.resource, "/b4")
}

granted if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/c1"
}

granted if {
	input.action == "iam:ListRoles"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/c1"
}

granted if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/c1"
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-prod/")
	input.team == "growth"
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-prod/")
	input.team == "growth"
}

denied if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

denied if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/a6"
	input.team == "platform"
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/a1")
	input.team == "platform"
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/a6"
	input.team == "platform"
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/a1")
	input.team == "platform"
}

granted if {
	startswith(input.action, "sns:Subscribe")
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/a6"
	input.team == "platform"
}

granted if {
	startswith(input.action, "sns:Subscribe")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/a1")
	input.team == "platform"
}

granted if {
	input.action == "kms:Encrypt"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	startswith(input.action, "kms:Decrypt")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "kms:GenerateDataKey"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:growth-dev/b3"
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c0")
}

granted if {
	startswith(input.action, "kms:Describe")
	input.resource == "arn:aws:kms:eu-west-1:111122223333:growth-dev/b3"
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c0")
}

granted if {
	startswith(input.action, "kms:Generate")
	input.resource == "arn:aws:kms:eu-west-1:111122223333:growth-dev/b3"
}

granted if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

granted if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c0")
}

granted if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-test/a5"
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
}

granted if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/platform-test/b2"
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-test/a5"
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/platform-test/b2"
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-test/a5"
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/platform-test/b2"
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-dev/a2"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-dev/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:PutLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-dev/a2"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-dev/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-dev/a2"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-dev/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	startswith(input.action, "s3:Get")
	startswith(input.resource, "arn:aws:s3:::growth-prod/")
	input.secure == true
}

granted if {
	startswith(input.action, "s3:Get")
	input.resource == "arn:aws:s3:::platform-dev/c3"
	input.secure == true
}

granted if {
	input.action == "kms:Encrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "logs:GetLogEvents"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:risk-test/c4"
}

granted if {
	startswith(input.action, "logs:")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:risk-test/c4"
}

granted if {
	input.action == "sns:GetTopicAttributes"
}

granted if {
	startswith(input.action, "sns:Get")
}

granted if {
	input.action == "sns:GetTopicAttributes"
}

granted if {
	input.action == "kms:Decrypt"
}

granted if {
	input.action == "kms:DescribeKey"
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	input.mfaAge < 3600
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.mfaAge < 3600
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	input.mfaAge < 3600
}

granted if {
	input.action == "kms:Decrypt"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:risk-prod/a2"
}

granted if {
	input.action == "sns:GetTopicAttributes"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/b4"
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:risk-prod/a2"
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/b4"
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sns:Subscribe"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:risk-prod/a2"
}

granted if {
	input.action == "sns:Subscribe"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/b4"
}

granted if {
	input.action == "kms:GenerateDataKey"
	input.secure == true
}

granted if {
	startswith(input.action, "logs:Get")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-test/b2"
}

granted if {
	startswith(input.action, "logs:Put")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-test/b2"
}

denied if {
	input.action == "kms:Encrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-prod/")
}

denied if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-prod/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-prod/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-prod/c3"
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-prod/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-prod/c3"
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	startswith(input.action, "logs:Describe")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/c2"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/c2"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/c2"
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	startswith(input.action, "iam:List")
}

granted if {
	input.action == "iam:CreateRole"
}

granted if {
	startswith(input.action, "iam:Create")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-prod/")
}

granted if {
	startswith(input.action, "sqs:Send")
	input.team == "platform"
}

granted if {
	input.action == "sqs:ReceiveMessage"
	input.team == "platform"
}

granted if {
	input.action == "s3:PutObject"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
}

granted if {
	input.action == "s3:PutObject"
	startswith(input.resource, "arn:aws:s3:::growth-")
	endswith(input.resource, "/a0")
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::fraud-prod/")
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::growth-")
	endswith(input.resource, "/a0")
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::fraud-prod/a2"
}

granted if {
	input.action == "s3:GetBucketPolicy"
	input.resource == "arn:aws:s3:::fraud-prod/b1"
}

granted if {
	input.action == "s3:PutObject"
	input.resource == "arn:aws:s3:::fraud-prod/a2"
}

granted if {
	input.action == "s3:PutObject"
	input.resource == "arn:aws:s3:::fraud-prod/b1"
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/c1")
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/c1")
}

granted if {
	startswith(input.action, "iam:Create")
	startswith(input.resource, "arn:aws:iam::111122223333:role/growth-")
	endswith(input.resource, "/c1")
}

granted if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-prod/c5"
}

granted if {
	input.action == "iam:GetRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	startswith(input.action, "iam:Pass")
	input.resource == "arn:aws:iam::111122223333:role/fraud-prod/c5"
}

granted if {
	startswith(input.action, "iam:Pass")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/fraud-prod/c5"
}

granted if {
	startswith(input.action, "iam:Create")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c2")
}

granted if {
	startswith(input.action, "sqs:")
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:platform-dev/b2"
}

granted if {
	startswith(input.action, "sqs:")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c2")
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-test/")
	input.secure == true
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a1")
	input.secure == true
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-test/")
	input.secure == true
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a1")
	input.secure == true
}

granted if {
	input.action == "sagemaker:CreateProcessingJob"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-test/")
	input.secure == true
}

granted if {
	input.action == "sagemaker:CreateProcessingJob"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/a1")
	input.secure == true
}

granted if {
	input.action == "s3:PutObject"
	input.secure == true
}

granted if {
	input.action == "s3:GetObject"
	input.secure == true
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::growth-test/b2"
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	input.action == "s3:ListBucket"
	input.resource == "arn:aws:s3:::growth-test/b2"
	net.cidr_contains("198.51.100.0/25", input.ip)
}

granted if {
	startswith(input.action, "iam:")
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-prod/")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "iam:")
	input.resource == "arn:aws:iam::111122223333:role/risk-prod/b1"
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "iam:")
	input.resource == "arn:aws:iam::111122223333:role/platform-dev/b4"
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

granted if {
	input.action == "cloudwatch:PutMetricData"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-prod/")
}

granted if {
	startswith(input.action, "sqs:Get")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-prod/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:platform-dev/c3"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-dev/")
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	startswith(input.action, "logs:Put")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/risk-dev/c5"
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/b3"
}

granted if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/risk-dev/c5"
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
}

granted if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/b3"
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/risk-dev/c5"
}

granted if {
	startswith(input.action, "iam:Create")
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/b3"
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "iam:CreateRole"
	input.secure == true
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-test/")
}

granted if {
	input.action == "s3:DeleteObject"
	input.resource == "arn:aws:s3:::fraud-prod/c6"
}

granted if {
	input.action == "s3:DeleteObject"
	input.resource == "arn:aws:s3:::growth-prod/a0"
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::fraud-prod/c6"
}

granted if {
	input.action == "s3:GetObject"
	input.resource == "arn:aws:s3:::growth-prod/a0"
}

granted if {
	startswith(input.action, "iam:List")
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
	input.secure == true
}

granted if {
	startswith(input.action, "iam:List")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
	input.secure == true
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
	input.secure == true
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
	input.secure == true
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
	input.secure == true
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-prod/")
	input.secure == true
}

denied if {
	startswith(input.action, "sqs:Send")
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-prod/c2"
}

denied if {
	input.action == "sqs:DeleteMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-prod/c2"
}

denied if {
	startswith(input.action, "sqs:Receive")
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-prod/c2"
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-prod/")
	input.secure == true
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-prod/")
	input.secure == true
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/b4")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-dev/")
	input.region in {"eu-west-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/b4")
	input.region in {"eu-west-1", "us-east-1"}
}

denied if {
	startswith(input.action, "kms:Encrypt")
}

denied if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

denied if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-prod/")
}

denied if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

denied if {
	startswith(input.action, "kms:")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

denied if {
	startswith(input.action, "kms:")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-prod/")
}

denied if {
	startswith(input.action, "kms:")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

denied if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

denied if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-prod/")
}

denied if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-dev/")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-test/")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	startswith(input.action, "sns:")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-dev/")
}

granted if {
	startswith(input.action, "sns:")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-test/")
}

granted if {
	startswith(input.action, "sns:")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	startswith(input.action, "sns:Subscribe")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c4")
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c4")
}

granted if {
	startswith(input.action, "logs:Describe")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c6")
}

granted if {
	startswith(input.action, "logs:Put")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c6")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:platform-prod/")
}

granted if {
	startswith(input.action, "sns:Get")
	input.resource == "arn:aws:sns:eu-west-1:111122223333:growth-prod/b0"
	input.secure == true
}

granted if {
	startswith(input.action, "sns:Subscribe")
	input.resource == "arn:aws:sns:eu-west-1:111122223333:growth-prod/b0"
	input.secure == true
}

granted if {
	input.action == "sns:GetTopicAttributes"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:growth-prod/b0"
	input.secure == true
}

granted if {
	startswith(input.action, "kms:Decrypt")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b2")
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-dev/b0"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-dev/b0"
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-dev/")
}

granted if {
	input.action == "sqs:SendMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:growth-dev/b0"
}

denied if {
	input.action == "cloudwatch:PutMetricAlarm"
}

denied if {
	input.action == "cloudwatch:PutMetricData"
}

denied if {
	startswith(input.action, "sagemaker:List")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c4")
}

denied if {
	startswith(input.action, "sagemaker:List")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-test/")
}

denied if {
	startswith(input.action, "sagemaker:List")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-dev/")
}

denied if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c4")
}

denied if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-test/")
}

denied if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-dev/")
}

denied if {
	startswith(input.action, "sagemaker:")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c4")
}

denied if {
	startswith(input.action, "sagemaker:")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-test/")
}

denied if {
	startswith(input.action, "sagemaker:")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-dev/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-test/")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "sns:Get")
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "sns:Subscribe"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-test/")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Encrypt")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b4")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Encrypt")
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/b4"
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Encrypt")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b4")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:DescribeKey"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/b4"
	input.mfaAge < 900
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b4")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:Decrypt"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/b4"
	input.mfaAge < 900
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-test/")
	input.mfaAge < 900
}

granted if {
	input.action == "sagemaker:CreateEndpoint"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-dev/a6"
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "sagemaker:CreateEndpoint"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-test/")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "sagemaker:CreateEndpoint"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b1")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	startswith(input.action, "sagemaker:Delete")
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-dev/a6"
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	startswith(input.action, "sagemaker:Delete")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-test/")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	startswith(input.action, "sagemaker:Delete")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b1")
	input.region in {"eu-west-1", "eu-central-1"}
}

granted if {
	input.action == "sagemaker:CreateEndpoint"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c5")
}

granted if {
	startswith(input.action, "kms:Describe")
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/a5"
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-dev/")
	input.mfaAge < 900
}

granted if {
	input.action == "kms:DescribeKey"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/a5"
	input.mfaAge < 900
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-dev/")
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Describe")
	input.resource == "arn:aws:kms:eu-west-1:111122223333:platform-dev/a5"
	input.mfaAge < 900
}

granted if {
	startswith(input.action, "kms:Describe")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:growth-dev/")
	input.mfaAge < 900
}

granted if {
	input.action == "iam:CreateRole"
}

granted if {
	input.action == "iam:CreateRole"
}

granted if {
	input.action == "iam:PassRole"
}

granted if {
	input.action == "sagemaker:CreateEndpoint"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:platform-prod/b5"
	input.secure == true
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "iam:ListRoles"
}

granted if {
	startswith(input.action, "iam:List")
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-dev/")
}

granted if {
	input.action == "iam:PassRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-dev/")
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:fraud-prod/")
	input.secure == true
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c1")
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-dev/")
}

granted if {
	startswith(input.action, "sqs:Delete")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/a5")
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c1")
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:platform-dev/")
}

granted if {
	input.action == "sqs:SendMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/a5")
}

granted if {
	startswith(input.action, "logs:Describe")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-test/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	startswith(input.action, "logs:Describe")
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-test/c6"
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	startswith(input.action, "logs:Describe")
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-prod/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-test/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-test/c6"
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-prod/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:fraud-test/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-test/c6"
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:risk-prod/")
	input.region in {"us-east-1", "us-east-1"}
}

granted if {
	startswith(input.action, "sagemaker:")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/c1")
}

granted if {
	startswith(input.action, "sagemaker:")
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:fraud-dev/a1"
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/c1")
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:fraud-dev/a1"
}

granted if {
	startswith(input.action, "sagemaker:Create")
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-")
	endswith(input.resource, "/c1")
}

granted if {
	startswith(input.action, "sagemaker:Create")
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:fraud-dev/a1"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c7")
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	startswith(input.action, "cloudwatch:")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-")
	endswith(input.resource, "/c7")
}

granted if {
	startswith(input.action, "cloudwatch:")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-dev/")
}

denied if {
	input.action == "kms:GenerateDataKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-test/")
}

denied if {
	input.action == "kms:GenerateDataKey"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:fraud-prod/c3"
}

granted if {
	input.action == "kms:Decrypt"
	input.resource == "arn:aws:kms:eu-west-1:111122223333:growth-prod/b2"
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "s3:GetObject"
	startswith(input.resource, "arn:aws:s3:::risk-prod/")
	input.secure == true
}

granted if {
	input.action == "s3:ListBucket"
	startswith(input.resource, "arn:aws:s3:::risk-prod/")
	input.secure == true
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-")
	endswith(input.resource, "/a5")
	input.secure == true
}

granted if {
	startswith(input.action, "iam:")
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-")
	endswith(input.resource, "/a5")
	input.secure == true
}

granted if {
	startswith(input.action, "iam:List")
}

granted if {
	input.action == "iam:CreateRole"
}

granted if {
	startswith(input.action, "iam:Create")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-prod/b4"
}

granted if {
	input.action == "sns:GetTopicAttributes"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	input.action == "sns:GetTopicAttributes"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:fraud-dev/b7"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/c0"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/c0"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/c0"
	net.cidr_contains("10.0.0.0/8", input.ip)
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/c7"
}

granted if {
	startswith(input.action, "cloudwatch:Describe")
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/c7"
}

granted if {
	input.action == "iam:ListRoles"
	input.resource == "arn:aws:iam::111122223333:role/risk-test/b6"
}

granted if {
	input.action == "iam:GetRole"
	input.resource == "arn:aws:iam::111122223333:role/risk-test/b6"
}

granted if {
	input.action == "iam:PassRole"
	input.resource == "arn:aws:iam::111122223333:role/risk-test/b6"
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/b3")
	input.team == "risk"
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-test/")
	input.team == "risk"
}

granted if {
	input.action == "kms:DescribeKey"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-")
	endswith(input.resource, "/c3")
	input.team == "risk"
}

granted if {
	input.action == "iam:ListRoles"
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/a4"
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-")
	endswith(input.resource, "/b4")
}

granted if {
	input.action == "iam:ListRoles"
	input.resource == "arn:aws:iam::111122223333:role/growth-test/a1"
}

granted if {
	startswith(input.action, "iam:Pass")
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/a4"
}

granted if {
	startswith(input.action, "iam:Pass")
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-")
	endswith(input.resource, "/b4")
}

granted if {
	startswith(input.action, "iam:Pass")
	input.resource == "arn:aws:iam::111122223333:role/growth-test/a1"
}

granted if {
	input.action == "cloudwatch:DescribeAlarms"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/b7")
	input.secure == true
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.team == "growth"
}

granted if {
	input.action == "cloudwatch:PutMetricAlarm"
	input.team == "growth"
}

granted if {
	startswith(input.action, "cloudwatch:Put")
	input.team == "growth"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:risk-prod/c5"
}

granted if {
	input.action == "sqs:GetQueueUrl"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c5")
}

granted if {
	input.action == "sqs:DeleteMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:risk-prod/c5"
}

granted if {
	input.action == "sqs:DeleteMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c5")
}

granted if {
	input.action == "sqs:ReceiveMessage"
	input.resource == "arn:aws:sqs:eu-west-1:111122223333:risk-prod/c5"
}

granted if {
	input.action == "sqs:ReceiveMessage"
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/c5")
}

granted if {
	startswith(input.action, "kms:Generate")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

granted if {
	input.action == "kms:Decrypt"
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

granted if {
	startswith(input.action, "kms:Decrypt")
	startswith(input.resource, "arn:aws:kms:eu-west-1:111122223333:risk-dev/")
}

granted if {
	input.action == "sns:Publish"
	startswith(input.resource, "arn:aws:sns:eu-west-1:111122223333:fraud-test/")
	input.region in {"us-east-1", "eu-west-1"}
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:platform-test/c1"
	input.region in {"us-east-1", "eu-west-1"}
}

denied if {
	input.action == "cloudwatch:GetMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:risk-prod/")
}

granted if {
	input.action == "cloudwatch:PutMetricData"
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-prod/")
}

granted if {
	input.action == "sagemaker:DescribeProcessingJob"
}

granted if {
	input.action == "sagemaker:DescribeEndpoint"
}

granted if {
	input.action == "s3:ListBucket"
}

granted if {
	startswith(input.action, "s3:List")
}

granted if {
	input.action == "s3:GetObject"
}

denied if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/c0"
}

denied if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-prod/")
}

denied if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/fraud-test/b5"
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-test/")
}

granted if {
	startswith(input.action, "cloudwatch:Get")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:platform-dev/")
}

granted if {
	startswith(input.action, "cloudwatch:Get")
	startswith(input.resource, "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-prod/")
}

granted if {
	startswith(input.action, "iam:Create")
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-test/")
}

granted if {
	startswith(input.action, "iam:Create")
	input.resource == "arn:aws:iam::111122223333:role/growth-dev/b6"
}

granted if {
	startswith(input.action, "iam:Create")
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-test/")
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/fraud-test/")
}

granted if {
	input.action == "iam:CreateRole"
	input.resource == "arn:aws:iam::111122223333:role/growth-dev/b6"
}

granted if {
	input.action == "iam:CreateRole"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-test/")
}

granted if {
	startswith(input.action, "s3:Put")
	startswith(input.resource, "arn:aws:s3:::growth-test/")
	net.cidr_contains("192.0.2.0/24", input.ip)
}

granted if {
	startswith(input.action, "s3:Put")
	input.resource == "arn:aws:s3:::platform-test/a0"
	net.cidr_contains("192.0.2.0/24", input.ip)
}

denied if {
	startswith(input.action, "sqs:")
	startswith(input.resource, "arn:aws:sqs:eu-west-1:111122223333:growth-")
	endswith(input.resource, "/a7")
}

denied if {
	startswith(input.action, "iam:")
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-dev/")
}

denied if {
	startswith(input.action, "iam:")
	input.resource == "arn:aws:iam::111122223333:role/platform-test/a5"
}

denied if {
	startswith(input.action, "iam:")
	input.resource == "arn:aws:iam::111122223333:role/fraud-dev/c7"
}

granted if {
	startswith(input.action, "sagemaker:")
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-test/b0"
}

granted if {
	input.action == "sagemaker:DescribeProcessingJob"
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-test/b0"
}

granted if {
	startswith(input.action, "sagemaker:Describe")
	input.resource == "arn:aws:sagemaker:eu-west-1:111122223333:risk-test/b0"
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sagemaker:ListEndpoints"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "sagemaker:InvokeEndpoint"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:fraud-dev/")
}

granted if {
	input.action == "sagemaker:InvokeEndpoint"
	startswith(input.resource, "arn:aws:sagemaker:eu-west-1:111122223333:risk-test/")
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/risk-")
	endswith(input.resource, "/c1")
	input.secure == true
}

granted if {
	input.action == "iam:ListRoles"
	startswith(input.resource, "arn:aws:iam::111122223333:role/platform-prod/")
	input.secure == true
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-test/c0"
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-prod/b5"
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:growth-test/c0"
}

granted if {
	input.action == "logs:DescribeLogGroups"
	input.resource == "arn:aws:logs:eu-west-1:111122223333:fraud-prod/b5"
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:growth-dev/c7"
}

granted if {
	input.action == "sns:Publish"
	input.resource == "arn:aws:sns:eu-west-1:111122223333:platform-prod/b0"
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:fraud-test/a6"
	input.secure == true
}

granted if {
	input.action == "cloudwatch:GetMetricData"
	input.resource == "arn:aws:cloudwatch:eu-west-1:111122223333:platform-test/b3"
	input.secure == true
}

granted if {
	input.action == "logs:DescribeLogGroups"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-test/")
}

granted if {
	input.action == "logs:PutLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-test/")
}

granted if {
	input.action == "logs:GetLogEvents"
	startswith(input.resource, "arn:aws:logs:eu-west-1:111122223333:platform-test/")
}
