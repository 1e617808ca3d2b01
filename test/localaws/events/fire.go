package events

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// fireOperation is the one operation that AWS has not: tests and demonstrations need not wait for a schedule.
const fireOperation = "LocalFireRule"

// Fire delivers a rule's event now, whatever its schedule and state, and returns when its targets have accepted or
// refused it. The configuration is one of the local AWS; a refusal shows in its call log.
func Fire(ctx context.Context, config aws.Config, rule string) error {
	body, err := json.Marshal(ruleInput{Name: rule})
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://events."+config.Region+".amazonaws.com/",
		bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	r.Header.Set("X-Amz-Target", "AWSEvents."+fireOperation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("getting credentials: %w", err)
	}
	hash := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(
		ctx, credentials, r, hex.EncodeToString(hash[:]), "events", config.Region, time.Now(),
	); err != nil {
		return fmt.Errorf("signing the request: %w", err)
	}
	out, err := config.HTTPClient.Do(r)
	if err != nil {
		return fmt.Errorf("firing rule %s: %w", rule, err)
	}
	defer out.Body.Close()
	if out.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(out.Body, 1024)) // what could be read of it says enough
		return fmt.Errorf("firing rule %s: %s: %s", rule, out.Status, why)
	}
	return nil
}

func (e *Events) fireRule(ctx context.Context, call *wire.Call, in *ruleInput) (*wire.Empty, error) {
	call.On(in.Name)
	e.mu.Lock()
	r, err := e.rule(in.Name, in.EventBusName)
	if err != nil {
		e.mu.Unlock()
		return nil, err
	}
	f := firing{arn: r.arn, at: e.env.Clock.Now(), targets: r.targets}
	e.mu.Unlock()
	e.deliver(ctx, f)
	return nil, nil
}
