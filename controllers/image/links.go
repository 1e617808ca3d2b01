package image

import (
	"fmt"
	"strings"
)

// maxHops is how many symbolic links a path may lead through, as on Linux.
const maxHops = 40

// resolved follows a place that is a symbolic link. It gives no node where the link is left out, and what is shown
// there unless that is a folder.
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

// Where a link that is left out leads.
const (
	outOfIt  = "out of the folder"
	nowhere  = "where nothing is"
	inCircle = "round in a circle"
)

// target finds what a symbolic link leads to, as long as that lies below the root; otherwise it says where it leads.
func (p *publisher) target(link *entry) (to *node, why string) {
	w := &walk{publisher: p, inside: []*node{p.overlay.find(string(p.root))}}
	for part := range parts(parent(p.root.relative(link.name))) {
		w.inside = append(w.inside, w.at().children[part])
	}
	for why = w.follow(link.link); why == "" && w.left != ""; {
		why = w.step()
	}
	return w.at(), why
}

// walk goes along a path that may lead through symbolic links.
type walk struct {
	*publisher
	// inside are the folders from the root to where the walk is; left is the path from there.
	inside []*node
	left   string
	hops   int
}

func (w *walk) at() *node { return w.inside[len(w.inside)-1] }

// follow goes on along a link, before what was left of the path.
func (w *walk) follow(link string) (why string) {
	if !strings.HasPrefix(link, "/") {
		w.left = strings.Trim(link+"/"+w.left, "/")
		return ""
	}
	link = strings.Trim(link, "/")
	if link != string(w.root) && !w.root.below(link) {
		return outOfIt
	}
	w.left, w.inside = strings.Trim(w.root.relative(link)+"/"+w.left, "/"), w.inside[:1]
	return ""
}

// step goes on by one part of the path.
func (w *walk) step() (why string) {
	var part string
	part, w.left, _ = strings.Cut(w.left, "/")
	w.looked++
	switch part {
	case "", ".":
		return ""
	case "..":
		if len(w.inside) == 1 {
			return outOfIt
		}
		w.inside = w.inside[:len(w.inside)-1]
		return ""
	}
	next := w.at().children[part]
	switch {
	case next == nil, next.shown == nil && next.folder == 0, next.isFile() && w.left != "":
		return nowhere
	case next.shown == nil, next.isFile():
		w.inside = append(w.inside, next)
		return ""
	case w.hops == maxHops, w.looked > w.mostLooks(), len(w.left) > maxHops*maxNameBytes:
		return inCircle
	default:
		w.hops++
		return w.follow(next.shown.link)
	}
}

func (n *node) isFile() bool { return n.shown != nil && n.shown.kind != isSymlink }

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
