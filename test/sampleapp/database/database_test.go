package database_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/sampleapp/database"
)

func serve(t *testing.T, path string) *database.Server {
	t.Helper()
	server, err := database.Serve(path, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func TestConcurrentEventsAreAllCounted(t *testing.T) {
	g := NewWithT(t)
	server := serve(t, "")
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			response, err := http.Post(server.URL()+"/journals/jobs", "text/plain", strings.NewReader("a job"))
			if err == nil {
				response.Body.Close()
			}
		})
	}
	clients.Wait()
	g.Expect(server.Counts()).To(Equal(map[string]int{"jobs": 20}))
	g.Expect(server.Entries("jobs")[7].Note).To(Equal("a job"))
}

func TestEventsSurviveARestart(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "journals")
	first := serve(t, path)
	_, err := first.Append("migrations", "one")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(first.Close()).To(Succeed())

	half, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = half.WriteString(`{"journal":"migr`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(half.Close()).To(Succeed())

	second := serve(t, path)
	g.Expect(second.Counts()).To(Equal(map[string]int{"migrations": 1}))
	_, err = second.Append("migrations", "two")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(second.Close()).To(Succeed())
	g.Expect(serve(t, path).Counts()).To(Equal(map[string]int{"migrations": 2}))
}

func TestRequestsAreRefused(t *testing.T) {
	server := serve(t, "")
	for _, row := range []struct {
		reason, url, body string
		want              int
	}{
		{"nobody writes without the password",
			strings.Replace(server.URL(), database.User+":", database.User+":x", 1) + "/journals/jobs", "",
			http.StatusUnauthorized},
		{"a journal name is lower case", server.URL() + "/journals/Jobs", "", http.StatusUnprocessableEntity},
		{"a note is at most 4 KiB", server.URL() + "/journals/jobs", strings.Repeat("x", 4<<10+1),
			http.StatusUnprocessableEntity},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			response, err := http.Post(row.url, "text/plain", strings.NewReader(row.body))
			g.Expect(err).NotTo(HaveOccurred())
			response.Body.Close()
			g.Expect(response.StatusCode).To(Equal(row.want))
			g.Expect(server.Counts()).To(BeEmpty())
		})
	}
}

func TestAHostKeepsDatabasesApartByTheirPasswords(t *testing.T) {
	host, err := database.NewHost("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	first, err := host.Open()
	if err != nil {
		t.Fatal(err)
	}
	second, err := host.Open()
	if err != nil {
		t.Fatal(err)
	}
	post := func(url string) int {
		t.Helper()
		response, err := http.Post(url+"/journals/migrations", "text/plain", strings.NewReader("v1"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := post(first.URL()); got != http.StatusOK || first.Counts()["migrations"] != 1 ||
		second.Counts()["migrations"] != 0 {
		t.Errorf("answered %d; the journals have %v and %v", got, first.Counts(), second.Counts())
	}
	if got := post("http://app:wrong@127.0.0.1:" + host.Port()); got != http.StatusUnauthorized {
		t.Errorf("a wrong password was answered by %d", got)
	}
}
