package desired

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/aloft-dev/aloft/controllers/release"
)

// configHash names the bundle: a keyed hash, since secrets may be guessed from a plain one.
func configHash(key []byte, c release.Config) string {
	secrets := make(map[string]string, len(c.Secrets))
	for name, value := range c.Secrets {
		secrets[name] = value.Reveal()
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(canonical(map[string]map[string]string{"environment": c.Environment, "secrets": secrets}))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// id is the release's id: a hash over what the user declared and the revision of the templates. What a profile or the
// operator adds is left out, so that editing a profile or updating the operator releases nothing by itself.
func id(d *release.Desired) string {
	declared := struct {
		BuildID, Digest, Architecture, AssetsPath, ConfigHash, Revision string
		FunctionRole                                                    string   `json:",omitempty"`
		AssetsInclude                                                   []string `json:",omitempty"`
		Functions                                                       []release.Function
		Queues                                                          []release.Queue
		Schedules                                                       []release.Schedule
		Commands                                                        []release.Command
		Warm                                                            int32
	}{
		d.BuildID, d.Image.Digest, d.Image.Architecture, d.AssetsPath, d.ConfigHash, d.Revision,
		d.FunctionRoleName, d.AssetsInclude, d.Functions, d.Queues, d.Schedules, d.Commands, d.WarmEnvironments,
	}
	sum := sha256.Sum256(canonical(declared))
	return hex.EncodeToString(sum[:])[:20]
}

// canonical is deterministic: encoding/json sorts the keys of maps. Its values are of types that always encode.
func canonical(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic("encoding a value of plain types: " + err.Error())
	}
	return encoded
}
