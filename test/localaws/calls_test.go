package localaws_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/test/localaws"
)

type shownCall struct {
	Seq                int
	Service, Operation string
	Effect             bool
}

func shownCalls(t *testing.T, url string) (calls []shownCall) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&calls); err != nil {
		t.Fatal(err)
	}
	return calls
}

func TestTheCallLogIsAnsweredToWhoCompares(t *testing.T) {
	server := start(t, localaws.Options{})
	if calls := shownCalls(t, server.URL()+localaws.CallsPath); calls == nil || len(calls) > 0 {
		t.Errorf("before any call the log is %v, want an empty list", calls)
	}
	for _, name := range []string{"one", "two"} {
		if err := createQueue(t.Context(), server.Config(), name); err != nil {
			t.Fatal(err)
		}
	}
	calls := shownCalls(t, server.URL()+localaws.CallsPath+"?since=1")
	if len(calls) != 1 || calls[0] != (shownCall{2, "sqs", "CreateQueue", true}) {
		t.Errorf("after the first call came %v", calls)
	}
	answer, err := http.Get(server.URL() + localaws.CallsPath + "?since=yesterday")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("what is no number is answered %s", answer.Status)
	}
}

func TestATableOfLatenciesIsRead(t *testing.T) {
	server := start(t, localaws.Options{})
	table, err := server.ReadLatencies(strings.NewReader("\"*\": 1ms\nlambda:*: 250ms\nsqs:CreateQueue: 1m\n"))
	if err != nil || len(table) != 3 || table["lambda:*"] != 250*time.Millisecond {
		t.Errorf("YAML: %v, %v", table, err)
	}
	if table, err = server.ReadLatencies(strings.NewReader(`{"sqs:CreateQueue": "2s"}`)); err != nil ||
		table["sqs:CreateQueue"] != 2*time.Second {
		t.Errorf("JSON: %v, %v", table, err)
	}
	for text, says := range map[string]string{
		"lambda:PublishVersions: 1s": "there is no operation", "lamda:*: 1s": "there is no operation",
		"lambda:*: soon": "which is no time", "lambda:*: -1s": "which is no time", "[]": "reading a table of latencies",
	} {
		if _, err := server.ReadLatencies(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// botocore announces an empty object by Expect: 100-continue and waits for the word to send it.
func TestAnEmptyBodyThatIsAnnouncedIsAskedFor(t *testing.T) {
	server := start(t, localaws.Options{})
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "PUT /bucket/key HTTP/1.1\r\nHost: s3.eu-central-1.amazonaws.com\r\nContent-Length: 0\r\n"+
		"Expect: 100-continue\r\n\r\n")
	_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Errorf("the first answer is %q, %v", line, err)
	}
}
