package cloudfront

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"time"

	"github.com/dop251/goja"
)

// maxFunctionTime bounds a function. AWS allows less than a millisecond of one of its own processors.
const maxFunctionTime = time.Second

// run runs the behaviour's function on the viewer's request. What it returns instead of answering goes on to the cache
// and the origin; false means that the viewer has its answer: 503 where the function failed, 502 where it returned what
// CloudFront refuses.
func (x *exchange) run() bool {
	code, associated := x.service.liveFunction(x.behavior)
	if !associated {
		return true
	}
	event := x.functionEvent()
	after, err := call(code, event)
	if err == nil {
		err = x.take(event.Request, after)
	}
	switch {
	case errors.Is(err, errFunction):
		x.fail(http.StatusBadGateway, err.Error())
	case err != nil:
		x.fail(http.StatusServiceUnavailable, "The CloudFront function could not run: "+err.Error())
	}
	return err == nil
}

// call runs handler(event) in a world of its own and returns the request that it gives back.
func call(code []byte, event functionEvent) (functionRequest, error) {
	input, err := json.Marshal(event)
	if err != nil {
		return functionRequest{}, fmt.Errorf("writing the event: %w", err)
	}
	world := goja.New()
	timer := time.AfterFunc(maxFunctionTime, func() { world.Interrupt("it took too long") })
	defer timer.Stop()
	if err := world.Set("input", string(input)); err != nil {
		return functionRequest{}, fmt.Errorf("giving the event: %w", err)
	}
	if _, err := world.RunString(string(code)); err != nil {
		return functionRequest{}, err
	}
	output, err := world.RunString("JSON.stringify(handler(JSON.parse(input)))")
	if err != nil {
		return functionRequest{}, err
	}
	return returned(output.String(), event.Request)
}

// returned reads the request that a function gave back. Of what a function may change the local AWS has headers and
// path.
func returned(output string, before functionRequest) (functionRequest, error) {
	var after functionRequest
	if err := json.Unmarshal([]byte(output), &after); err != nil {
		return after, fmt.Errorf("%w: %w", errFunction, err)
	}
	same := func(a, b map[string]functionValue) bool {
		return maps.EqualFunc(a, b, func(a, b functionValue) bool { return reflect.DeepEqual(a, b) })
	}
	if after.Method != before.Method || !same(after.QueryString, before.QueryString) ||
		!same(after.Cookies, before.Cookies) {
		return after, fmt.Errorf("%w: the local AWS lets a function change headers and path of the request", errFunction)
	}
	return after, nil
}
