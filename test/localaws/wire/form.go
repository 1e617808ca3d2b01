package wire

import (
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strings"
)

// formTree turns "Tags.member.1.Key=a" into nested maps.
func formTree(form url.Values) (map[string]any, error) {
	root := map[string]any{}
	for _, name := range sortedKeys(form) {
		at := root
		parts := strings.Split(name, ".")
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				if at[part] != nil && at[part] != "" {
					return nil, refuse("Invalid parameter: %s", name)
				}
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = form[name][0]
	}
	return root, nil
}

// xmlTree turns a document into nested maps under its root element, repeated elements into lists. Attributes are left
// out but for those with a namespace prefix of XMLSchema-instance, which appear as "xsi:type".
func xmlTree(body io.Reader) (string, map[string]any, error) {
	d := xml.NewDecoder(body)
	for {
		token, err := d.Token()
		if err != nil {
			return "", nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			node, err := xmlNode(d, start, 0)
			if members, ok := node.(map[string]any); ok {
				return start.Name.Local, members, err
			}
			return start.Name.Local, map[string]any{}, err
		}
	}
}

const maxXMLDepth = 64

func xmlNode(d *xml.Decoder, start xml.StartElement, depth int) (tree, error) {
	if depth > maxXMLDepth {
		return nil, errors.New("XML is nested too deep")
	}
	var text strings.Builder
	members := map[string]any{}
	for _, a := range start.Attr {
		if a.Name.Space == "http://www.w3.org/2001/XMLSchema-instance" {
			members["xsi:"+a.Name.Local] = a.Value
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := xmlNode(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			addMember(members, t.Name.Local, child)
		case xml.EndElement:
			if len(members) == 0 {
				return text.String(), nil
			}
			return members, nil
		}
	}
}

func addMember(members map[string]any, name string, child tree) {
	switch before := members[name].(type) {
	case nil:
		members[name] = child
	case []any:
		members[name] = append(before, child)
	default:
		members[name] = []any{before, child}
	}
}
