package warm

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/api/function"
)

// Bounds of the fan-out.
const (
	maxContainers = 100
	// fanOutTimeout is for the whole fan-out; a ping that takes longer still warms.
	fanOutTimeout = 5 * time.Second
	// overlap holds each ping, so that one environment does not answer two.
	overlap = 50 * time.Millisecond
)

// Invoker is Lambda, as far as pings need it.
type Invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

var _ Invoker = (*lambda.Client)(nil)

// Sender sends pings to one version of a function.
type Sender struct {
	Lambda            Invoker
	Function, Version string
	Log               *slog.Logger
}

// FanOut pings as many other environments as the event asks for, besides this one. Failures are logged only: warming is
// a courtesy.
func (s Sender) FanOut(ctx context.Context, event Event) {
	hold := overlap
	if len(event.Hold) > 0 {
		hold = event.hold()
	}
	payload, err := json.Marshal(function.WarmEvent{Ping: true, Hold: strconv.FormatInt(hold.Milliseconds(), 10)})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, fanOutTimeout+event.hold())
	defer cancel()
	var all sync.WaitGroup
	for range min(event.Containers, maxContainers) - 1 {
		all.Go(func() {
			_, err := s.Lambda.Invoke(ctx, &lambda.InvokeInput{
				FunctionName: &s.Function, Qualifier: &s.Version, Payload: payload,
				InvocationType: types.InvocationTypeRequestResponse, LogType: types.LogTypeNone,
			})
			if err != nil {
				s.Log.Warn("a warm ping failed", "error", err.Error())
			}
		})
	}
	all.Wait()
}
