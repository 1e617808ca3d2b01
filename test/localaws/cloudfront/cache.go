package cloudfront

import (
	"container/list"
	"net/http"
	"sync"
	"time"
)

// The bounds of what one distribution remembers. AWS caches objects of up to 50 GB; here larger ones
// pass through.
const (
	cacheBytes  = 64 << 20
	objectBytes = 8 << 20
)

// object is a remembered answer of an origin.
type object struct {
	key     string
	path    string
	status  int
	header  http.Header
	body    []byte
	stored  time.Time
	expires time.Time
}

func (o *object) size() int { return len(o.body) + len(o.key) + 512 }

// cache remembers answers, forgetting the least recently used beyond its bound.
type cache struct {
	mu      sync.Mutex
	entries map[string]*list.Element
	recent  *list.List
	bytes   int
}

func newCache() *cache { return &cache{entries: map[string]*list.Element{}, recent: list.New()} }

// get finds a fresh answer.
func (c *cache) get(key string, now time.Time) (*object, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return nil, false
	}
	o := element.Value.(*object)
	if !now.Before(o.expires) {
		c.drop(element)
		return nil, false
	}
	c.recent.MoveToFront(element)
	return o, true
}

func (c *cache) put(o *object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.entries[o.key]; ok {
		c.drop(element)
	}
	c.entries[o.key] = c.recent.PushFront(o)
	c.bytes += o.size()
	for c.bytes > cacheBytes {
		c.drop(c.recent.Back())
	}
}

// drop forgets one entry; the caller holds mu.
func (c *cache) drop(element *list.Element) {
	o := element.Value.(*object)
	c.recent.Remove(element)
	delete(c.entries, o.key)
	c.bytes -= o.size()
}
