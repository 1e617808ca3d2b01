package bundle

import (
	"fmt"
	"net/http"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
)

func explainS3(location awsapi.Location, err error) error {
	what := fmt.Sprintf("fetching the configuration bundle %s: ", location)
	if awsapi.Unreachable(err) {
		return &Error{what + "S3 did not answer; " + awsapi.Remedy}
	}
	switch awsapi.Status(err) {
	case http.StatusNotFound:
		return &Error{what + "it is not there; a new release puts it back"}
	case http.StatusForbidden:
		return &Error{what + "the function's role may not read it; allow s3:GetObject on " + function.ConfigPrefix +
			"* of that bucket (a missing object looks the same without s3:ListBucket)"}
	}
	return &Error{what + cause(err)}
}

func explainKMS(stage string, err error) error {
	what := "decrypting the configuration bundle: "
	if awsapi.Unreachable(err) {
		return &Error{what + "KMS did not answer; " + awsapi.Remedy}
	}
	switch awsapi.Code(err) {
	case "AccessDeniedException":
		return &Error{what + "the function's role may not use the stage's KMS key; " +
			"allow kms:Decrypt in the role and in the key's policy"}
	case "DisabledException", "KMSInvalidStateException":
		return &Error{what + "the stage's KMS key is disabled or about to be deleted; enable it again"}
	case "InvalidCiphertextException":
		return &Error{what + "KMS did not wrap its key for the stage " + stage + "; a new release makes a new bundle"}
	case "NotFoundException":
		return &Error{what + "the KMS key that wrapped it is gone; a new release makes a new bundle"}
	}
	return &Error{what + cause(err)}
}

// cause is AWS's code when there is one: whole SDK errors are long and hold request ids that change with every attempt.
func cause(err error) string {
	if code := awsapi.Code(err); code != "" {
		return "AWS answered " + code
	}
	return err.Error()
}
