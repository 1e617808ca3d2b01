package template

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aloft-dev/aloft/controllers/release"
)

// identifierDigits of a name's hash tell apart names that are alike without their dashes.
const identifierDigits = 8

// identifier makes a logical id, which is alphanumeric, of a name of lower-case letters, digits and dashes. A dash
// makes a capital and adds a hash of the name, so that my-queue and myqueue stay apart.
func identifier(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	if !strings.Contains(name, "-") {
		return b.String()
	}
	sum := sha256.Sum256([]byte(name))
	return b.String() + hex.EncodeToString(sum[:])[:identifierDigits]
}

// queueSuffix ends the short names of workers' functions.
const queueSuffix = "-queue"

// functionBase begins the logical ids of what belongs to a function: Http, Cli, <Worker>Worker.
func functionBase(role release.Role, name string) string {
	if role == release.RoleQueue {
		return identifier(strings.TrimSuffix(name, queueSuffix)) + "Worker"
	}
	return identifier(name)
}

// The logical ids that are made of a function's base.
func functionID(base string) string    { return base + "Function" }
func logGroupID(base string) string    { return base + "LogGroup" }
func liveParameter(base string) string { return base + "Live" }
func liveCondition(base string) string { return base + "IsLive" }

// The logical ids that are made of a queue's name. The mapping's must stay with the queue: with another id
// CloudFormation would make the new mapping before it removes the old one, and Lambda refuses a second one.
func queueID(name string) string      { return identifier(name) + "Queue" }
func deadLetterID(name string) string { return identifier(name) + "DeadLetterQueue" }
func mappingID(name string) string    { return identifier(name) + "Mapping" }

// kindBase begins the logical ids of what the functions of a kind have in common: Http, Queue, Cli.
func kindBase(kind release.Role) string { return identifier(string(kind)) }

func roleID(kind release.Role) string        { return kindBase(kind) + "Role" }
func roleParameter(kind release.Role) string { return kindBase(kind) + "RoleArn" }

func ruleID(schedule string) string { return identifier(schedule) + "Schedule" }

// Logical ids of what a stage has one of.
const (
	apiID                = "Api"
	integrationID        = "ApiIntegration"
	routeID              = "ApiRoute"
	apiStageID           = "ApiStage"
	apiPermissionID      = "ApiPermission"
	schedulePermissionID = "SchedulePermission"
	cliInvocationsID     = "CliInvocations"
	distributionID       = "Distribution"
	edgeFunctionID       = "EdgeFunction"
	accessControlID      = "AssetsAccessControl"
	bucketPolicyID       = "AssetsBucketPolicy"
	bucketID             = "Bucket"
	repositoryID         = "Repository"
	keyID                = "Key"
)

// Parameters of the application stack beside those of the functions.
const (
	bucketParameter       = "AssetsBucket"
	originSecretParameter = release.ParameterOriginSecret
	originDigestParameter = "OriginDigest"
)
