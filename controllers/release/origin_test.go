package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestAnOriginsSecretIsOneStagesAndItsDigestTellsNothingOfIt(t *testing.T) {
	one := release.StageKey{Namespace: "clouder", Name: "production"}
	other := release.StageKey{Namespace: "mallory", Name: "production"}
	secret, digest := release.OriginSecret([]byte("key"), one)
	again, _ := release.OriginSecret([]byte("key"), one)
	if secret != again {
		t.Error("the same stage has two")
	}
	sum := sha256.Sum256([]byte(secret.Reveal()))
	if digest != hex.EncodeToString(sum[:]) {
		t.Errorf("the digest is %s", digest)
	}
	foreign, _ := release.OriginSecret([]byte("key"), other)
	rotated, _ := release.OriginSecret([]byte("other key"), one)
	if len(secret) != 64 || secret == foreign || secret == rotated {
		t.Error("another stage or another key has the same secret, or it is short")
	}
}
