package image

import "strings"

// Names with a meaning of their own in a layer (OCI image layer specification, "Whiteouts").
const (
	whiteoutPrefix = ".wh."
	whiteoutMeta   = ".wh..wh."
	opaqueMarker   = ".wh..wh..opq"
)

// overlay knows, while layers are taken from the top to the bottom, what they show and what they hide of those below
// them. It is a tree by the parts of paths, so that to look a path up costs no more than to read it.
type overlay struct {
	root
	top node
	// layer is the number of the layer being taken, from 1 at the top. What it says takes effect for those below it only.
	layer int
}

// node is one path. Each number is of the topmost layer that says so of it, 0 for none.
type node struct {
	children map[string]*node
	// gone: removed, or something else than a folder put in its place.
	gone int
	// opaque: everything that lies below it in lower layers is hidden.
	opaque int
	// folder: a folder, which hides what is no folder at the same path.
	folder int
	// shown is what is visible here, if it is no folder.
	shown *entry
}

// root is the path, relative to that of the image, whose files are looked for.
type root string

func within(name, folder string) bool {
	return folder == "" || len(name) > len(folder) && name[len(folder)] == '/' && strings.HasPrefix(name, folder)
}

// below reports a path below the root, onTheWay one that is the root or leads to it.
func (r root) below(name string) bool    { return name != "" && within(name, string(r)) }
func (r root) onTheWay(name string) bool { return name == string(r) || within(string(r), name) }

// relative gives the path of what lies below the root.
func (r root) relative(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, string(r)), "/")
}

// parts gives the parts of a path; the root of the image has none.
func parts(name string) func(yield func(string) bool) {
	if name == "" {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(name, "/")
}

// find returns the node of a path, nil where nothing was ever said of it.
func (o *overlay) find(name string) *node {
	at := &o.top
	for part := range parts(name) {
		if at = at.children[part]; at == nil {
			return nil
		}
	}
	return at
}

// hidden reports whether the layers above hide a path of the layer being taken.
func (o *overlay) hidden(name string, folder bool) bool {
	above := func(layer int) bool { return layer != 0 && layer < o.layer }
	at := &o.top
	for part := range parts(name) {
		if above(at.gone) || above(at.opaque) {
			return true
		}
		if at = at.children[part]; at == nil {
			return false
		}
	}
	return above(at.gone) || !folder && above(at.folder)
}

// covered reports that no layer below those that were taken can show anything below the root.
func (o *overlay) covered() bool {
	o.layer++
	defer func() { o.layer-- }()
	at := o.find(string(o.root))
	return o.hidden(string(o.root), true) || at != nil && at.opaque != 0
}

// at returns the node of a path and the number of nodes that it made. That the folders on the way are folders is said
// by what is there, and not by what is removed.
func (o *overlay) at(name string, there bool) (at *node, made int) {
	at = &o.top
	for part := range parts(name) {
		if there {
			first(&at.folder, o.layer)
		}
		next := at.children[part]
		if next == nil {
			if at.children == nil {
				at.children = map[string]*node{}
			}
			next = &node{}
			at.children[part] = next
			made++
		}
		at = next
	}
	return at, made
}

// take lets an entry of the layer being taken have its effect, and tells how many nodes that made.
func (o *overlay) take(e *entry) (made int) {
	var at *node
	switch {
	case e.kind == isRemoved:
		at, made = o.at(e.name, false)
		first(&at.gone, o.layer)
	case e.kind == isOpaque:
		at, made = o.at(e.name, false)
		first(&at.opaque, o.layer)
	case o.hidden(e.name, e.kind == isFolder):
		// A file that a folder above took the place of had itself taken the place of a folder below, which stays hidden.
		if at = o.find(e.name); at != nil && e.kind != isFolder && at.folder != 0 {
			first(&at.opaque, o.layer)
		}
	case e.kind == isFolder:
		at, made = o.at(e.name, true)
		first(&at.folder, o.layer)
	default:
		at, made = o.at(e.name, true)
		first(&at.gone, o.layer)
		e.twin = at.shown != nil
		e.visible = true
		at.shown = e
	}
	return made
}

// first keeps what the topmost layer says.
func first(says *int, layer int) {
	if *says == 0 {
		*says = layer
	}
}
