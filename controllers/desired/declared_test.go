package desired_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

// stored is what is read back of the declaration of a release.
func stored(t *testing.T, d *release.Desired) *release.Desired {
	t.Helper()
	read := &release.Desired{}
	if err := json.Unmarshal(encoded(t, d), read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestADeclarationIsTheReleaseThatItsIDSays(t *testing.T) {
	in := edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "reporting" })
	d := desired.Build(in)
	later := in
	later.Stage = stage()
	later.Stage.Spec.Image.Tag = "next"
	got, err := desired.Declared(later, stored(t, d), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := stored(t, d)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestADeclarationThatSaysSomethingElseThanItsIDIsNone(t *testing.T) {
	for why, forge := range map[string]func(*release.Desired){
		"another command":            func(d *release.Desired) { d.Commands[0].Argv = []string{"/bin/sh"} },
		"no command":                 func(d *release.Desired) { d.Commands = nil },
		"a function of another name": func(d *release.Desired) { d.Functions[0].FullName = "aloft-victim-http" },
		"a queue of another stage":   func(d *release.Desired) { d.Queues[0].FullName = "jobs-aloft-victim" },
		"other content":              func(d *release.Desired) { d.Image.Digest = "sha256:b" },
		"a function role":            func(d *release.Desired) { d.FunctionRoleName = "reporting" },
		"another bundle":             func(d *release.Desired) { d.ConfigHash = "0123abcd-0" },
	} {
		t.Run(why, func(t *testing.T) {
			d := desired.Build(inputs())
			forged := stored(t, d)
			forge(forged)
			if got, err := desired.Declared(inputs(), forged, d.ID); got != nil || err != nil {
				t.Errorf("it is believed: %+v, %v", got, err)
			}
		})
	}
}

func TestADeclarationDoesNotSayWhoseItIs(t *testing.T) {
	d := desired.Build(inputs())
	for why, forge := range map[string]func(*release.Desired){
		"the stage":          func(d *release.Desired) { d.Stage.Name = "victim" },
		"its owner":          func(d *release.Desired) { d.Owner = "0b6f/victim/production" },
		"its names":          func(d *release.Desired) { d.Names.Bucket, d.Names.AppStack = "victim", "victim-app" },
		"the stack role":     func(d *release.Desired) { d.Account.StackRoleARN = "arn:aws:iam::123456789012:role/admin" },
		"the functions' own": func(d *release.Desired) { d.Account.FunctionRoleARN = "arn:aws:iam::123456789012:role/admin" },
		"no boundary":        func(d *release.Desired) { d.Account.PermissionsBoundaryARN = "" },
		"no limits":          func(d *release.Desired) { d.Quota = release.Quota{ImageMiB: 9999} },
		"its id":             func(d *release.Desired) { d.ID = "another" },
	} {
		t.Run(why, func(t *testing.T) {
			forged := stored(t, d)
			forge(forged)
			got, err := desired.Declared(inputs(), forged, d.ID)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stored(t, d), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatTheProfileNoLongerGrantsIsNotFinishedEither(t *testing.T) {
	asks := edited(func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "reporting" })
	d := desired.Build(asks)
	for why, row := range map[string]struct {
		take   func(*v1alpha1.StageProfileSpec)
		reason string
	}{
		"the function role": {func(s *v1alpha1.StageProfileSpec) { s.FunctionRoles = nil }, v1alpha1.ReasonRoleNotAllowed},
		"the registry": {func(s *v1alpha1.StageProfileSpec) { s.AllowedRegistries = []string{"ghcr.io/other"} },
			v1alpha1.ReasonRegistryNotAllowed},
		"the namespace": {func(s *v1alpha1.StageProfileSpec) { s.AllowedNamespaces = nil },
			v1alpha1.ReasonProfileNotAllowed},
	} {
		t.Run(why, func(t *testing.T) {
			in := inputs() // which asks for something that is granted by now
			row.take(&in.Profile.Spec)
			_, err := desired.Declared(in, stored(t, d), d.ID)
			if rejected, ok := release.AsRejected(err); !ok || rejected.Reason != row.reason {
				t.Errorf("got %v", err)
			}
		})
	}
}
