package image

import (
	"fmt"
	"strings"
)

// maxHops is how many symbolic links a path may lead through, as on Linux.
const maxHops = 40

// resolved follows a place that is a symbolic link. It gives no node where the link is left out, and what is shown there
// unless that is a folder.
func (p *publisher) resolved(at place) (place, *entry) {
	link := at.at.shown
	if link == nil || link.kind != isSymlink {
		return at, link
	}
	to, why := p.target(link)
	if why == "" && p.inside[to] {
		why = "back to a folder that it lies in"
	}
	if why != "" {
		p.leftOut.add(fmt.Sprintf("%q is a symbolic link to %q, %s", bounded(at.path), bounded(link.link), why))
		return place{}, nil
	}
	return place{at.path, to}, to.shown
}

// target finds what a symbolic link leads to, as long as that lies below the root; otherwise it says where it leads.
func (p *publisher) target(link *entry) (to *node, why string) {
	const out, nowhere = "out of the folder", "where nothing is"
	top := p.overlay.find(string(p.root))
	inside := []*node{top}
	for part := range parts(parent(p.root.relative(link.name))) {
		inside = append(inside, inside[len(inside)-1].children[part])
	}
	left, hops := link.link, 0
	for {
		if strings.HasPrefix(left, "/") {
			if left = strings.Trim(left, "/"); left != string(p.root) && !p.root.below(left) {
				return nil, out
			}
			left, inside = p.root.relative(left), inside[:1]
		}
		if left == "" {
			break
		}
		var part string
		part, left, _ = strings.Cut(left, "/")
		p.looked++
		switch part {
		case "", ".":
			continue
		case "..":
			if inside = inside[:len(inside)-1]; len(inside) == 0 {
				return nil, out
			}
			continue
		}
		next := inside[len(inside)-1].children[part]
		switch {
		case next == nil, next.shown == nil && next.folder == 0,
			next.shown != nil && next.shown.kind != isSymlink && left != "":
			return nil, nowhere
		case next.shown == nil || next.shown.kind != isSymlink:
			inside = append(inside, next)
		case hops == maxHops || p.looked > p.mostLooks():
			return nil, "round in a circle"
		default:
			hops++
			left = next.shown.link + "/" + left
			if len(left) > maxHops*maxNameBytes {
				return nil, nowhere
			}
		}
	}
	return inside[len(inside)-1], ""
}

// objectionTo says why a file is not published under a path: by that path, by its own where a link leads to it, or by
// that of the file whose content a hard link has.
func (p *publisher) objectionTo(path string, shown *entry) *objection {
	for _, name := range []string{path, p.root.relative(shown.name)} {
		if why := p.objection(name); why != nil {
			return why
		}
	}
	switch {
	case shown.twin:
		return refused("%q is there twice; build the image again", bounded(path))
	case shown.kind == isSparse:
		return refused("%q is a sparse file; write it whole", bounded(path))
	case shown.kind == isOther:
		return refused("%q is a device, a pipe or something else that is no file", bounded(path))
	case shown.kind == isHardLink:
		if why := p.linkedObjection(shown); why != nil {
			return why
		}
		if shown.spool == nil {
			return refused("%q is a hard link to %q, which is no file of its layer; build the image again", bounded(path),
				bounded(shown.link))
		}
	}
	return nil
}
