package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/application"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// Handler answers HTTP events by asking the application.
type Handler struct {
	app    *application.Application
	edge   Edge
	client *upstream.Client
	log    *slog.Logger
	answer []byte
}

// NewHandler returns a handler for a started application.
func NewHandler(app *application.Application, edge Edge, log *slog.Logger) *Handler {
	return &Handler{app: app, edge: edge, client: upstream.New(app.Address), log: log}
}

// Handle answers one event.
func (h *Handler) Handle(ctx context.Context, in lambdaapi.Invocation) ([]byte, error) {
	var event Event
	if err := json.Unmarshal(in.Payload, &event); err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	if !event.IsHTTP() {
		return nil, errors.New("the event is no HTTP request: it has no requestContext")
	}
	if !h.edge.admits(&event) {
		return h.refuse(&event, http.StatusForbidden, "This address answers the stage's distribution only.")
	}
	request, err := newRequest(&event, h.edge.viewer(&event), in)
	if err != nil {
		return h.refuse(&event, http.StatusBadRequest, err.Error())
	}
	response, err := h.Do(ctx, request, in)
	if err == nil {
		if h.answer, err = appendAnswer(h.answer[:0], &event, response); err == nil {
			return h.answer, nil
		}
	}
	return h.failed(&event, err)
}

// Do asks the application and ends it when it takes longer than the function may.
func (h *Handler) Do(
	ctx context.Context, request upstream.Request, in lambdaapi.Invocation,
) (upstream.Response, error) {
	ctx, cancel := context.WithDeadline(ctx, in.Cut)
	defer cancel()
	if err := h.app.Ready(ctx); err != nil {
		h.log.Error("the application does not serve", "requestId", in.RequestID, "error", err.Error())
		return upstream.Response{}, err
	}
	response, err := h.client.Do(request, in.Cut)
	if errors.Is(err, upstream.ErrUnreached) && h.app.Returns(ctx) {
		// Nothing of the request was sent: it is for the server that takes the place of the one that is gone.
		response, err = h.client.Do(request, in.Cut)
	}
	if err == nil {
		return response, nil
	}
	h.log.Error("the application did not answer",
		"requestId", in.RequestID, "method", request.Method, "error", err.Error())
	switch {
	case errors.Is(err, upstream.ErrTimeout):
		// It works on without anyone waiting, and would be frozen in the middle.
		h.app.Restart("a request was not answered before the function's deadline")
	case !errors.Is(err, upstream.ErrTooLarge):
		h.app.Suspect()
	}
	return upstream.Response{}, err
}

// failed answers the client; what happened is in the log, for it may say more than a client should know.
func (h *Handler) failed(event *Event, err error) ([]byte, error) {
	switch {
	case errors.Is(err, upstream.ErrTimeout):
		return h.refuse(event, http.StatusGatewayTimeout, "The application did not answer in time.")
	case errors.Is(err, upstream.ErrTooLarge):
		h.log.Error("the response cannot be sent", "error", err.Error())
		return h.refuse(event, http.StatusBadGateway, "The application's response is too large.")
	case errors.Is(err, errStatus):
		h.log.Error("the response cannot be sent", "error", err.Error())
		return h.refuse(event, http.StatusBadGateway, "The application's response is no HTTP response.")
	}
	return h.refuse(event, http.StatusBadGateway, "The application did not answer.")
}

func (h *Handler) refuse(event *Event, status int, text string) ([]byte, error) {
	header := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Cache-Control": {"no-store"}}
	return appendAnswer(nil, event, upstream.Response{Status: status, Header: header, Body: []byte(text + "\n")})
}

// WarmPath is what the application is asked for so that everything that it prepares at its first request is there.
const WarmPath = "/_aloft/warm"

// Dummy asks the application for WarmPath. Any answer will do, also one that is too large to be sent.
func (h *Handler) Dummy(ctx context.Context, in lambdaapi.Invocation) error {
	_, err := h.Do(ctx, h.warming(in), in)
	if _, told := errors.AsType[*application.Error](err); told || err == nil {
		return err
	}
	if errors.Is(err, upstream.ErrTooLarge) {
		return nil
	}
	return h.app.Unanswered("GET "+WarmPath, err)
}
