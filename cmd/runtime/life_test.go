package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCrashAnswersTheRequestInFlightAndTheNextOneIsServed(t *testing.T) {
	f := start(t, nil)
	before := f.request(t, get("/pid", "")).Body
	if got := f.request(t, get("/crash", "")); got.StatusCode != 502 {
		t.Errorf("the request in flight got %d", got.StatusCode)
	}
	if after := f.request(t, get("/pid", "")); after.StatusCode != 200 || after.Body == before {
		t.Errorf("the application was not started again: %+v", after)
	}
	if !strings.Contains(f.output(), "exit status 3") {
		t.Error("the log does not say how the application ended")
	}
}

func TestRequestThatWouldOutliveTheFunctionIsCutAndTheApplicationStartedAgain(t *testing.T) {
	f := start(t, nil)
	before := f.request(t, get("/pid", "")).Body
	got := f.invoke(t, get("/slow", ""), 1500*time.Millisecond)
	if decoded := decode[response](t, got.body); decoded.StatusCode != 504 {
		t.Errorf("got %s", got.body)
	}
	if after := f.request(t, get("/pid", "")); after.StatusCode != 200 || after.Body == before {
		t.Errorf("the application still hangs: %+v", after)
	}
}

func TestApplicationThatEndsAtStartIsAnInitErrorWithItsOutput(t *testing.T) {
	f := start(t, nil, "crash")
	got := f.posted(t)
	if got.kind != "init" || got.errorType != "Aloft.ApplicationStart" {
		t.Fatalf("got %+v", got)
	}
	for _, part := range []string{"exit status 70", "the cache does not exist", "port " + f.port} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the message does not say %q: %s", part, got.body)
		}
	}
	<-f.exited
	if f.cmd.ProcessState.ExitCode() == 0 {
		t.Error("the runtime ended as if all were well")
	}
}

func TestApplicationThatDoesNotListenFailsTheInvocationWithTheRemedy(t *testing.T) {
	t.Parallel()
	f := start(t, nil, "deaf")
	got := f.invoke(t, `{"warmer_ping":true}`, 2*time.Second)
	if got.kind != "error" || got.errorType != "Aloft.ApplicationPort" ||
		!strings.Contains(got.body, "runtime.http.port") {
		t.Errorf("got %+v", got)
	}
}

func TestTerminationEndsTheApplicationGracefully(t *testing.T) {
	f := start(t, nil)
	f.request(t, get("/pid", ""))
	if code := f.terminate(t); code != 0 {
		t.Errorf("the runtime ended with %d", code)
	}
	if notes := f.noted(t); notes[len(notes)-1] != "terminated" {
		t.Errorf("the application was not asked to end: %v", notes)
	}
}

func TestWarmPingLetsTheApplicationHandleOneRequestOnceOnly(t *testing.T) {
	f := start(t, nil)
	first := f.invoke(t, `{"warmer_ping":true,"hold":"20"}`, 10*time.Second)
	second := f.invoke(t, `{"warmer_ping":true,"hold":20}`, 10*time.Second)
	if want := `{"output":"Warmed!","environment":"2026/11/21/[7]stream","coldStart":true}`; first.body != want {
		t.Errorf("got %s, want %s", first.body, want)
	}
	if want := `{"output":"Warmed!","environment":"2026/11/21/[7]stream","coldStart":false}`; second.body != want {
		t.Errorf("got %s, want %s", second.body, want)
	}
	if diff := cmp.Diff([]string{"warm"}, f.noted(t)); diff != "" {
		t.Errorf("the application handled other requests:\n%s", diff)
	}
}
