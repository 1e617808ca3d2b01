// Package warm answers the pings by which the operator brings function environments up before traffic comes.
//
// It encodes how distinct environments are counted: each ping is held until the hold is over, so that pings sent
// together meet an environment each, and every answer names its environment.
package warm

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/function"
)

// maxHold bounds how long a ping is held.
const maxHold = 30 * time.Second

// Event is a ping, or the order to send pings.
type Event struct {
	function.WarmEvent
	// Hold may be a number too.
	Hold json.RawMessage `json:"hold"`
}

// Parse reads an event; it says false for every other event.
func Parse(payload []byte) (Event, bool) {
	var event Event
	// Warm events are small and name themselves; everything else is not parsed twice.
	if len(payload) > 1<<10 || !bytes.Contains(payload, []byte(`"warmer`)) || json.Unmarshal(payload, &event) != nil {
		return Event{}, false
	}
	return event, event.Ping || event.Order
}

func (e Event) hold() time.Duration {
	millis, err := strconv.ParseInt(strings.Trim(string(e.Hold), `"`), 10, 64)
	if err != nil || millis < 0 {
		return 0
	}
	return min(time.Duration(min(millis, maxHold.Milliseconds()))*time.Millisecond, maxHold)
}

// Rest waits for the hold, or until the context ends.
func (e Event) Rest(ctx context.Context) {
	timer := time.NewTimer(e.hold())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
