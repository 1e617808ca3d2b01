package image

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// maxDockerConfigBytes is the bound of a Kubernetes Secret.
const maxDockerConfigBytes = 1 << 20

// dockerAuth is one entry of a Docker configuration. Credential helpers are left out on purpose: they name programs to
// run, and the configuration comes from a tenant.
type dockerAuth struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// authenticator returns the credentials that a pull secret has for a repository: those of the longest key that covers
// it, else anonymous. As in Kubernetes a key may name a host, a host and a path, and "*" for a part of the host.
func authenticator(dockerConfig []byte, of name.Repository) (authn.Authenticator, error) {
	if len(dockerConfig) == 0 {
		return authn.Anonymous, nil
	}
	var config struct {
		Auths map[string]dockerAuth `json:"auths"`
	}
	// No text of the secret may reach the message, which the JSON error could quote.
	if len(dockerConfig) > maxDockerConfigBytes || json.Unmarshal(dockerConfig, &config) != nil {
		return nil, refuse(ErrUnauthorized, "the pull secret is not a Docker configuration in JSON")
	}
	var found dockerAuth
	longest := -1
	for key, auth := range config.Auths {
		host, path := splitKey(key)
		if covers(host, path, of) && len(host)+len(path) > longest {
			found, longest = auth, len(host)+len(path)
		}
	}
	if longest < 0 {
		return authn.Anonymous, nil
	}
	return found.authenticator()
}

func (a dockerAuth) authenticator() (authn.Authenticator, error) {
	config := authn.AuthConfig{
		Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
	}
	if a.Auth != "" {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(a.Auth))
		user, password, ok := strings.Cut(strings.TrimRight(string(decoded), "\x00"), ":")
		if err != nil || !ok {
			return nil, refuse(ErrUnauthorized, "the pull secret has an entry whose auth is not base64 of user:password")
		}
		config.Username, config.Password = user, password
	}
	return authn.FromConfig(config), nil
}

// splitKey reads "https://index.docker.io/v1/", "ghcr.io" and "ghcr.io/acme" alike.
func splitKey(key string) (host, path string) {
	if _, rest, ok := strings.Cut(key, "://"); ok {
		key = rest
	}
	host, path, _ = strings.Cut(key, "/")
	path = strings.Trim(path, "/")
	if path == "v1" || path == "v2" {
		path = ""
	}
	if host == "docker.io" || host == "registry-1.docker.io" {
		host = name.DefaultRegistry
	}
	return host, path
}

func covers(host, path string, repository name.Repository) bool {
	if !hostMatches(strings.ToLower(host), strings.ToLower(repository.RegistryStr())) {
		return false
	}
	full := repository.RepositoryStr()
	return path == "" || full == path || strings.HasPrefix(full, path+"/")
}

func hostMatches(pattern, host string) bool {
	wanted, given := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(wanted) != len(given) {
		return false
	}
	for i := range wanted {
		if wanted[i] != "*" && wanted[i] != given[i] {
			return false
		}
	}
	return true
}
