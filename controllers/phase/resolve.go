package phase

import (
	"context"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// resolve gives the digest that the tag stands for.
func (p *Performer) resolve(ctx context.Context, s Subject) (release.Outcome, error) {
	wanted := s.Image
	found, err := p.Images.Resolve(ctx, SourceOf(wanted), wanted.Architecture)
	if err != nil {
		return release.Outcome{}, sourceError(v1alpha1.ConditionImageResolved, wanted, err)
	}
	resolved := &release.ResolvedImage{
		Repository: wanted.Repository, Tag: wanted.Tag, PinnedDigest: wanted.Digest, Architecture: wanted.Architecture,
		Digest: found.Digest,
	}
	wanted.Digest = found.Digest
	if known := releasedAs(s.Recorded, wanted); known != "" {
		return release.Outcome{}, tagMoved(wanted, known)
	}
	return release.Outcome{Image: resolved}, nil
}

// releasedAs gives other content than an image's that was live under its tag; empty where there is none.
func releasedAs(recorded *release.Recorded, wanted release.Image) string {
	for _, known := range recorded.Kept() {
		if known.BuildID == wanted.Tag && known.ImageDigest != "" && known.ImageDigest != wanted.Digest {
			return known.ImageDigest
		}
	}
	return ""
}
