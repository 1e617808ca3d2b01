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

func TestARequestThatComesBetweenTwoServersWaitsForTheNextOne(t *testing.T) {
	for name, nurses := range map[string]string{"the program ends after its server": "", "it starts another one": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, map[string]string{"NURSES": nurses}, "nurse")
			before := f.request(t, get("/pid", "")).Body
			if got := f.request(t, get("/crash", "")); got.StatusCode != 502 {
				t.Errorf("the request in flight got %d", got.StatusCode)
			}
			if after := f.request(t, get("/pid", "")); after.StatusCode != 200 || after.Body == before {
				t.Errorf("the next one got %+v", after)
			}
		})
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
	for _, part := range []string{
		" crash) ended ", "after its start, before it listened on port " + f.port, "exit status 70",
		"On Lambda: Only /tmp can be written to; the image's own files are read-only. (docs/images.md): " +
			"mkdir /app/cache: read-only file system. It printed:",
		"the cache does not exist", "  at line 3 of", "bytes left out", "  at line 999 of", "password is",
	} {
		if !strings.Contains(got.body, part) {
			t.Errorf("the message does not say %q: %s", part, got.body)
		}
	}
	if strings.Contains(got.body, `\u001b`) || len(got.body) > 4<<10 {
		t.Errorf("the message is neither plain nor short: %q", got.body)
	}
	<-f.exited
	if f.cmd.ProcessState.ExitCode() == 0 {
		t.Error("the runtime ended as if all were well")
	}
}

func TestAnApplicationThatGoesOnInTheBackgroundIsToldToStayInTheForeground(t *testing.T) {
	f := start(t, nil, "say", "0", "forked")
	says(t, f.posted(t).body, "exit status 0; a server that goes on in the background is not seen", "forked")
}

func TestApplicationThatDoesNotListenFailsTheInvocationWithTheRemedy(t *testing.T) {
	t.Parallel()
	f := start(t, nil, "deaf")
	got := f.invoke(t, `{"warmer_ping":true}`, 2*time.Second)
	if got.kind != "error" || got.errorType != "Aloft.ApplicationPort" {
		t.Fatalf("got %+v", got)
	}
	says(t, got.body, " deaf) did not listen on port "+f.port+" within ", "it listens on no port", "runtime.http.port",
		"memoryMiB", "It printed nothing.")
}

func says(t *testing.T, message string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(message, part) {
			t.Errorf("the message does not say %q: %s", part, message)
		}
	}
}

func TestAnApplicationOnAnotherPortIsToldWhichOneItIs(t *testing.T) {
	t.Parallel()
	own := freePort(t)
	f := start(t, map[string]string{"OWN_PORT": own})
	got := f.invoke(t, `{"warmer_ping":true}`, 2*time.Second)
	if got.errorType != "Aloft.ApplicationPort" {
		t.Fatalf("got %+v", got)
	}
	says(t, got.body, "did not listen on port "+f.port, "it listens on 127.0.0.1:"+own, "runtime.http.port",
		"listening on")
}

func TestTheServerMayListenOnAnyAddressOfTheMachine(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "0.0.0.0", "::1", "::", "127.0.1.1", "127.9.8.7"} {
		t.Run(address, func(t *testing.T) {
			f := start(t, map[string]string{"BIND": address})
			if got := f.request(t, get("/env", "name=BIND")); got.StatusCode != 200 || got.Body != address {
				t.Errorf("got %+v", got)
			}
			f.request(t, get("/crash", ""))
			if got := f.request(t, get("/env", "name=BIND")); got.StatusCode != 200 || got.Body != address {
				t.Errorf("after a new start: %+v", got)
			}
		})
	}
}

func TestASlowStarterHasTheTimeOfTheInvocation(t *testing.T) {
	t.Parallel()
	f := start(t, map[string]string{"START_AFTER": "10s"})
	if got := f.request(t, get("/env", "name=START_AFTER")); got.Body != "10s" {
		t.Errorf("got %+v", got)
	}
}

func TestNoRequestComesBeforeThePathOfReadinessAnswers(t *testing.T) {
	t.Parallel()
	f := start(t, map[string]string{
		"SICK_FOR": "700ms", "ALOFT_HTTP_HEALTH_PATH": "/up", "ASSET_URL": "https://shop.example/_aloft/assets/v1",
	})
	if got := f.request(t, get("/env", "name=PORT")); got.StatusCode != 200 {
		t.Errorf("got %+v", got)
	}
	// It does not say who may know, but that it answers for itself.
	if diff := cmp.Diff([]string{"up shop.example https"}, f.noted(t)); diff != "" {
		t.Errorf("the application was asked something else:\n%s", diff)
	}
}

func TestAnApplicationThatIsNotReadyInTimeIsToldWhatItAnswered(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	c.storeBundle(t, stageName)
	f := start(t, c.configured(map[string]string{"SICK_FOR": "1h", "ALOFT_HTTP_HEALTH_PATH": "/up"}))
	got := f.invoke(t, `{"warmer_ping":true}`, 2*time.Second)
	if got.errorType != "Aloft.ApplicationHealth" || strings.Contains(got.body, password) {
		t.Fatalf("got %+v", got)
	}
	says(t, got.body, "listens on 127.0.0.1:"+f.port, "was not ready within ",
		"GET /up answered 502: the one behind is not up", "[redacted]", "It printed:")
}

func TestAnApplicationThatEndsAtItsFirstRequestShowsItsOutput(t *testing.T) {
	f := start(t, nil, "fork")
	got := f.invoke(t, `{"warmer_ping":true}`, 10*time.Second)
	if got.errorType != "Aloft.ApplicationStart" {
		t.Fatalf("got %+v", got)
	}
	says(t, got.body, " fork) ended ", "after its start, at its first request, GET /_aloft/warm: exit status 3",
		"no module named shop", "worker failed to boot")
}

func TestAnApplicationThatBreaksItsFirstRequestShowsItsOutput(t *testing.T) {
	f := start(t, map[string]string{"KEEPS_ON": "1"}, "fork")
	got := f.invoke(t, `{"warmer_ping":true}`, 10*time.Second)
	if got.errorType != "Aloft.ApplicationHealth" {
		t.Fatalf("got %+v", got)
	}
	says(t, got.body, " fork) listens on 127.0.0.1:"+f.port, "did not answer its first request, GET /_aloft/warm, ",
		"reading the application's response", "no module named shop")
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
