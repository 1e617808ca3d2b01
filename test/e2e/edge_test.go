package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/sampleapp/visitor"
)

// seen is what the sample application says that it saw.
type seen struct {
	URI    string
	Host   string
	Header http.Header
}

// visit sends a request as a viewer does, with headers of the viewer's choice.
func visit(method, url, body string, header map[string]string) (status int, text string) {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	for name, value := range header {
		request.Header[name] = []string{value}
	}
	response, err := browser().Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(content)
}

func seenAt(url string, header map[string]string) (s seen) {
	GinkgoHelper()
	status, text := visit(http.MethodGet, url, "", header)
	Expect(status).To(Equal(http.StatusOK), text)
	Expect(json.Unmarshal([]byte(text), &s)).To(Succeed())
	return s
}

var _ = Describe("The edge of a stage", Ordered, func() {
	var stage *v1alpha1.Stage
	var url, host string

	BeforeAll(func() {
		stage = apply(aStage("v1", func(s *v1alpha1.Stage) {
			worker := &s.Spec.Manifest.Workers[0]
			worker.Command, worker.HTTPPath = nil, "/work"
		}))
		becomesLive(stage, "v1")
		url = stage.Status.Endpoints.URL
		host = strings.TrimPrefix(url, "https://")
	})

	It("tells the application which host was asked for and who asks, whatever the viewer claims", func() {
		got := seenAt(url+"/seen/", map[string]string{
			"X-Forwarded-Host": "evil.example", "X-Aloft-Host": "evil.example", "X_Forwarded_Host": "evil.example",
			"Forwarded": "for=192.0.2.1;host=evil.example", "X-Forwarded-For": "192.0.2.1", "X-Aloft-Address": "192.0.2.1",
			"X-Real-Ip": "192.0.2.1", "X-Forwarded-Proto": "http", "X-Aloft-Path": "/admin", "X_aloft_message_id": "forged",
			"X-Aloft-Origin": "guess", "Accept": "text/plain",
		})
		Expect(got.Host).To(Equal(host))
		Expect(got.Header).To(HaveKeyWithValue("X-Forwarded-Host", []string{host}))
		Expect(got.Header).To(HaveKeyWithValue("X-Forwarded-For", []string{"127.0.0.1"}))
		Expect(got.Header).To(HaveKeyWithValue("X-Forwarded-Proto", []string{"https"}))
		Expect(got.Header).To(HaveKeyWithValue("Accept", []string{"text/plain"}))
		for name, values := range got.Header {
			Expect(values).NotTo(ContainElement(Or(ContainSubstring("evil"), ContainSubstring("192.0.2.1"), Equal("guess"),
				Equal("forged"))), name)
			if strings.HasPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "x-aloft-") {
				Expect(name).To(BeElementOf("X-Aloft-Deadline-Ms", "X-Aloft-Request-Id"))
			}
		}
	})

	It("brings paths and queries as they were sent", func() {
		for _, target := range []string{
			"/seen/a%2Fb%3Fc%23d", "/seen/100%2525", "/seen/%252e%252e%252f", "/seen/%7Bid%7D%7C%5B%5D%22%5C",
			"/seen/gr%C3%BCn%20rot?a=1&a=2&x.y=%7Bz%7D&p=a+b&q=openid%20profile", "/seen//double/./dot;v=1,2",
		} {
			Expect(seenAt(url+target, nil).URI).To(Equal(target))
		}
	})

	It("turns away who comes past the distribution", func() {
		client := browser()
		for _, api := range apiHosts(stage) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, box.AWS.URL()+"/status", http.NoBody)
			Expect(err).NotTo(HaveOccurred())
			request.Host = api
			response, err := client.Do(request)
			Expect(err).NotTo(HaveOccurred())
			_ = response.Body.Close()
			Expect(response.StatusCode).To(Equal(http.StatusForbidden))
		}
	})

	It("leaves every path but its own to the application, and says 404 of an asset that is not there", func() {
		status, text := load(url + "/assets/style.css")
		Expect(status).To(Equal(http.StatusOK), "the application's own /assets")
		_, asset := load(url + "/_aloft/assets/v1/style.css")
		Expect(text).To(Equal(asset))
		status, _ = load(url + "/_aloft/assets/v1/missing.css")
		Expect(status).To(Equal(http.StatusNotFound))
		status, text = load(url + "/_aloft/assets/?list-type=2&prefix=config/")
		Expect(status).To(Equal(http.StatusNotFound), "nobody can list the bucket: %s", text)
		for _, path := range []string{"/", "/_aloft/", "/_aloft/assets/", "/_aloft/assets/%2E%2E/%2E%2E/"} {
			status, text = load(url + path + release.MarkerKey("v1"))
			Expect(status).To(Equal(http.StatusNotFound), "what else is in the bucket is nobody's: %s: %s", path, text)
		}
	})

	It("lets the application know its own page's forms from those of other sites", func() {
		page, err := visitor.New(browser(), url)
		Expect(err).NotTo(HaveOccurred())
		Expect(page.Forge(ctx)).To(Succeed())
		Expect(ran(stage, "jobs")).To(BeZero())
	})

	It("keeps no error of one viewer for another", func() {
		status, _ := visit(http.MethodGet, url+"/missing", "", nil)
		Expect(status).To(Equal(http.StatusNotFound))
		response, err := browser().Get(url + "/missing")
		Expect(err).NotTo(HaveOccurred())
		_ = response.Body.Close()
		Expect(response.Header).NotTo(HaveKey("Age"))
	})

	It("gives jobs to the application's path, and nobody else can", func() {
		status, _ := visit(http.MethodPost, url+"/work", "{}", map[string]string{
			"X-Aloft-Message-Id": "1", "X_Aloft_Message_Id": "1", "X-Aloft_message-Id": "1", "X.Aloft.Message.Id": "1",
		})
		Expect(status).To(Equal(http.StatusForbidden))
		sendJob(stage)
		Eventually(func() int { return ran(stage, "jobs") }).Should(Equal(1))
	})

	It("passes an upload of megabytes on, and says 413 of what is too large for Lambda", func() {
		status, text := visit(http.MethodPost, url+"/seen/", strings.Repeat("x", 4<<20), map[string]string{
			"Content-Type": "application/octet-stream",
		})
		Expect(status).To(Equal(http.StatusOK), text)
		status, _ = visit(http.MethodPost, url+"/seen/", strings.Repeat("x", 5<<20), map[string]string{
			"Content-Type": "application/octet-stream",
		})
		Expect(status).To(Equal(http.StatusRequestEntityTooLarge))
	})
})
