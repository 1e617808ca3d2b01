package desired

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft/controllers/release"
)

// prefixReadable is how much of namespace and name a prefix shows; Lambda's 64 characters for a function's name leave
// no more beside a worker's name of 22 and the digits.
const prefixReadable = 12

// digits of the hash are too many for anybody to find a namespace and a name whose stage would stand in another's
// place.
const digits = 16

// withoutNamespace are the regions where buckets have no namespace of the account's own (S3 user guide, "Namespaces for
// general purpose buckets").
var withoutNamespace = map[string]bool{"me-south-1": true, "me-central-1": true}

// dashes in a row are allowed in a namespace's name and refused in a repository's.
var dashes = regexp.MustCompile("-+")

// Names gives a stage's names on AWS. The hash keeps stages apart whose readable parts are alike, such as a-b/c and
// a/b-c. The cluster is no part of it: one that takes the place of another must find the stages of the one before, and
// who owns them is told by their tags. The bucket's name lies in a namespace of the account's own, so that nobody else
// can have it first; it has no room for a readable part.
func Names(stage release.StageKey, account, region string) release.Names {
	readable := dashes.ReplaceAllString(stage.Namespace+"-"+stage.Name, "-")
	if len(readable) > prefixReadable {
		readable = readable[:prefixReadable]
	}
	sum := sha256.Sum256([]byte(stage.String()))
	hash := hex.EncodeToString(sum[:])[:digits]
	prefix := "aloft-" + strings.TrimRight(readable, "-") + "-" + hash
	names := release.Names{
		Prefix:          prefix,
		FoundationStack: prefix + "-foundation",
		AppStack:        prefix + "-app",
		Bucket:          "aloft-" + hash + "-" + account + "-" + region,
		Repository:      prefix,
		RolePrefix:      prefix + "-" + region,
	}
	if !withoutNamespace[region] {
		names.Bucket, names.BucketPrefix = names.Bucket+"-an", "aloft-"+hash
	}
	return names
}

// queueNames gives the full names of a queue and its dead-letter queue. The stage's part comes last, so that
// application code that knows SQS_PREFIX and SQS_SUFFIX can use the short name.
func queueNames(prefix, queue string, fifo bool) (name, deadLetter string) {
	suffix := ""
	if fifo {
		suffix = ".fifo"
	}
	return queue + "-" + prefix + suffix, queue + "-" + prefix + "-dlq" + suffix
}
