package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/sampleapp/database"
)

type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func openDatabase(t *testing.T) (*database.Server, environment) {
	t.Helper()
	server, err := database.Serve("", "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server, environment{"DATABASE_URL": server.URL()}
}

func get(t *testing.T, app web, path string) string {
	t.Helper()
	answer := ask(app, httptest.NewRequest(http.MethodGet, path, nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("GET %s answered %d: %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func ask(app web, request *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	app.handler().ServeHTTP(answer, request)
	return answer
}

// visit is a request as it comes by a distribution: to the application's own name, over HTTPS.
func visit(method, path string, form url.Values) *http.Request {
	request := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(form.Encode()))
	request.Header.Set("X-Forwarded-Proto", "https")
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", "https://shop.example")
	}
	return request
}

func TestEveryCommandIsCounted(t *testing.T) {
	g := NewWithT(t)
	database, env := openDatabase(t)
	var output bytes.Buffer
	g.Expect(run(t.Context(), []string{"migrate"}, nil, &output, env.get)).To(Succeed())
	g.Expect(run(t.Context(), []string{"schedule"}, nil, &output, env.get)).To(Succeed())
	g.Expect(run(t.Context(), []string{"work"}, strings.NewReader(`{"id":"j1","work":"x"}`), &output,
		env.get)).To(Succeed())
	g.Expect(run(t.Context(), []string{"work"}, strings.NewReader(`{"id":"j2","work":"fail"}`), &output,
		env.get)).NotTo(Succeed())

	g.Expect(database.Counts()).To(Equal(map[string]int{"migrations": 1, "schedules": 1, "jobs": 1, "failed-jobs": 1}))
	g.Expect(database.Entries("jobs")[0].Note).To(Equal("j1"))
	g.Expect(output.String()).To(ContainSubstring("Migrated; this was run 1"))
}

func TestCommandsFailClearlyWithoutADatabase(t *testing.T) {
	for _, command := range []string{"migrate", "work", "schedule"} {
		t.Run(command, func(t *testing.T) {
			err := run(t.Context(), []string{command}, strings.NewReader(`{}`), io.Discard, environment{}.get)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring("DATABASE_URL is not set")))
		})
	}
}

func TestNoErrorShowsThePasswordOfTheDatabase(t *testing.T) {
	for reason, address := range map[string]string{
		"nothing listens":      "http://app:canary@127.0.0.1:1",
		"it is not an address": "http://app:canary@[",
	} {
		t.Run(reason, func(t *testing.T) {
			err := run(t.Context(), []string{"migrate"}, nil, io.Discard, environment{"DATABASE_URL": address}.get)
			NewWithT(t).Expect(err).To(MatchError(Not(ContainSubstring("canary"))))
		})
	}
}

func TestAFailingMigrationExitsWithThreeAndSaysWhy(t *testing.T) {
	g := NewWithT(t)
	server, env := openDatabase(t)
	store, err := connect(env["DATABASE_URL"])
	g.Expect(err).NotTo(HaveOccurred())
	var output bytes.Buffer
	err = migrate(t.Context(), build{Version: "v2", FailMigration: true}, store, &output)
	var exit exitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(exit.code).To(Equal(3))
	g.Expect(output.String()).To(ContainSubstring("already exists"))
	g.Expect(server.Counts()["migrations"]).To(Equal(1))
}

func TestACrashingBuildNeverListens(t *testing.T) {
	err := serve(t.Context(), build{CrashAtStart: true}, io.Discard, environment{"PORT": "0"}.get)
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("cannot start")))
}

func TestTheServerEndsWhenItIsAskedTo(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	NewWithT(t).Expect(serve(ctx, build{}, io.Discard, environment{"PORT": "0"}.get)).To(Succeed())
}

