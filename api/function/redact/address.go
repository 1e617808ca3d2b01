package redact

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// products are users that databases and brokers come with: their names are in every manual and in ordinary messages.
var products = []string{
	"root", "admin", "user", "guest", "default", "postgres", "postgresql", "mysql", "mariadb", "redis", "rabbitmq",
}

// partsOfURL are the user, the password and the hosts of a text that is a URL, as they are written and decoded. It does
// not use net/url's parser, which refuses much of what database drivers take: a raw percent sign in a password, or
// several hosts.
func partsOfURL(text string) []string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !isScheme(scheme) {
		return nil
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	var parts []string
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		if !slices.Contains(products, strings.ToLower(user)) {
			parts = append(parts, written(user)...)
		}
		parts = append(parts, written(password)...)
		authority = authority[at+1:]
	}
	for host := range strings.SplitSeq(authority, ",") {
		parts = append(parts, hostForms(host)...)
	}
	return parts
}

// isScheme is the rule of RFC 3986, section 3.1, a first digit aside.
func isScheme(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("+-.", r)
	})
}

// written gives a part as it is written in a URL, and what it stands for.
func written(part string) []string {
	decoded, err := url.PathUnescape(part)
	if err != nil {
		return []string{part}
	}
	return []string{part, decoded}
}

// hostForms are a host with and without its port, if its name is worth hiding.
func hostForms(host string) []string {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	if !tells(name) {
		return nil
	}
	return append(written(host), written(name)...)
}

// tells says that a host is more than a word: an address of another machine, or a name of at least two labels.
func tells(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return !ownAddress(host)
	}
	first, second, found := strings.Cut(strings.TrimSuffix(host, "."), ".")
	return found && first != "" && second != ""
}
