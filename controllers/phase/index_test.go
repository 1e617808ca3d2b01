package phase

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestAnIndexThatCouldNotBeReadAgainIsRefused(t *testing.T) {
	assets := &image.Assets{}
	long := strings.Repeat("a", 890)
	for i := range release.MaxAssetIndex / 900 {
		assets.Files = append(assets.Files, image.Asset{Path: fmt.Sprintf("%06d%s", i, long)})
	}
	if _, err := indexOf("source", &image.Assets{Files: assets.Files[:1000]}); err != nil {
		t.Fatal(err)
	}
	_, err := indexOf("source", assets)
	if rejected, ok := release.AsRejected(err); !ok || rejected.Reason != v1alpha1.ReasonAssetsInvalid {
		t.Errorf("got %v", err)
	}
}
