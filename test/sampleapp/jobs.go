package main

import (
	"cmp"
	"io"
	"log"
	"net/http"
	"strings"
)

// enqueueJob sends a job to a queue ("queue", default "default") with some work ("work") and says what it sent.
func (a web) enqueueJob(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if !ownForm(r) {
		http.Error(w, "this form is not of your page", http.StatusForbidden)
		return
	}
	name := cmp.Or(r.FormValue("queue"), "default")
	queue, err := queueURL(name, a.getenv("SQS_PREFIX"), a.getenv("SQS_SUFFIX"))
	if err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		return
	}
	id, messageID, err := enqueue(r.Context(), queue, cmp.Or(r.FormValue("work"), "count the clouds"))
	if err != nil {
		log.Print(err)
		writeJSON(w, http.StatusBadGateway, map[string]string{"error": "the queue did not take the job"})
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, address(r)+"/", http.StatusSeeOther)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]string{"id": id, "message": messageID, "queue": name})
}

// performJob does a job that arrives over HTTP, for workers that are given a path and not a command. What is no job of
// a queue has no message, and nobody else can say that it had one.
func (a web) performJob(w http.ResponseWriter, r *http.Request) {
	message := r.Header.Get("X-Aloft-Message-Id")
	if message == "" {
		http.Error(w, "this path is for jobs", http.StatusForbidden)
		return
	}
	if a.store == nil {
		http.Error(w, errNoDatabase.Error(), http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJobBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := perform(r.Context(), a.store, body, log.Writer(), message); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
