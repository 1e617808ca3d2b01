package desired

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/aloft-dev/aloft/controllers/release"
)

// prefixReadable is how much of namespace and name a prefix shows; Lambda's 64 characters for a function's name leave
// no more beside a worker's name of 22.
const prefixReadable = 20

// dashes in a row are allowed in a namespace's name and refused in a repository's.
var dashes = regexp.MustCompile("-+")

// Names gives a stage's names on AWS. The hash keeps stages apart whose readable parts are alike,
// such as a-b/c and a/b-c.
func Names(stage release.StageKey, account, region string) release.Names {
	readable := dashes.ReplaceAllString(stage.Namespace+"-"+stage.Name, "-")
	if len(readable) > prefixReadable {
		readable = readable[:prefixReadable]
	}
	sum := sha256.Sum256([]byte(stage.String()))
	prefix := "aloft-" + strings.TrimRight(readable, "-") + "-" + hex.EncodeToString(sum[:4])
	return release.Names{
		Prefix:          prefix,
		FoundationStack: prefix + "-foundation",
		AppStack:        prefix + "-app",
		Bucket:          prefix + "-" + account + "-" + region,
		Repository:      prefix,
		FunctionRole:    prefix + "-function",
	}
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
