package release

import "time"

// Recorded is what the Stage's status remembers: a cache of AWS, and what AWS cannot tell.
type Recorded struct {
	Image   *ResolvedImage
	Live    *Live
	History []Live
	Run     *Run
	Handled Handled
	// Lasted is how long stack operations took, by the phase that waits for them.
	Lasted   map[Phase]time.Duration
	Deletion *Deletion
}

// Kept are the live release and those before it, newest first.
func (r *Recorded) Kept() []Live {
	if r.Live == nil {
		return r.History
	}
	return append([]Live{*r.Live}, r.History...)
}

// ResolvedImage is what an image was resolved to; the first four fields are what was asked for.
type ResolvedImage struct {
	Repository   string
	Tag          string
	PinnedDigest string
	Architecture string
	// Digest of the image for that architecture, sha256:<hex>.
	Digest string
}

// Of says that this is the resolution of an image; the image's digest is the one that it is pinned to.
func (r *ResolvedImage) Of(i Image) bool {
	return r != nil && r.Repository == i.Repository && r.Tag == i.Tag && r.PinnedDigest == i.Digest &&
		r.Architecture == i.Architecture
}

// Handled are the last values of the annotations that were acted on.
type Handled struct {
	RequestedAt       string
	FluxRequestedAt   string
	Retry             string
	CommandResolution string
}

// Live is a release that is or was live.
type Live struct {
	ID             string
	BuildID        string
	ImageDigest    string
	DeployedDigest string
	AssetsDigest   string
	ConfigHash     string
	Revision       string
	ActivatedAt    time.Time
	SupersededAt   time.Time
	// Functions and their versions; a rollback needs no search.
	Functions []FunctionVersion
	Cleaned   bool
}

// FunctionVersion is a function by its name within the stage, and its version in a release.
type FunctionVersion struct {
	Name    string
	Version string
	// Pending says that Lambda still prepares the version: nothing can be invoked of it.
	Pending bool
}

// Deletion remembers the stacks of a Stage that is being deleted, so that what they retained is found after they are
// gone.
type Deletion struct {
	// Since is when they were recorded.
	Since             time.Time
	AppStackID        string
	FoundationStackID string
}
