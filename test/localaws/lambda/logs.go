package lambda

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logWriter brings what functions print to CloudWatch Logs, as the function's role: without its
// permission there is no log.
type logWriter struct {
	lambda *Lambda
	wake   chan struct{}

	mu      sync.Mutex
	owners  map[string]logOwner
	pending map[logStream][]types.InputLogEvent
	known   map[logStream]bool
}

type logOwner struct{ role, function string }

type logStream struct{ group, stream string }

func newLogWriter(l *Lambda) *logWriter {
	w := &logWriter{lambda: l, wake: make(chan struct{}, 1), owners: map[string]logOwner{},
		pending: map[logStream][]types.InputLogEvent{}, known: map[logStream]bool{}}
	l.later(w.run)
	return w
}

// owner says whose role writes to a group.
func (w *logWriter) owner(group, role, function string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owners[group] = logOwner{role, function}
}

// add takes one line.
func (w *logWriter) add(group, stream string, at time.Time, line string) {
	if line == "" {
		return
	}
	w.mu.Lock()
	key := logStream{group, stream}
	w.pending[key] = append(w.pending[key], types.InputLogEvent{
		Message: aws.String(line), Timestamp: aws.Int64(at.UnixMilli()),
	})
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run sends what has gathered since the last time.
func (w *logWriter) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		w.mu.Lock()
		batch := w.pending
		w.pending = map[logStream][]types.InputLogEvent{}
		w.mu.Unlock()
		for key, events := range batch {
			w.send(ctx, key, events)
		}
	}
}

// maxBatch is the most events of one PutLogEvents call that this writer sends; AWS takes 10,000, but only 1 MB.
const maxBatch = 500

func (w *logWriter) send(ctx context.Context, key logStream, events []types.InputLogEvent) {
	w.mu.Lock()
	owner := w.owners[key.group]
	w.mu.Unlock()
	config, err := w.lambda.env.RoleConfig(service, owner.role, owner.function)
	if err != nil {
		return
	}
	client := cloudwatchlogs.NewFromConfig(config)
	if !w.open(ctx, client, key) {
		return
	}
	for len(events) > 0 {
		n := min(len(events), maxBatch)
		_, _ = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: &key.group, LogStreamName: &key.stream, LogEvents: events[:n],
		})
		events = events[n:]
	}
}

// open makes the stream, and the group when nobody made it before.
func (w *logWriter) open(ctx context.Context, client *cloudwatchlogs.Client, key logStream) bool {
	if w.known[key] {
		return true
	}
	create := &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &key.group, LogStreamName: &key.stream}
	_, err := client.CreateLogStream(ctx, create)
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		if _, err = client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &key.group}); err == nil {
			_, err = client.CreateLogStream(ctx, create)
		}
	}
	w.known[key] = err == nil
	return err == nil
}
