package image

import (
	"context"
	"errors"
	"io"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/controllers/parallel"
)

// passing holds what was read of layers while they were sent to a registry. It only spares a second reading: of what
// has not passed whole, or could not be read in passing, nothing is known, and it is read by itself.
type passing struct {
	mu     sync.Mutex
	layers map[v1.Hash]*passage
	// ended is closed when no layer passes any more.
	ended chan struct{}
	once  sync.Once
	// over: nobody wants to know any more.
	over bool
}

// passage is one layer.
type passage struct {
	settled chan struct{}
	index   *layerIndex
	done    bool
}

func newPassing() *passing {
	return &passing{layers: map[v1.Hash]*passage{}, ended: make(chan struct{})}
}

// Passed says that no layer passes any more. It may be called again, and of no collection.
func (c *Collection) Passed() {
	if c != nil {
		c.passing.once.Do(func() { close(c.passing.ended) })
	}
}

func (p *passing) of(layer v1.Hash) *passage {
	if p.layers[layer] == nil {
		p.layers[layer] = &passage{settled: make(chan struct{})}
	}
	return p.layers[layer]
}

// settle says what is known of a layer: its index, or nil that there will be none.
func (p *passing) settle(layer v1.Hash, index *layerIndex) (taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.of(layer)
	if at.done || p.over {
		return false
	}
	at.done, at.index = true, index
	close(at.settled)
	return true
}

// wait gives what was read of a layer, once, or nil when it is to be read by itself.
func (p *passing) wait(ctx context.Context, layer v1.Hash) (*layerIndex, error) {
	p.mu.Lock()
	at := p.of(layer)
	p.mu.Unlock()
	select {
	case <-at.settled:
	case <-p.ended:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at.done = true
	index := at.index
	at.index = nil
	return index, nil
}

// discard gives back what was read and is not wanted, now and of what passes later.
func (p *passing) discard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	for _, at := range p.layers {
		if at.index != nil {
			_ = at.index.spool.close() // of a file without a name, which nobody has written to since
		}
		at.index = nil
	}
}

// wants says whether a layer is to be read when it passes.
func (c *Collection) wants(layer v1.Hash) bool {
	if c == nil || c.refused != nil {
		return false
	}
	if _, barren := c.barren.deepest(layer.String(), string(c.root)); barren {
		return false
	}
	c.passing.mu.Lock()
	defer c.passing.mu.Unlock()
	return !c.passing.over && !c.passing.of(layer).done
}

// skipped says that a layer does not pass, or has passed: the registry has it.
func (c *Collection) skipped(layer v1.Hash) {
	if c != nil {
		c.passing.settle(layer, nil)
	}
}

// errCutOff ends the reading of a layer whose sending ended early.
var errCutOff = errors.New("the layer did not pass whole")

// watch reads a layer while another one reads it.
func (c *Collection) watch(ctx context.Context, layer v1.Hash, size int64, content io.ReadCloser) io.ReadCloser {
	reader, writer := io.Pipe()
	w := &watched{ReadCloser: content, copy: writer, read: make(chan struct{})}
	go func() {
		defer close(w.read)
		var index *layerIndex
		err := parallel.Recovered(func() (err error) { // of a fault the second reading, by itself, tells
			index, err = (&reading{of: c}).read(ctx, reader, size)
			return err
		})
		reader.CloseWithError(errCutOff)
		if err == nil && !c.passing.settle(layer, index) {
			_ = index.spool.close() // another attempt to send the layer was faster
		}
	}()
	return w
}

// watched is a layer's content whose reader is watched. Its end is told after the watcher has seen it.
type watched struct {
	io.ReadCloser
	copy *io.PipeWriter
	read chan struct{}
}

func (w *watched) Read(into []byte) (int, error) {
	n, err := w.ReadCloser.Read(into)
	_, _ = w.copy.Write(into[:n]) // a watcher that has had enough is no fault of the reader
	if err != nil {
		if err == io.EOF {
			_ = w.copy.Close()
		} else {
			_ = w.copy.CloseWithError(err)
		}
		<-w.read
	}
	return n, err
}

func (w *watched) Close() error {
	_ = w.copy.CloseWithError(errCutOff)
	<-w.read
	return w.ReadCloser.Close()
}
