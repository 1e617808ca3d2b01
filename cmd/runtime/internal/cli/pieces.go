package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// How the output is cut into pieces.
const (
	// pieceEvery is the longest wait, and pieceBytes the most bytes, before a piece is put.
	pieceEvery = 2 * time.Second
	pieceBytes = 64 << 10
	// heldBytes is how much waits at most while S3 does not answer; the oldest is left out then, for a slow log must
	// never slow the command.
	heldBytes = 1 << 20
	// maxPieces is what the four digits of a piece's name hold.
	maxPieces = 9999
	// putTimeout bounds one put.
	putTimeout = 10 * time.Second
)

// pieces puts a command's output into S3 while the command runs. The output is a courtesy: its failures are logged and
// never fail the command.
type pieces struct {
	objects Objects
	places  siblings
	log     *slog.Logger

	mu      sync.Mutex
	held    []byte
	leftOut int

	count int
	full  chan struct{}
	done  chan struct{}
	// end ends the streaming, an unfinished put included: its output is put again by finish, under the same name.
	end context.CancelFunc
}

func newPieces(objects Objects, places siblings, log *slog.Logger) *pieces {
	ctx, cancel := context.WithCancel(context.Background())
	p := &pieces{
		objects: objects, places: places, log: log,
		full: make(chan struct{}, 1), done: make(chan struct{}), end: cancel,
	}
	go p.stream(ctx)
	return p
}

// Write never blocks and never fails.
func (p *pieces) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(p.held, data...)
	if over := len(p.held) - heldBytes; over > 0 {
		p.leftOut += over
		p.held = append(p.held[:0], p.held[over:]...)
	}
	if len(p.held) >= pieceBytes {
		select {
		case p.full <- struct{}{}:
		default:
		}
	}
	return len(data), nil
}

func (p *pieces) stream(ctx context.Context) {
	defer close(p.done)
	ticker := time.NewTicker(pieceEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.full:
		case <-ticker.C:
		}
		limited, cancel := context.WithTimeout(ctx, putTimeout)
		p.put(limited, false)
		cancel()
	}
}

// finish puts what is left, within a third of the context's time, so that the result keeps the most of it.
func (p *pieces) finish(ctx context.Context) {
	p.end()
	<-p.done
	if deadline, ok := ctx.Deadline(); ok {
		limited, cancel := context.WithTimeout(ctx, min(putTimeout, time.Until(deadline)/3))
		defer cancel()
		ctx = limited
	}
	p.put(ctx, true)
}

// put puts the held output as the next piece; when that fails it is held for the next attempt.
func (p *pieces) put(ctx context.Context, last bool) {
	data := p.take(last)
	if len(data) == 0 || p.count >= maxPieces {
		return
	}
	at := p.places.piece(p.count + 1)
	_, err := p.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &at.Bucket, Key: &at.Key, Body: bytes.NewReader(data),
		ContentType: aws.String("text/plain; charset=utf-8"),
	})
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			p.log.Warn("a piece of the output could not be stored", "error", err.Error())
		}
		p.giveBack(data)
		return
	}
	p.count++
}

// take cuts at the end of a line, so that no piece ends within a word, except at the very end and in endless lines.
func (p *pieces) take(last bool) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	end := len(p.held)
	if line := bytes.LastIndexByte(p.held, '\n') + 1; !last && (line > 0 || end < pieceBytes) {
		end = line
	}
	if end == 0 {
		return nil
	}
	var data []byte
	if p.leftOut > 0 {
		data = fmt.Appendf(nil, "[aloft: %d bytes of output left out here]\n", p.leftOut)
		p.leftOut = 0
	}
	data = append(data, p.held[:end]...)
	p.held = append([]byte(nil), p.held[end:]...)
	return data
}

func (p *pieces) giveBack(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = append(data, p.held...)
}
