package image

import (
	"path"
	"strings"
)

// Names with a meaning of their own in a layer (OCI image layer specification, "Whiteouts").
const (
	whiteoutPrefix = ".wh."
	whiteoutMeta   = ".wh..wh."
	opaqueMarker   = ".wh..wh..opq"
)

// overlay knows, while layers are read from the top to the bottom, what the layers above let be seen below them. It
// keeps only what concerns one root: paths below it and the folders on the way to it.
type overlay struct {
	root string

	// gone holds paths that a layer above removed, or put something else than a folder in place of.
	gone map[string]bool
	// opaque holds folders of which a layer above hides everything that lies below them.
	opaque map[string]bool
	// folders holds folders of the layers above, which hide what is no folder at the same path.
	folders map[string]bool

	// What the layer being read adds; it takes effect for the layers below it only.
	newGone, newOpaque, newFolders []string
}

func newOverlay(root string) *overlay {
	return &overlay{root: root, gone: map[string]bool{}, opaque: map[string]bool{}, folders: map[string]bool{}}
}

func within(name, folder string) bool {
	return folder == "" || strings.HasPrefix(name, folder+"/")
}

// below reports a path below the root, onTheWay one that is the root or leads to it.
func (o *overlay) below(name string) bool    { return name != "" && within(name, o.root) }
func (o *overlay) onTheWay(name string) bool { return name == o.root || within(o.root, name) }

func parent(name string) string {
	if folder := path.Dir(name); folder != "." {
		return folder
	}
	return ""
}

// hidden reports whether the layers above hide a path of the layer being read.
func (o *overlay) hidden(name string, folder bool) bool {
	if o.gone[name] || (!folder && o.folders[name]) {
		return true
	}
	for name != "" {
		name = parent(name)
		if o.gone[name] || o.opaque[name] {
			return true
		}
	}
	return false
}

// covered reports that no layer below can show anything below the root.
func (o *overlay) covered() bool { return o.opaque[o.root] || o.hidden(o.root, true) }

// conceal records an opaque folder of the layer being read.
func (o *overlay) conceal(folder string) { o.newOpaque = append(o.newOpaque, folder) }

// remove records a whiteout of the layer being read. Unlike an entry it does not say that the paths
// on the way are folders.
func (o *overlay) remove(name string) { o.newGone = append(o.newGone, name) }

// saw records an entry of the layer being read.
func (o *overlay) saw(name string, folder bool) {
	if folder {
		o.newFolders = append(o.newFolders, name)
	} else {
		o.newGone = append(o.newGone, name)
	}
	if up := parent(name); name != "" && up != "" {
		o.newFolders = append(o.newFolders, up)
	}
}

// endLayer lets what the layer said take effect for the layers below.
func (o *overlay) endLayer() {
	for _, name := range o.newGone {
		o.gone[name] = true
	}
	for _, name := range o.newOpaque {
		o.opaque[name] = true
	}
	for _, name := range o.newFolders {
		for ; name != "" && !o.folders[name]; name = parent(name) {
			o.folders[name] = true
		}
	}
	o.newGone, o.newOpaque, o.newFolders = nil, nil, nil
}

// pendingFolders returns the folders that the layer being read brings, if it brings nothing else.
func (o *overlay) pendingFolders() (folders []string, only bool) {
	return o.newFolders, len(o.newGone)+len(o.newOpaque) == 0
}
