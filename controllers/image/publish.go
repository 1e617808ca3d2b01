package image

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// publisher goes through what the layers show and makes the list of assets of it.
type publisher struct {
	*Collection
	files []Asset
	bytes int64
	// looked counts the paths that were looked at: links may lead to the same ones over and over.
	looked int
	// inside are the folders that the path being looked at lies in.
	inside   map[*node]bool
	problems list
	leftOut  list
}

// list keeps the first texts of many.
type list struct {
	texts []string
	more  int
}

const maxListed = 5

func (l *list) add(text string) {
	if len(l.texts) == maxListed {
		l.more++
		return
	}
	l.texts = append(l.texts, text)
}

func (l *list) all() []string {
	if l.more == 0 {
		return l.texts
	}
	return append(l.texts, fmt.Sprintf("and %d more", l.more))
}

// place is a node by the path that it is published under.
type place struct {
	path string
	at   *node
}

// mostLooks bounds the work for paths: those that links lead to, and the folders that they lead through, are looked at
// again and again.
func (p *publisher) mostLooks() int { return 20 * p.limits.Files }

// publish lists the assets, and gives back what was kept of files that nobody sees.
func (c *Collection) publish() (*Assets, error) {
	p := &publisher{Collection: c, inside: map[*node]bool{}}
	if top := c.overlay.find(string(c.root)); top != nil {
		if err := p.folders([]place{{at: top}}, ""); err != nil {
			return nil, err
		}
	}
	c.overlay = overlay{}
	switch {
	case len(p.problems.texts) > 0:
		return nil, refuse(ErrAssets, "%s", strings.Join(p.problems.all(), "; "))
	case len(p.files) == 0:
		return nil, refuse(ErrAssets, "the image has no files there; is it the folder that the build puts the assets in?")
	}
	slices.SortFunc(p.files, func(a, b Asset) int { return strings.Compare(a.Path, b.Path) })
	used := map[*spool]bool{}
	for i := range p.files {
		used[p.files[i].content.spool] = true
	}
	for _, s := range c.spools {
		if s.file != nil && !used[s] {
			if err := s.close(); err != nil {
				return nil, err
			}
		}
	}
	return &Assets{Files: p.files, LeftOut: p.leftOut.all(), of: c}, nil
}

// folder publishes what lies in folders whose paths are the same where case does not count.
func (p *publisher) folder(folders []place) error {
	byName := map[string][]place{}
	for _, in := range folders {
		for name, child := range in.at.children {
			path := name
			if in.path != "" {
				path = in.path + "/" + name
			}
			byName[fold(name)] = append(byName[fold(name)], place{path, child})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		same := byName[name]
		slices.SortFunc(same, func(a, b place) int { return strings.Compare(a.path, b.path) })
		if err := p.same(same); err != nil {
			return err
		}
	}
	return nil
}

// same publishes what lies at paths that are the same where case does not count: one file, or folders.
func (p *publisher) same(places []place) error {
	var file string
	var folders []place
	for _, at := range places {
		if p.looked++; p.looked > p.mostLooks() {
			return overLimit(ErrAssets, "folders and links lead to more than %d paths", p.mostLooks())
		}
		at, shown := p.resolved(at)
		switch {
		case at.at == nil:
			continue
		case shown == nil:
			folders = append(folders, at)
			continue
		case at.at.children != nil && at.at.folder != 0:
			p.problems.add(fmt.Sprintf("%q is a file and a folder; rename one", bounded(at.path)))
		case file != "":
			p.problems.add(fmt.Sprintf("%q and %q differ by case alone; rename one", bounded(file), bounded(at.path)))
		}
		published, err := p.file(at.path, shown)
		if err != nil {
			return err
		}
		if published {
			file = at.path
		}
	}
	return p.folders(folders, file)
}

// folders publishes what lies below, which must be nothing where a file has the same path.
func (p *publisher) folders(folders []place, file string) error {
	before := len(p.files)
	for _, at := range folders {
		p.inside[at.at] = true
		defer delete(p.inside, at.at)
	}
	if err := p.folder(folders); err != nil {
		return err
	}
	if file != "" && len(p.files) > before {
		p.problems.add(fmt.Sprintf("%q is a file and a folder; rename one", bounded(file)))
	}
	return nil
}

// file publishes one file, unless something is to be said against it.
func (p *publisher) file(path string, shown *entry) (published bool, err error) {
	why := p.objectionTo(path, shown)
	switch {
	case why != nil && why.leftOut:
		p.leftOut.add(why.message)
		return false, nil
	case why != nil:
		p.problems.add(why.message)
		return true, nil
	}
	p.bytes += shown.size
	if err := p.limits.fit(len(p.files)+1, p.bytes); err != nil {
		return false, err
	}
	p.files = append(p.files, Asset{
		Path: path, Size: shown.size, SHA256: hex.EncodeToString(shown.sum[:]), ContentType: ContentType(path),
		content: shown.content,
	})
	return true, nil
}
