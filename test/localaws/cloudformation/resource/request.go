package resource

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ErrCancelled ends a handler's wait when a sibling failed; the operation rolls back.
var ErrCancelled = errors.New("Resource operation cancelled")

// Request is one call of a handler.
type Request struct {
	// Config makes SDK clients that act as the stack's role, or as the caller where the stack has none.
	Config    aws.Config
	Account   string
	Region    string
	Partition string
	URLSuffix string
	StackName string
	StackID   string
	LogicalID string

	PhysicalID string
	Properties Properties
	Previous   Properties
	// Tags are the resource's own tags over the stack's tags and the aws:cloudformation ones.
	Tags         map[string]string
	PreviousTags map[string]string

	// Initiated reports the physical id as soon as something exists under it.
	Initiated func(physicalID string)
	// Cancelled is closed when the operation no longer wants the result.
	Cancelled <-chan struct{}
	// Settle is how long the type takes to become stable, beyond what its service takes.
	Settle time.Duration
}

// Changed says whether any of the properties differs from before.
func (r *Request) Changed(names ...string) bool {
	for _, name := range names {
		if !r.Properties.Same(r.Previous, name) {
			return true
		}
	}
	return false
}

// TagsChanged says whether the effective tags differ from before.
func (r *Request) TagsChanged() bool { return !reflect.DeepEqual(r.Tags, r.PreviousTags) }

// TagsRemoved are the keys that the resource no longer has.
func (r *Request) TagsRemoved() []string {
	var removed []string
	for _, key := range sorted(r.PreviousTags) {
		if _, kept := r.Tags[key]; !kept {
			removed = append(removed, key)
		}
	}
	return removed
}

// ARN builds an ARN in the stack's account and region.
func (r *Request) ARN(service, rest string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", r.Partition, service, r.Region, r.Account, rest)
}

const nameAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

// Name is the given name property, or one generated as CloudFormation does: stack, logical id and
// twelve random characters.
func (r *Request) Name(property string, longest int) string {
	if name := r.Properties.Text(property); name != "" {
		return name
	}
	suffix := make([]byte, 12)
	// crypto/rand.Read never fails.
	_, _ = rand.Read(suffix)
	for i := range suffix {
		suffix[i] = nameAlphabet[int(suffix[i])%len(nameAlphabet)]
	}
	stack, id := r.StackName, r.LogicalID
	if room := longest - len(suffix) - 2; len(stack)+len(id) > room {
		// The logical id stays as long as it takes no more than half of the name.
		id = id[:min(len(id), max(room/2, room-len(stack)))]
		stack = strings.TrimRight(stack[:min(len(stack), room-len(id))], "-")
	}
	return stack + "-" + id + "-" + string(suffix)
}

// Poll intervals: small, so that a local operation costs milliseconds, and growing, so that a slow one costs little.
const (
	shortestPoll = time.Millisecond
	longestPoll  = 50 * time.Millisecond
)

// Wait asks until done, the check fails, or the operation is cancelled.
func (r *Request) Wait(ctx context.Context, done func(context.Context) (bool, error)) error {
	for pause := shortestPoll; ; pause = min(2*pause, longestPoll) {
		finished, err := done(ctx)
		if err != nil || finished {
			return err
		}
		if err := r.pause(ctx, pause); err != nil {
			return err
		}
	}
}

// WaitSettled takes the type's configured time.
func (r *Request) WaitSettled(ctx context.Context) error {
	if r.Settle <= 0 {
		return nil
	}
	return r.pause(ctx, r.Settle)
}

func (r *Request) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Cancelled:
		return ErrCancelled
	case <-ctx.Done():
		return ctx.Err()
	}
}
