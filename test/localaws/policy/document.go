// Package policy evaluates AWS policy documents: trust, identity, boundary and resource policies.
//
// Rules it encodes: an explicit Deny wins; without an Allow a request is denied; actions compare without case and with
// the wildcards * and ?; resources and values with case; all conditions of a statement and all keys of an operator must
// hold, one of the values is enough; a missing key fails a condition unless the operator ends in IfExists or is
// negated; an operator that is not known is refused when the document is parsed.
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Document is a parsed policy.
type Document struct {
	Version   string
	ID        string `json:"Id"`
	Statement statements
}

// Statement is one rule of a policy.
type Statement struct {
	Sid          string
	Effect       string
	Principal    *principals
	NotPrincipal *principals
	Action       wire.OneOrMany
	NotAction    wire.OneOrMany
	Resource     wire.OneOrMany
	NotResource  wire.OneOrMany
	Condition    map[string]map[string]values
}

type statements []Statement

// UnmarshalJSON takes a single statement in place of the list.
func (s *statements) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		var one Statement
		err := strictly(raw, &one)
		*s = statements{one}
		return err
	}
	return strictly(raw, (*[]Statement)(s))
}

// values are a condition's: strings, or booleans and numbers in their text form.
type values []string

// UnmarshalJSON takes one value or a list.
func (v *values) UnmarshalJSON(raw []byte) error {
	var many []any
	if json.Unmarshal(raw, &many) != nil {
		var one any
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		many = []any{one}
	}
	for _, value := range many {
		*v = append(*v, fmt.Sprint(value))
	}
	return nil
}

type principals struct {
	all    bool
	byKind map[string]wire.OneOrMany
}

// UnmarshalJSON takes "*" or a map by kind.
func (p *principals) UnmarshalJSON(raw []byte) error {
	var star string
	if json.Unmarshal(raw, &star) == nil {
		if star != "*" {
			return fmt.Errorf("invalid principal %q", star)
		}
		p.all = true
		return nil
	}
	return json.Unmarshal(raw, &p.byKind)
}

// Parse reads a document of a kind and refuses what AWS refuses. The error is in AWS's words.
func Parse(kind Kind, text string) (Document, error) {
	var doc Document
	if err := strictly([]byte(text), &doc); err != nil {
		return Document{}, err
	}
	if doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return Document{}, errors.New("The policy must contain a valid version string")
	}
	if len(doc.Statement) == 0 {
		return Document{}, errors.New("Syntax errors in policy.")
	}
	sids := map[string]bool{}
	for _, s := range doc.Statement {
		if s.Sid != "" && sids[s.Sid] {
			return Document{}, errors.New("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.Sid] = true
		if err := s.check(kind); err != nil {
			return Document{}, err
		}
	}
	return doc, nil
}

// strictly reads JSON into a structure that has all its members.
func strictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("Syntax errors in policy: %w", err)
	}
	if d.More() {
		return errors.New("Syntax errors in policy: more than one document")
	}
	return nil
}

// Public says whether a resource policy lets everybody in: an Allow to all principals under no condition.
func (d Document) Public() bool {
	for _, s := range d.Statement {
		all := s.Principal != nil && (s.Principal.all || s.Principal.byKind["AWS"].Has("*"))
		if s.Effect == "Allow" && all && len(s.Condition) == 0 {
			return true
		}
	}
	return false
}

// Principals lists the AWS principals that the statements name.
func (d Document) Principals() []string {
	var names []string
	for _, s := range d.Statement {
		if s.Principal != nil {
			names = append(names, s.Principal.byKind["AWS"]...)
		}
	}
	return names
}
