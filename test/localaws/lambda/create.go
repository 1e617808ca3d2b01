package lambda

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// code is where a function's code comes from; the zip members are known only to be refused by name.
type code struct {
	ImageUri        string
	S3Bucket        string
	S3Key           string
	S3ObjectVersion string
	ZipFile         string
}

type createFunctionInput struct {
	FunctionName  string `wire:",required"`
	Code          *code  `wire:",required"`
	PackageType   string
	Architectures []string
	Publish       bool
	Tags          map[string]string
	settings
}

func (l *Lambda) createFunction(
	ctx context.Context, call *wire.Call, in *createFunctionInput,
) (*functionConfiguration, error) {
	ref, err := l.refer(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if in.PackageType != "Image" || in.Code.ImageUri == "" {
		return nil, invalidValue(
			"The local AWS runs functions of container images only: PackageType must be Image and Code must have an ImageUri.",
		)
	}
	configured, err := in.apply(defaults(ref.name))
	if err != nil {
		return nil, err
	}
	configured.architectures = architectures(in.Architectures, configured.architectures)
	if l.taken(ref.name) {
		return nil, conflict("Function already exist: " + ref.name)
	}
	if err := l.checkRole(call, configured.role); err != nil {
		return nil, err
	}
	image, err := l.source(ctx, call, ref.name, in.Code.ImageUri)
	if err != nil {
		return nil, err
	}
	return l.add(call, ref.name, in, configured, image)
}

func architectures(wanted, otherwise []string) []string {
	if len(wanted) == 0 {
		return otherwise
	}
	return wanted
}

func (l *Lambda) taken(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.functions[name] != nil
}

// checkRole holds that the role exists, trusts Lambda, and that the caller may pass it.
func (l *Lambda) checkRole(call *wire.Call, arn string) error {
	if !strings.Contains(arn, ":iam::"+l.env.AccountID+":") {
		return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "Cross-account pass role is not allowed.")
	}
	if err := call.Authorize("iam:PassRole", arn); err != nil {
		return err
	}
	if l.env.Roles == nil {
		return wire.Errorf(http.StatusInternalServerError, "ServiceException", "no role directory is plugged in")
	}
	role, ok := l.env.Roles.Role(arn)
	if !ok || !wire.TrustsService(role.TrustPolicy, service) {
		return invalidValue("The role defined for the function cannot be assumed by Lambda.")
	}
	return nil
}

func (l *Lambda) add(
	call *wire.Call, name string, in *createFunctionInput, configured configuration, image *sourceImage,
) (*functionConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.functions[name] != nil {
		return nil, conflict("Function already exist: " + name)
	}
	f := newFunction(name)
	f.latest = &version{number: latestVersion, configuration: configured, image: image, state: statePending,
		stateReason: "The function is being created.", stateCode: "Creating"}
	f.latest.touch(call.Time)
	f.updates = 1
	maps.Copy(f.tags, in.Tags)
	l.functions[name] = f
	l.settleNew(f, f.latest, l.options.Create)
	if !in.Publish {
		return l.describe(f, f.latest, ""), nil
	}
	return l.describe(f, l.publish(f, call, nil), ""), nil
}