func TestThePageLinksItsAssetsAndShowsItsCounts(t *testing.T) {
	g := NewWithT(t)
	server, env := openDatabase(t)
	_, err := server.Append("jobs", "j1")
	g.Expect(err).NotTo(HaveOccurred())
	store, err := connect(env["DATABASE_URL"])
	g.Expect(err).NotTo(HaveOccurred())
	env["ASSET_URL"], env["APP_URL"] = "https://cdn.example/assets/v1", "http://example.com"

	page := get(t, web{build: build{Version: "v1", Headline: "Hello"}, store: store, getenv: env.get}, "/")
	g.Expect(page).To(And(
		ContainSubstring(`href="https://cdn.example/assets/v1/style.css"`),
		ContainSubstring(`src="https://cdn.example/assets/v1/balloon.png"`),
		ContainSubstring(`<code id="version">v1</code>`), ContainSubstring(`<dd id="jobs">1</dd>`),
		ContainSubstring("Hello")))
}

func TestThePageWorksWithoutADatabaseAndWithoutACDN(t *testing.T) {
	g := NewWithT(t)
	env := environment{"PUBLIC_DIR": "public"}
	app := web{build: build{Version: "v1"}, getenv: env.get}
	g.Expect(get(t, app, "/")).To(And(ContainSubstring("DATABASE_URL"), ContainSubstring(`href="/public/style.css"`)))
	g.Expect(get(t, app, "/public/style.css")).To(ContainSubstring("--accent"))
	g.Expect(get(t, app, "/status")).To(ContainSubstring(`"database":"none"`))
}

func TestADatabaseThatIsDownLeavesThePageUp(t *testing.T) {
	g := NewWithT(t)
	store, err := connect("http://app:x@127.0.0.1:1")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(get(t, web{store: store, getenv: environment{}.get}, "/")).To(ContainSubstring("does not answer"))
}

func TestQueuesAreNamedByTheirShortName(t *testing.T) {
	for _, row := range []struct{ reason, name, want string }{
		{"a standard queue is prefix, name and suffix", "default", "https://sqs.example/1/default-p"},
		{"SQS wants .fifo last", "orders.fifo", "https://sqs.example/1/orders-p.fifo"},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			url, err := queueURL(row.name, "https://sqs.example/1", "-p")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(url).To(Equal(row.want))
		})
	}
}

func TestAJobGoesToTheQueueAndBackThroughAWorker(t *testing.T) {
	g := NewWithT(t)
	var sent struct{ QueueUrl, MessageBody string }
	queue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if json.NewDecoder(r.Body).Decode(&sent) != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessage" {
			http.Error(w, "not a message", http.StatusBadRequest)
			return
		}
		io.WriteString(w, `{"MessageId":"m1"}`)
	}))
	defer queue.Close()
	t.Setenv("AWS_ENDPOINT_URL", queue.URL)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	server, env := openDatabase(t)
	env["SQS_PREFIX"], env["SQS_SUFFIX"] = "https://sqs.eu-central-1.amazonaws.com/1", "-p"
	store, err := connect(env["DATABASE_URL"])
	g.Expect(err).NotTo(HaveOccurred())
	app := web{store: store, getenv: env.get}

	form := visit(http.MethodPost, "/jobs", url.Values{"work": {"look"}, "token": {"t1"}})
	form.AddCookie(&http.Cookie{Name: sessionCookie, Value: "t1"})
	answer := ask(app, form)
	g.Expect(answer.Code).To(Equal(http.StatusAccepted), answer.Body.String())
	g.Expect(sent.QueueUrl).To(Equal("https://sqs.eu-central-1.amazonaws.com/1/default-p"))

	answer = ask(app, httptest.NewRequest(http.MethodPost, "/work", strings.NewReader(sent.MessageBody)))
	g.Expect(answer.Code).To(Equal(http.StatusForbidden), "it is of no queue")
	job := httptest.NewRequest(http.MethodPost, "/work", strings.NewReader(sent.MessageBody))
	job.Header.Set("X-Aloft-Message-Id", "m1")
	answer = ask(app, job)
	g.Expect(answer.Code).To(Equal(http.StatusNoContent))
	g.Expect(server.Counts()).To(Equal(map[string]int{"jobs": 1}))
}

func TestABuildIsReadFromTheFileBesideTheProgram(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(t.TempDir(), "app.json")
	missing, err := readBuildFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(missing.Version).To(Equal("development"))

	g.Expect(os.WriteFile(path, []byte(`{"version":"v2","failMigration":true}`), 0o600)).To(Succeed())
	told, err := readBuildFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(told.Version).To(Equal("v2"))
	g.Expect(told.FailMigration).To(BeTrue())
}
