package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The journals that the application keeps in its database.
const (
	journalMigrations = "migrations"
	journalJobs       = "jobs"
	journalFailed     = "failed-jobs"
	journalSchedules  = "schedules"
)

var errNoDatabase = errors.New("DATABASE_URL is not set; it must name the database, as http://user:password@host:port")

// store is the application's connection to its database.
type store struct {
	base   *url.URL
	client *http.Client
}

func connect(address string) (*store, error) {
	if address == "" {
		return nil, errNoDatabase
	}
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" || base.Host == "" {
		// The address holds a password, so the message must not repeat it.
		return nil, errors.New("DATABASE_URL is not of the form http://user:password@host:port")
	}
	return &store{base: base, client: &http.Client{Timeout: 5 * time.Second}}, nil
}

// record adds an event to a journal and returns how many it holds now.
func (s *store) record(ctx context.Context, journal, note string) (int, error) {
	var answer struct{ Count int }
	err := s.call(ctx, http.MethodPost, "journals/"+journal, note, &answer)
	return answer.Count, err
}

// counts returns how many events each journal holds.
func (s *store) counts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := s.call(ctx, http.MethodGet, "counts", "", &counts)
	return counts, err
}

func (s *store) call(ctx context.Context, method, path, body string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.base.JoinPath(path).String(), strings.NewReader(body))
	if err != nil {
		return errors.New("asking the database: the request could not be made")
	}
	response, err := s.client.Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		// Only the cause: the full text of the error would carry the address.
		return fmt.Errorf("asking the database: %w", failed.Err)
	}
	if err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("asking the database: it answered %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the database's answer: %w", err)
	}
	return nil
}
