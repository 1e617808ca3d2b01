package desired

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/aloft-dev/aloft/controllers/release"
)

// A bundle's name begins with what tells the key that it was made with, or says that it holds no secret.
const (
	keyIDDigits = 8
	nameDigits  = 32
	withoutKey  = "open"
)

// configHash names the bundle: by a keyed hash, since secrets may be guessed from a plain one. What holds none needs no
// key.
func configHash(secret []byte, stage release.StageKey, c release.Config) string {
	secrets := make(map[string]string, len(c.Secrets))
	for name, value := range c.Secrets {
		secrets[name] = value.Reveal()
	}
	content := canonical(map[string]map[string]string{"environment": c.Environment, "secrets": secrets})
	if len(secrets) == 0 {
		return withoutKey + "-" + plainHash([]string{stage.String(), string(content)})[:nameDigits]
	}
	key := release.NamingKey(secret, stage)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(content)
	return keyID(key) + "-" + hex.EncodeToString(mac.Sum(nil))[:nameDigits]
}

// keyID tells keys apart and nothing of them.
func keyID(key string) string { return plainHash(key)[:keyIDDigits] }

// keyGone says that a bundle on record was named by a key that is not there any more: whether it holds what is asked
// for cannot be told from its name.
func keyGone(recorded string, secret []byte, stage release.StageKey) bool {
	made, _, named := strings.Cut(recorded, "-")
	return named && made != withoutKey && made != keyID(release.NamingKey(secret, stage))
}

// id is the release's id: a hash over what the user declared and the revision of the templates. What a profile or the
// operator adds is left out, so that editing a profile or updating the operator releases nothing by itself.
func id(d *release.Desired) string {
	declared := struct {
		BuildID, Digest, Architecture, AssetsPath, Environment, ConfigHash, Revision string
		FunctionRole                                                                 string   `json:",omitempty"`
		AssetsInclude                                                                []string `json:",omitempty"`
		Functions                                                                    []release.Function
		Queues                                                                       []release.Queue
		Schedules                                                                    []release.Schedule
		Commands                                                                     []release.Command
		Warm                                                                         int32
	}{
		d.BuildID, d.Image.Digest, d.Image.Architecture, d.AssetsPath, d.EnvironmentHash, d.ConfigHash, d.Revision,
		d.FunctionRoleName, d.AssetsInclude, d.Functions, d.Queues, d.Schedules, d.Commands, d.WarmEnvironments,
	}
	return plainHash(declared)[:20]
}

func plainHash(value any) string {
	sum := sha256.Sum256(canonical(value))
	return hex.EncodeToString(sum[:])
}

// canonical is deterministic: encoding/json sorts the keys of maps. Its values are of types that always encode.
func canonical(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic("encoding a value of plain types: " + err.Error())
	}
	return encoded
}
