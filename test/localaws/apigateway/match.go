package apigateway

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

const defaultRoute = "$default"

// errRouteKey says which rule a route key breaks.
var errRouteKey = errors.New("the provided route key is not formatted properly for HTTP protocol. " +
	"Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"")

// routeKey is a parsed route key: "$default", or a method and a path template.
type routeKey struct {
	text     string
	method   string
	segments []string
}

var (
	routeMethods = map[string]bool{
		"ANY": true, http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
		http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true,
	}
	variable = regexp.MustCompile(`^\{[a-zA-Z0-9._-]+\+?\}$`)
)

// parseRouteKey reads a route key. A greedy variable may only be the last segment.
func parseRouteKey(text string) (routeKey, error) {
	if text == defaultRoute {
		return routeKey{text: text}, nil
	}
	method, path, found := strings.Cut(text, " ")
	if !found || !routeMethods[method] || !strings.HasPrefix(path, "/") {
		return routeKey{}, fmt.Errorf("reading route key %q: %w", text, errRouteKey)
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		greedy := strings.HasSuffix(segment, "+}")
		malformed := strings.ContainsAny(segment, "{}") && !variable.MatchString(segment)
		if malformed || greedy && i != len(segments)-1 {
			return routeKey{}, fmt.Errorf("reading route key %q: %w", text, errRouteKey)
		}
	}
	return routeKey{text: text, method: method, segments: segments}, nil
}

// resource is the part of a source ARN that names the route: the method of the request and the
// path template as it was declared, or "$default".
//
// AWS: the console grants "<api>/*/*/{proxy+}" for ANY /{proxy+} and "<api>/*/$default" for $default,
// and ArnLike takes the braces literally.
func (k routeKey) resource(method string) string {
	if k.text == defaultRoute {
		return defaultRoute
	}
	return method + "/" + strings.Join(k.segments, "/")
}

// The ranks of a match, most specific first: every rank starts with one of these, so that comparing
// the strings compares the matches.
const (
	fullMatch   = "0"
	greedyMatch = "1"
	lastResort  = "2"
)

// match returns the path variables when the route takes this request. Its rank is lower the more
// specific the match is.
func (k routeKey) match(method, path string) (variables map[string]string, rank string, ok bool) {
	if k.text == defaultRoute {
		return nil, lastResort, true
	}
	if k.method != "ANY" && k.method != method {
		return nil, "", false
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	variables = map[string]string{}
	for i, segment := range k.segments {
		kind, taken := takeSegment(segment, parts, i, variables)
		if !taken {
			return nil, "", false
		}
		rank += kind
		if kind == greedySegment {
			return variables, greedyMatch + rank + k.methodRank(), true
		}
	}
	return variables, fullMatch + rank + k.methodRank(), len(parts) == len(k.segments)
}

const greedySegment = "2"

// takeSegment matches one segment of the template: 0 literal, 1 variable, 2 greedy variable.
func takeSegment(segment string, parts []string, i int, variables map[string]string) (string, bool) {
	if i >= len(parts) {
		return "", false
	}
	if strings.HasSuffix(segment, "+}") {
		rest := strings.Join(parts[i:], "/")
		variables[segment[1:len(segment)-2]] = rest
		return greedySegment, rest != ""
	}
	if strings.HasPrefix(segment, "{") {
		variables[segment[1:len(segment)-1]] = parts[i]
		return "1", parts[i] != ""
	}
	return "0", segment == parts[i]
}

func (k routeKey) methodRank() string {
	if k.method == "ANY" {
		return "1"
	}
	return "0"
}

// selectRoute picks the most specific of the routes that match: full matches before variables,
// both before greedy variables, these before $default, and a named method before ANY.
func selectRoute(routes []route, method, path string) (chosen route, variables map[string]string, ok bool) {
	best := ""
	for _, candidate := range routes {
		key, err := parseRouteKey(candidate.RouteKey)
		if err != nil {
			continue
		}
		found, rank, matched := key.match(method, path)
		if matched && (!ok || rank < best) {
			chosen, variables, best, ok = candidate, found, rank, true
		}
	}
	if len(variables) == 0 {
		variables = nil
	}
	return chosen, variables, ok
}
