package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// route is a parsed Operation.Route.
type route struct {
	op       *Operation
	segments []segment
	query    map[string]*string
	header   []string
	fixed    int
}

type segment struct {
	text   string
	name   string
	greedy bool
}

func parseRoute(op *Operation) (route, error) {
	r := route{op: op, query: map[string]*string{}}
	rest, header, hasHeader := strings.Cut(op.Route, "#")
	if hasHeader {
		r.header = strings.Split(header, "&")
	}
	path, query, _ := strings.Cut(rest, "?")
	if !strings.HasPrefix(path, "/") {
		return route{}, fmt.Errorf("parsing the route of %s: %q does not begin with a slash", op.Name, op.Route)
	}
	for text := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if text == "" {
			continue
		}
		s := segment{text: text}
		if strings.HasPrefix(text, "{") {
			s.name = strings.Trim(text, "{+}")
			s.greedy = strings.HasSuffix(text, "+}")
		} else {
			r.fixed++
		}
		r.segments = append(r.segments, s)
	}
	for demand := range strings.SplitSeq(query, "&") {
		if demand == "" {
			continue
		}
		name, value, valued := strings.Cut(demand, "=")
		r.query[name] = nil
		if valued {
			r.query[name] = &value
		}
	}
	return r, nil
}

func sortRoutes(routes []route) {
	sort.SliceStable(routes, func(i, j int) bool {
		a, b := routes[i], routes[j]
		if da, db := len(a.query)+len(a.header), len(b.query)+len(b.header); da != db {
			return da > db
		}
		return a.fixed > b.fixed
	})
}

// match finds the route of a request; the second answer says that some route fits but for the method.
func (s *Service) match(r *http.Request) (*route, map[string]string, bool) {
	segments := pathSegments(r.URL)
	query := r.URL.Query()
	otherMethod := false
	for i := range s.routes {
		route := &s.routes[i]
		values, ok := route.fits(segments)
		if !ok {
			continue
		}
		if route.op.Method != r.Method {
			otherMethod = true
			continue
		}
		if route.demandsMet(query, r.Header) {
			return route, values, true
		}
	}
	return nil, nil, otherMethod
}

// pathSegments splits the path as it was sent, so that an encoded slash stays inside its segment.
func pathSegments(u *url.URL) []string {
	var segments []string
	for i, text := range strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(text)
		if err != nil {
			plain = text
		}
		if i == 0 && plain == "" {
			continue
		}
		segments = append(segments, plain)
	}
	return segments
}

func (r *route) fits(path []string) (map[string]string, bool) {
	values := map[string]string{}
	for i, s := range r.segments {
		if s.greedy {
			rest := ""
			if i < len(path) {
				rest = strings.Join(path[i:], "/")
			}
			values[s.name] = rest
			return values, rest != ""
		}
		if i >= len(path) || path[i] == "" {
			return nil, false
		}
		if s.name != "" {
			values[s.name] = path[i]
		} else if s.text != path[i] {
			return nil, false
		}
	}
	rest := path[min(len(path), len(r.segments)):]
	return values, len(rest) == 0 || (len(rest) == 1 && rest[0] == "")
}

func (r *route) demandsMet(query url.Values, header http.Header) bool {
	for name, value := range r.query {
		got, present := query[name]
		if !present || (value != nil && got[0] != *value) {
			return false
		}
	}
	for _, name := range r.header {
		if header.Get(name) == "" {
			return false
		}
	}
	return true
}

func parseInt(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
