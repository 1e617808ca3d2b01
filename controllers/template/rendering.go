package template

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Rendering is a template with the values of its parameters: all that a stack is updated with.
type Rendering struct {
	Template   *Template
	Parameters map[string]string
}

// JSON gives the template's bytes. One of its outputs is the rendering's hash.
func (r Rendering) JSON() []byte { return encode(r.Template.stamped(r.Hash())) }

// Hash over template and parameters. It is the value of the output release.OutputRendering of the application stack and
// release.OutputTemplateHash of the foundation stack, which itself is left out of it.
func (r Rendering) Hash() string {
	sum := sha256.Sum256(encode([]any{r.Template.stamped(""), r.Parameters}))
	return hex.EncodeToString(sum[:])
}

// stamped gives a copy whose outputs that carry the hash have that value.
func (t *Template) stamped(hash string) *Template {
	c := t.clone()
	for _, name := range []string{release.OutputRendering, release.OutputTemplateHash} {
		if output, ok := c.Outputs[name]; ok {
			output.Value = hash
			c.Outputs[name] = output
		}
	}
	return c
}
