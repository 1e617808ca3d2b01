package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/application"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/web"
)

// BenchmarkRequest compares a request to the application itself with the same through the runtime: the difference is
// what the runtime adds.
func BenchmarkRequest(b *testing.B) {
	folder, err := binaries()
	if err != nil {
		b.Fatal(err)
	}
	sink := logging.NewSink(io.Discard)
	port := freePort(b)
	number, _ := strconv.Atoi(port)
	app := application.New(application.Config{Port: number, Log: logging.New(sink), Output: sink,
		Spec: process.Spec{Args: []string{folder + "/app"}, Env: []string{"PORT=" + port}}})
	if err := app.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer app.Stop(time.Second)
	handler := web.NewHandler(app, web.Edge{}, logging.New(sink))
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		for _, kind := range []string{"text/html", "image/png"} {
			query := fmt.Sprintf("size=%d&header=Content-Type:%%20%s", size, kind)
			b.Run(fmt.Sprintf("alone/%s/%dKiB", kind[:4], size>>10), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					got, err := http.Get("http://" + app.Address() + "/answer?" + query)
					if err != nil {
						b.Fatal(err)
					}
					io.Copy(io.Discard, got.Body)
					got.Body.Close()
				}
			})
			b.Run(fmt.Sprintf("runtime/%s/%dKiB", kind[:4], size>>10), func(b *testing.B) {
				b.ReportAllocs()
				in := lambdaapi.Invocation{
					RequestID: "id", Payload: []byte(get("/answer", query)), Cut: time.Now().Add(time.Hour),
				}
				for b.Loop() {
					if _, err := handler.Handle(b.Context(), in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
