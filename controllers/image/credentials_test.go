package image

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	. "github.com/onsi/gomega"
)

func TestThePullSecretsLongestMatchingKeyIsUsed(t *testing.T) {
	entry := func(user string) string {
		return `{"auth":"` + base64.StdEncoding.EncodeToString([]byte(user+":pw")) + `"}`
	}
	for _, row := range []struct{ reason, config, repository, user string }{
		{"a host", `{"auths":{"ghcr.io":` + entry("a") + `}}`, "ghcr.io/acme/counter", "a"},
		{"a host with scheme and version", `{"auths":{"https://ghcr.io/v2/":` + entry("a") + `}}`, "ghcr.io/acme/counter",
			"a"},
		{"a path wins over its host", `{"auths":{"ghcr.io":` + entry("a") + `,"ghcr.io/acme":` + entry("b") + `}}`,
			"ghcr.io/acme/counter", "b"},
		{"a path is matched by whole parts", `{"auths":{"ghcr.io/acm":` + entry("b") + `}}`, "ghcr.io/acme/counter", ""},
		{"Docker Hub under its old address", `{"auths":{"https://index.docker.io/v1/":` + entry("a") + `}}`, "acme/counter",
			"a"},
		{"Docker Hub under its name", `{"auths":{"docker.io":` + entry("a") + `}}`, "docker.io/acme/counter", "a"},
		{"a star stands for one part", `{"auths":{"*.acme.io":` + entry("a") + `}}`, "r.acme.io/counter", "a"},
		{"a star stands for no more than one", `{"auths":{"*.acme.io":` + entry("a") + `}}`, "x.r.acme.io/counter", ""},
		{"another host's credentials stay at home", `{"auths":{"ghcr.io":` + entry("a") + `}}`, "ghcr.io.evil.example/acme",
			""},
		{"another port is another registry", `{"auths":{"ghcr.io:8443":` + entry("a") + `}}`, "ghcr.io/acme", ""},
		{"user and password apart", `{"auths":{"ghcr.io":{"username":"a","password":"pw"}}}`, "ghcr.io/acme", "a"},
		{"helpers are programs and are not run", `{"credsStore":"evil","credHelpers":{"ghcr.io":"evil"}}`, "ghcr.io/acme",
			""},
		{"no secret at all", ``, "ghcr.io/acme", ""},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			of, err := repository(row.repository)
			g.Expect(err).NotTo(HaveOccurred())
			auth, err := authenticator([]byte(row.config), of)
			g.Expect(err).NotTo(HaveOccurred())
			config, err := authn.Authorization(t.Context(), auth)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(config.Username).To(Equal(row.user))
		})
	}
}

func TestAnUnreadablePullSecretIsNotQuoted(t *testing.T) {
	for reason, config := range map[string]string{
		"it is not JSON":        `canary`,
		"its type is wrong":     `{"auths":{"ghcr.io":"canary"}}`,
		"its auth is no base64": `{"auths":{"ghcr.io":{"auth":"canary!"}}}`,
		"its auth is no pair":   `{"auths":{"ghcr.io":{"auth":"Y2FuYXJ5"}}}`,
	} {
		t.Run(reason, func(t *testing.T) {
			g := NewWithT(t)
			source := Source{Repository: "ghcr.io/acme", Tag: "v1", DockerConfig: []byte(config)}
			_, err := newLocalClient(t).Resolve(t.Context(), source, "amd64")
			g.Expect(err).To(MatchError(ErrUnauthorized))
			g.Expect(fmt.Sprintf("%v %v %#v %+v", err, source, source, source)).NotTo(ContainSubstring("canary"))
		})
	}
}
