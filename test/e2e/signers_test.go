package e2e

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// watchSigners checks, at the end of the suite, that whatever the operator did to something of a Stage was signed by
// that Stage's own session, which has its name and its tags.
func watchSigners() {
	DeferCleanup(func() {
		ofStages := map[string]string{} // what the names of a stage's things hold, to the session
		for i := range stages.Load() {
			stage := &v1alpha1.Stage{}
			stage.Namespace, stage.Name = fmt.Sprintf("shop-%d", i+1), "production"
			session := stage.Namespace + "." + stage.Name
			ofStages[prefixOf(stage)], ofStages[bucketOf(stage)] = session, session
		}
		var problems []string
		signed := 0
		for _, call := range box.AWS.Calls().By(sandbox.OperatorRole) {
			tags := call.Principal.Tags
			if by := tags["aloft:namespace"] + "." + tags["aloft:stage"]; by != call.Principal.Session() {
				problems = append(problems, call.Name()+" is signed by "+call.Principal.Session()+" with the tags of "+by)
			}
			for name, session := range ofStages {
				if !strings.Contains(call.Resource, name) {
					continue
				}
				if signed++; call.Principal.Session() != session {
					problems = append(problems, call.Name()+" of "+call.Resource+" is signed by "+call.Principal.Session())
				}
			}
		}
		Expect(problems).To(BeEmpty())
		Expect(signed).To(BeNumerically(">", 10), "the calls tell what they are about")
	})
}
