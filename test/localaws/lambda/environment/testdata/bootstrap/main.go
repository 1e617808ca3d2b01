// Command bootstrap is a function for tests: it speaks the Lambda Runtime API and does what the event says.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var (
	base       = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	extensions = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension/"
)

func main() {
	if os.Getenv("EXTENSION") != "" {
		extend()
	}
	initialize(os.Getenv("INIT"))
	for count := 1; ; count++ {
		answer, err := http.Get(base + "invocation/next")
		if err != nil {
			os.Exit(9)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		handle(answer.Header, body, count)
	}
}

func initialize(how string) {
	switch how {
	case "exit":
		fmt.Println("cannot start")
		os.Exit(3)
	case "error":
		post("init/error", `{"errorType":"App.NoConfig","errorMessage":"the configuration is missing"}`)
		os.Exit(1)
	case "hang":
		time.Sleep(time.Hour)
	case "slow":
		time.Sleep(300 * time.Millisecond)
	}
}

// extend registers an extension of this process, and ends it slowly when it is asked to.
func extend() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		fmt.Println("asked to end")
		length, _ := time.ParseDuration(os.Getenv("EXTENSION"))
		time.Sleep(length)
		fmt.Println("ended by itself")
		os.Exit(0)
	}()
	answer, err := register()
	if err != nil || answer.StatusCode != http.StatusOK {
		os.Exit(7)
	}
	rest, _ := http.NewRequest(http.MethodGet, extensions+"event/next", nil)
	rest.Header.Set("Lambda-Extension-Identifier", answer.Header.Get("Lambda-Extension-Identifier"))
	go http.DefaultClient.Do(rest)
}

// buckets asks S3 with the function's own credentials, and gives the status.
func buckets() int {
	client := s3.New(s3.Options{
		Region: os.Getenv("AWS_REGION"), BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"),
			os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
	})
	_, err := client.ListBuckets(context.Background(), &s3.ListBucketsInput{})
	var answer interface{ HTTPStatusCode() int }
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return http.StatusOK
}

func register() (*http.Response, error) {
	ask, _ := http.NewRequest(http.MethodPost, extensions+"register", strings.NewReader(`{"events":[]}`))
	ask.Header.Set("Lambda-Extension-Name", "own")
	return http.DefaultClient.Do(ask)
}

type event struct {
	Do      string
	Seconds float64
	Bytes   int
	Text    string
	Records []struct {
		MessageID string `json:"messageId"`
		Body      string `json:"body"`
	}
}

func handle(header http.Header, body []byte, count int) {
	id := header.Get("Lambda-Runtime-Aws-Request-Id")
	reply := func(v any) {
		encoded, _ := json.Marshal(v)
		post("invocation/"+id+"/response", string(encoded))
	}
	var e event
	_ = json.Unmarshal(body, &e)
	time.Sleep(time.Duration(e.Seconds * float64(time.Second)))
	switch e.Do {
	case "exit":
		fmt.Println("leaving")
		os.Exit(1)
	case "fail":
		post("invocation/"+id+"/error", `{"errorType":"App.Broken","errorMessage":"it broke"}`)
	case "big":
		reply(strings.Repeat("x", e.Bytes))
	case "env":
		seen := map[string]string{}
		for _, pair := range os.Environ() {
			name, value, _ := strings.Cut(pair, "=")
			seen[name] = value
		}
		reply(seen)
	case "headers":
		reply(header)
	case "fetch":
		answer, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + e.Text)
		if err != nil {
			reply(err.Error())
			return
		}
		content, _ := io.ReadAll(answer.Body)
		reply(string(content))
	case "buckets":
		reply(buckets())
	case "extend":
		answer, err := register()
		if err != nil {
			os.Exit(7)
		}
		reply(answer.StatusCode)
	case "log":
		fmt.Println(e.Text)
		reply(nil)
	default:
		if len(e.Records) > 0 {
			reply(batch(e))
			return
		}
		reply(map[string]any{
			"echo": json.RawMessage(body), "count": count, "stream": os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
			"version": os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		})
	}
}

// batch fails each record whose body says so.
func batch(e event) any {
	failures := []map[string]string{}
	for _, record := range e.Records {
		fmt.Println("record", record.Body)
		if strings.HasPrefix(record.Body, "fail") {
			failures = append(failures, map[string]string{"itemIdentifier": record.MessageID})
		}
	}
	return map[string]any{"batchItemFailures": failures}
}

func post(path, body string) {
	answer, err := http.Post(base+path, "application/json", bytes.NewBufferString(body))
	if err != nil {
		os.Exit(8)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}
