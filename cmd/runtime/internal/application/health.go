package application

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// healthTimeout bounds one question for the health path.
const healthTimeout = 5 * time.Second

// shownBody is how much of an unhealthy answer an error shows, in bytes.
const shownBody = 200

// healthy asks for the health path. A status below 500 says that the application answers for itself, be it with a
// redirect or by asking who is there.
func (a *Application) healthy(l *life) bool {
	client := upstream.New(l.listensOn)
	answer, err := client.Do(upstream.Request{
		Method: http.MethodGet, Target: a.HealthPath, Host: a.Host, Fields: []upstream.Field{
			{Name: "User-Agent", Value: "aloft-health"}, {Name: "Accept", Value: "*/*"},
			{Name: "X-Forwarded-Proto", Value: "https"},
		},
	}, time.Now().Add(healthTimeout))
	var outcome string
	switch {
	case errors.Is(err, upstream.ErrTimeout):
		outcome = fmt.Sprintf("was not answered within %s", healthTimeout)
	case err != nil:
		outcome = "failed: " + err.Error()
	case answer.Status < http.StatusInternalServerError:
		return true
	default:
		outcome = fmt.Sprintf("answered %d", answer.Status)
		// A page on one line, for it is part of a sentence.
		if body := strings.Join(strings.Fields(a.Hide.Text(string(answer.Body))), " "); body != "" {
			outcome += ": " + body[:min(len(body), shownBody)]
		}
	}
	l.unwell.Store(&outcome)
	return false
}
