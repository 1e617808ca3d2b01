package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// tarpit is a registry that answers nobody before the test has ended.
type tarpit struct {
	server *httptest.Server
	over   chan struct{}

	// open are the requests that wait for an answer.
	open atomic.Int32
}

func newTarpit() *tarpit {
	GinkgoHelper()
	pit := &tarpit{over: make(chan struct{})}
	pit.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		pit.open.Add(1)
		defer pit.open.Add(-1)
		select {
		case <-pit.over:
		case <-r.Context().Done():
		}
	}))
	DeferCleanup(pit.server.Close)
	DeferCleanup(func() { close(pit.over) })
	return pit
}

var _ = Describe("A tenant whose registry answers nobody", Ordered, func() {
	const many = 24
	var (
		pit *tarpit
		bad []*v1alpha1.Stage
	)

	BeforeAll(func() {
		pit = newTarpit()
		host := strings.TrimPrefix(pit.server.URL, "http://")
		first := aStage("v1")
		profile := &v1alpha1.StageProfile{}
		Expect(box.Client.Get(ctx, client.ObjectKey{Name: first.Spec.ProfileRef.Name}, profile)).To(Succeed())
		profile.Spec.AllowedRegistries = append(profile.Spec.AllowedRegistries, host)
		Expect(box.Client.Update(ctx, profile)).To(Succeed())
		for i := range many {
			stage := first.DeepCopy()
			stage.Name = fmt.Sprintf("bad-%d", i)
			stage.Spec.Image.Repository = fmt.Sprintf("%s/acme/slow-%d", host, i)
			bad = append(bad, apply(stage))
		}
	})

	It("holds its share of what there is, and another tenant's release goes on", func() {
		Eventually(pit.open.Load).Should(BeEquivalentTo(8), "a quarter of those who ask registries")
		good := released("v1", "v2")
		Expect(pit.open.Load()).To(BeNumerically("<=", 8), "the others of the namespace wait for their turn")
		for _, stage := range bad {
			Expect(condition(fetch(stage), v1alpha1.ConditionImageResolved).Status).NotTo(BeEquivalentTo("True"))
		}
		remove(good)
	})

	It("lets its Stages go at once", func() {
		for _, stage := range bad {
			remove(stage)
		}
	})
})
