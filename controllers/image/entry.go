package image

import (
	"archive/tar"
	"path"
	"strings"
)

// kind is what an entry of a layer does to its path.
type kind int

const (
	isFolder kind = iota
	isFile
	isSymlink
	isHardLink
	// isSparse is a file whose size is not that of its content: a few bytes would fill a disk.
	isSparse
	// isOther is a device, a pipe or the like.
	isOther
	// isRemoved is a whiteout, isOpaque an opaque folder.
	isRemoved
	isOpaque
)

// entry is what a layer says of one path at or below the root, or on the way to it.
type entry struct {
	name string
	kind kind
	// link is where a link points, as written.
	link string
	// visible: no layer above hides it. twin: its layer has another entry of its name.
	visible, twin bool
	content
}

// content is where an asset's bytes are.
type content struct {
	size   int64
	sum    [32]byte
	spool  *spool
	offset int64
}

// entryOf reads the header of one entry; nil says that it does not concern the root.
func entryOf(header *tar.Header, r root) (*entry, error) {
	name, err := entryPath(header.Name)
	if err != nil {
		return nil, err
	}
	e := &entry{name: name, kind: kindOf(header), content: content{size: header.Size}}
	switch {
	case strings.HasPrefix(path.Base(name), whiteoutPrefix):
		if e, err = whiteout(name); e == nil {
			return nil, err
		}
	case e.kind == isSymlink, e.kind == isHardLink:
		if len(header.Linkname) > maxNameBytes {
			return nil, overLimit(ErrAssets, "the link %q leads to a name of %d bytes, and no container takes more than %d",
				bounded(name), len(header.Linkname), maxNameBytes)
		}
		e.link = header.Linkname
	}
	if !r.below(e.name) && !r.onTheWay(e.name) {
		return nil, nil
	}
	return e, nil
}

func kindOf(header *tar.Header) kind {
	switch header.Typeflag {
	case tar.TypeDir:
		return isFolder
	case tar.TypeSymlink:
		return isSymlink
	case tar.TypeLink:
		return isHardLink
	case tar.TypeGNUSparse:
		return isSparse
	case tar.TypeReg:
		for record := range header.PAXRecords {
			if strings.HasPrefix(record, "GNU.sparse.") {
				return isSparse
			}
		}
		return isFile
	default:
		return isOther
	}
}

// whiteout reads the name of an entry that hides something of the layers below; nil says that it has no meaning there.
func whiteout(name string) (*entry, error) {
	base, folder := path.Base(name), parent(name)
	removed := strings.TrimPrefix(base, whiteoutPrefix)
	switch {
	case base == opaqueMarker:
		return &entry{name: folder, kind: isOpaque}, nil
	case strings.HasPrefix(base, whiteoutMeta):
		return nil, nil
	case removed == "" || removed == "." || removed == "..":
		return nil, refuse(ErrAssets, "the entry %q removes nothing that has a name", bounded(name))
	}
	return &entry{name: path.Join(folder, removed), kind: isRemoved}, nil
}

func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return ""
}
