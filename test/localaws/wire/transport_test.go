package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func client(handler http.HandlerFunc) *http.Client {
	return &http.Client{Transport: wire.Transport{Handler: handler}}
}

func TestBodiesStreamInBothDirections(t *testing.T) {
	up, feed := io.Pipe()
	resp := make(chan *http.Response)
	go func() {
		r, _ := http.NewRequest("POST", "http://local/", up)
		got, err := client(func(w http.ResponseWriter, r *http.Request) {
			buffer := make([]byte, 4)
			for {
				n, err := io.ReadFull(r.Body, buffer)
				if err != nil {
					return
				}
				w.Write([]byte(strings.ToUpper(string(buffer[:n]))))
			}
		}).Do(r)
		if err != nil {
			t.Error(err)
		}
		resp <- got
	}()
	io.WriteString(feed, "ping")
	got := <-resp
	defer got.Body.Close()
	for _, word := range []string{"PING", "PONG"} {
		buffer := make([]byte, 4)
		if _, err := io.ReadFull(got.Body, buffer); err != nil || string(buffer) != word {
			t.Fatalf("got %q, %v", buffer, err)
		}
		if word == "PING" {
			go func() {
				io.WriteString(feed, "pong")
				feed.Close()
			}()
		}
	}
}

func TestTheCallersContextEndsTheWaitAndTheBody(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://local/", nil)
	ended := make(chan struct{})
	resp, err := client(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		<-r.Context().Done()
		close(ended)
	}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
}

func TestAHandlerWithoutAnAnswerAnswers200(t *testing.T) {
	resp, err := client(func(http.ResponseWriter, *http.Request) {}).Get("http://local/")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
}
