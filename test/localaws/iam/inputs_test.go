package iam_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func assume(role *string, stage string) *sts.AssumeRoleInput {
	return &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: aws.String("test"),
		Tags: []ststypes.Tag{{Key: aws.String("stage"), Value: &stage}}}
}

func bucketInput(name, region string) *awss3.CreateBucketInput {
	return &awss3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{
			LocationConstraint: s3types.BucketLocationConstraint(region),
		}}
}
