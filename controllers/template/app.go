package template

import (
	"cmp"

	"github.com/aloft-dev/aloft/controllers/release"
)

// App is what the application stack is rendered from.
type App struct {
	Desired    *release.Desired
	Foundation release.Foundation
	// ImageURI is <repository uri>@<deployed digest>.
	ImageURI string
	// Live functions, by their names within the stage, have a live alias on AWS.
	Live map[string]bool
	// OriginDigest is the SHA-256, in hexadecimal digits, of the secret that the distribution is to send if the stack
	// has chosen none yet.
	OriginDigest string
	// Keep functions that the deployed stack has, the manifest has no more, and that must stay for now.
	Keep map[string]bool
}

// The values of a latch.
const (
	yes = "true"
	no  = "false"
)

// manifest renders what the release asks for, whatever is deployed.
func (a App) manifest() *Template {
	d := a.Desired
	t := newTemplate("Aloft: the application of stage " + d.Stage.String())
	t.Parameters[bucketParameter] = Parameter{Type: "String", Description: "Bucket of the foundation stack"}
	for _, f := range d.Functions {
		a.addFunction(t, f)
	}
	a.addWeb(t)
	a.addEdge(t)
	a.addDistribution(t)
	for _, q := range d.Queues {
		a.addQueue(t, q)
	}
	a.addSchedules(t)
	t.output(release.OutputRendering, "Hash of this template and its parameters", text(""))
	t.output(release.OutputBuildID, "Build of the functions", text(d.BuildID))
	t.output(release.OutputCDNDomain, "Where the application answers", attribute{distributionID, "DomainName"})
	t.output(release.OutputAPIEndpoint, "Where the API answers the distribution", attribute{apiID, "ApiEndpoint"})
	t.output(release.OutputDistributionID, "The distribution", ref(distributionID))
	return t
}

// stackParameters gives the parameters that come from the foundation, what was chosen once, and the latches as next
// decides. The origin's secret is not among them: whoever performs the operation adds it.
func (a App) stackParameters(
	deployed map[string]string, latch func(parameter, function string) bool,
) map[string]string {
	values := map[string]string{
		bucketParameter:       a.Foundation.BucketName,
		originDigestParameter: cmp.Or(deployed[originDigestParameter], a.OriginDigest),
	}
	for _, f := range a.Desired.Functions {
		values[roleParameter(f.Role)] = a.Foundation.RoleARN(f.Role)
		parameter := liveParameter(functionBase(f.Role, f.Name))
		values[parameter] = no
		if latch(parameter, f.Name) {
			values[parameter] = yes
		}
	}
	return values
}
