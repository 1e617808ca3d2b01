// Package database is the sample application's database: named journals on loopback, append-only, behind a password.
//
// Functions, workers and commands run in different environments and share nothing but this. Every event is one entry,
// so that a test reads not only how often something happened but also which job, message or command it was.
package database

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"sync"
	"time"
)

const (
	maxJournals  = 64
	maxEntries   = 100_000
	maxNoteBytes = 4 << 10
)

// ErrFull says that the database refuses another entry, because a bound on journals, entries or text was reached.
var ErrFull = errors.New("the database takes no more")

var journalName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// Entry is one event in a journal.
type Entry struct {
	Journal string    `json:"journal"`
	Note    string    `json:"note"`
	At      time.Time `json:"at"`
}

// DB keeps journals in memory and, when opened with a path, in a file of JSON lines that survives a restart.
type DB struct {
	mu       sync.Mutex
	journals map[string][]Entry
	file     *os.File
}

// Open reads the journals kept at path and appends to them from now on. An empty path keeps them in memory only.
func Open(path string) (*DB, error) {
	db := &DB{journals: map[string][]Entry{}}
	if path == "" {
		return db, nil
	}
	if err := db.load(path); err != nil {
		return nil, fmt.Errorf("reading the journals: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the journals: %w", err)
	}
	db.file = file
	return db, nil
}

func (db *DB) load(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for complete := int64(0); ; {
		line, err := lines.ReadBytes('\n')
		var entry Entry
		if err != nil || json.Unmarshal(line, &entry) != nil {
			// A process killed while writing leaves half a last line; what came before it holds.
			return os.Truncate(path, complete)
		}
		db.journals[entry.Journal] = append(db.journals[entry.Journal], entry)
		complete += int64(len(line))
	}
}

// Append adds an entry and returns how many the journal holds now. It fails with ErrFull beyond the bounds.
func (db *DB) Append(journal, note string) (int, error) {
	if !journalName.MatchString(journal) {
		return 0, fmt.Errorf("the journal name %q is not %s", journal, journalName)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	entries, known := db.journals[journal]
	if (!known && len(db.journals) >= maxJournals) || len(entries) >= maxEntries || len(note) > maxNoteBytes {
		return 0, ErrFull
	}
	entry := Entry{Journal: journal, Note: note, At: time.Now().UTC()}
	if err := db.write(entry); err != nil {
		return 0, fmt.Errorf("keeping the entry: %w", err)
	}
	db.journals[journal] = append(entries, entry)
	return len(entries) + 1, nil
}

func (db *DB) write(entry Entry) error {
	if db.file == nil {
		return nil
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = db.file.Write(append(line, '\n'))
	return err
}

// Entries returns a copy of a journal, oldest first; empty when nothing was ever appended.
func (db *DB) Entries(journal string) []Entry {
	db.mu.Lock()
	defer db.mu.Unlock()
	return append([]Entry{}, db.journals[journal]...)
}

// Counts returns how many entries each journal holds.
func (db *DB) Counts() map[string]int {
	db.mu.Lock()
	defer db.mu.Unlock()
	counts := make(map[string]int, len(db.journals))
	for journal, entries := range db.journals {
		counts[journal] = len(entries)
	}
	return counts
}

// Close ends the file that Open began.
func (db *DB) Close() error {
	if db.file == nil {
		return nil
	}
	return db.file.Close()
}
