package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// maxJobBytes is SQS's own limit on a message.
const maxJobBytes = 1 << 20

// failingWork is the work that a job names when it is meant to fail, to see retries and the dead-letter queue.
const failingWork = "fail"

// job is what travels through the queue.
type job struct {
	ID   string `json:"id"`
	Work string `json:"work"`
}

func migrate(ctx context.Context, b build, store *store, stdout io.Writer) error {
	fmt.Fprintf(stdout, "Migrating the database to %s\n", b.Version)
	count, err := store.record(ctx, journalMigrations, b.Version)
	if err != nil {
		return err
	}
	if b.FailMigration {
		fmt.Fprintln(stdout, `ALTER TABLE visits ADD COLUMN place text: column "place" already exists`)
		return exitError{code: 3, message: "the migration failed; nothing was changed"}
	}
	fmt.Fprintf(stdout, "Migrated; this was run %d\n", count)
	return nil
}

func work(ctx context.Context, store *store, stdin io.Reader, stdout io.Writer, messageID string) error {
	body, err := io.ReadAll(io.LimitReader(stdin, maxJobBytes))
	if err != nil {
		return fmt.Errorf("reading the job: %w", err)
	}
	return perform(ctx, store, body, stdout, messageID)
}

func perform(ctx context.Context, store *store, body []byte, stdout io.Writer, messageID string) error {
	var todo job
	if err := json.Unmarshal(body, &todo); err != nil {
		return exitError{code: 4, message: "the job is not JSON: " + err.Error()}
	}
	if todo.Work == failingWork {
		if _, err := store.record(ctx, journalFailed, todo.ID); err != nil {
			return err
		}
		return exitError{code: 1, message: fmt.Sprintf("job %s was asked to fail", todo.ID)}
	}
	count, err := store.record(ctx, journalJobs, todo.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Job %s done (message %s): %q; %d so far\n", todo.ID, messageID, todo.Work, count)
	return nil
}

func schedule(ctx context.Context, b build, store *store, stdout io.Writer) error {
	count, err := store.record(ctx, journalSchedules, b.Version)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The schedule fired %d times\n", count)
	return nil
}
