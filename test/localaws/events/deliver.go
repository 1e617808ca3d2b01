package events

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"
)

// principal is who invokes targets.
const principal = "events.amazonaws.com"

// scheduledEvent is what a target without an input of its own gets. AWS: "Schedule event".
type scheduledEvent struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     struct{} `json:"detail"`
}

// deliver hands the event to every target of the rule. A target that refuses hinders no other; AWS shows refusals only
// as a metric, the local AWS also as failed calls in its call log.
func (e *Events) deliver(ctx context.Context, f firing) {
	event := scheduledEvent{
		Version: "0", ID: uuid.NewString(), DetailType: "Scheduled Event", Source: "aws.events", Account: e.env.AccountID,
		Time: f.at.UTC().Format(time.RFC3339), Region: e.env.Region, Resources: []string{f.arn},
	}
	for _, t := range f.targets {
		payload, err := t.payload(event)
		if err == nil {
			err = e.invoke(ctx, principal, f.arn, t.Arn, payload)
		}
		if err != nil && e.env.Log != nil {
			e.env.Log.Debug("a target refused an event", "rule", f.arn, "target", t.Arn, "error", err)
		}
	}
}

// payload is the constant input, the part of the event that InputPath names, or the whole event.
func (t target) payload(event scheduledEvent) ([]byte, error) {
	if t.Input != "" {
		return []byte(t.Input), nil
	}
	whole, err := json.Marshal(event)
	if err != nil || t.InputPath == "" || t.InputPath == "$" {
		return whole, err
	}
	part := json.RawMessage(whole)
	for name := range strings.SplitSeq(strings.TrimPrefix(t.InputPath, "$."), ".") {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(part, &fields); err != nil {
			return []byte("null"), nil
		}
		var found bool
		if part, found = fields[name]; !found {
			return []byte("null"), nil
		}
	}
	return part, nil
}

// invokeOverTheWire invokes with the SDK, so that the call shows in the call log with its principal.
func (e *Events) invokeOverTheWire(
	ctx context.Context, principal, sourceARN, functionARN string, payload []byte,
) error {
	client := lambda.NewFromConfig(e.env.ServiceConfig(principal, sourceARN))
	_, err := client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(functionARN), InvocationType: types.InvocationTypeEvent, Payload: payload,
	})
	return err
}
