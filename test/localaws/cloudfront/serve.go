package cloudfront

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve answers from the cache or from the origin.
func (x *exchange) serve() {
	cacheable := x.r.Method == http.MethodGet || x.r.Method == http.MethodHead
	key := x.cacheKey()
	if cacheable {
		if o, hit := x.distribution.cache.get(key, x.service.env.Clock.Now()); hit {
			x.hit(o)
			return
		}
	}
	keep := cacheable && x.r.Method == http.MethodGet
	origin := x.config.origin(x.behavior.TargetOriginId)
	ctx, cancel := context.WithTimeout(x.r.Context(), origin.timeout())
	defer cancel()
	response, err := x.fetch(ctx, origin, keep && x.policy.enabled())
	if errors.Is(err, context.DeadlineExceeded) {
		x.fail(http.StatusGatewayTimeout, "The origin did not answer in time.")
		return
	}
	if err != nil {
		x.fail(http.StatusBadGateway, "CloudFront wasn't able to connect to the origin: "+err.Error())
		return
	}
	defer response.Body.Close()
	x.miss(response, key, keep)
}

// cacheKey is what distinguishes answers: the path, and what the cache policy adds to it.
func (x *exchange) cacheKey() string {
	parts := []string{x.path}
	if x.policy.queryStrings {
		parts = append(parts, "?"+x.r.URL.RawQuery)
	}
	if x.policy.cookies {
		parts = append(parts, strings.Join(x.r.Header.Values("Cookie"), ";"))
	}
	for _, name := range x.policy.headers {
		parts = append(parts, x.r.Header.Get(name))
	}
	if wantsGzip(x.behavior, x.policy, x.r.Header.Get("Accept-Encoding")) {
		parts = append(parts, "gzip")
	}
	return strings.Join(parts, "\n")
}

// hit answers from the cache. Only a 200 has ranges and validators.
func (x *exchange) hit(o *object) {
	age := x.service.env.Clock.Now().Sub(o.stored)
	x.w.Header().Set("Age", strconv.Itoa(int(age/time.Second)))
	result := "Hit from cloudfront"
	if o.status >= http.StatusBadRequest {
		result = "Error from cloudfront"
	}
	x.write(o, result)
}

func (x *exchange) write(o *object, result string) {
	header := x.w.Header()
	maps.Copy(header, o.header)
	header.Set("X-Cache", result)
	x.addPolicyHeaders()
	if o.status == http.StatusOK && x.policy.enabled() {
		modified, _ := http.ParseTime(o.header.Get("Last-Modified")) // the zero time means unknown
		header.Del("Content-Length")
		http.ServeContent(x.w, x.r, "", modified, bytes.NewReader(o.body))
		return
	}
	x.w.WriteHeader(o.status)
	_, _ = x.w.Write(o.body) // a viewer that left is no error of ours
}

// addPolicyHeaders sets the headers of a response headers policy that the origin did not set.
func (x *exchange) addPolicyHeaders() {
	for name, value := range responseHeadersPolicies[x.behavior.ResponseHeadersPolicyId] {
		if x.w.Header().Get(name) == "" {
			x.w.Header().Set(name, value)
		}
	}
}

// miss answers from the origin and remembers the answer when it may.
func (x *exchange) miss(response *http.Response, key string, keep bool) {
	header := response.Header.Clone()
	for _, name := range hopByHop {
		header.Del(name)
	}
	result := "Miss from cloudfront"
	if response.StatusCode >= http.StatusBadRequest {
		result = "Error from cloudfront"
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, objectBytes+1))
	if err != nil {
		x.fail(http.StatusBadGateway, "The origin closed the connection before the end of its answer.")
		return
	}
	if len(body) > objectBytes || x.r.Method == http.MethodHead {
		x.stream(response, header, body, result)
		return
	}
	if wantsGzip(x.behavior, x.policy, x.r.Header.Get("Accept-Encoding")) {
		header, body = compressed(response.StatusCode, header, body)
	}
	now := x.service.env.Clock.Now()
	o := &object{key: key, path: x.path, status: response.StatusCode, header: header, body: body, stored: now}
	if kept := life(x.policy, x.config, o.status, header, now); keep && kept > 0 {
		o.expires = now.Add(kept)
		x.distribution.cache.put(o)
	}
	x.write(o, result)
}

// stream passes on what is too large to remember, and the head of an answer without its body.
func (x *exchange) stream(response *http.Response, header http.Header, start []byte, result string) {
	maps.Copy(x.w.Header(), header)
	x.w.Header().Set("X-Cache", result)
	x.addPolicyHeaders()
	x.w.WriteHeader(response.StatusCode)
	if _, err := x.w.Write(start); err == nil {
		_, _ = io.Copy(x.w, response.Body) // the status is out: an origin that breaks off cuts the body
	}
}
