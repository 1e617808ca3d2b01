package desired

import (
	"github.com/aloft-dev/aloft/controllers/release"
)

// Declared is a release whose declaration was stored when its run began, as far as it may go on by what the profile
// grants today. Who may write the stage's bucket can write declarations: one that says something else than its id is
// none, which nil tells, and whose the release is, where it lives and what it is called are not taken from it. The
// error is a *release.Rejected: the registry or the function role was taken from the profile.
func Declared(in Inputs, stored *release.Desired, expected string) (*release.Desired, error) {
	if id(stored) != expected {
		return nil, nil //nolint:nilnil // there is no such declaration, and that is no error
	}
	in = withManifestOf(in, stored)
	if err := firstBroken(grants, in); err != nil {
		return nil, err
	}
	d := *stored
	d.ID, d.Stage = expected, KeyOf(in)
	d.Owner, d.NamespaceUID, d.Names = ownerOf(in), in.NamespaceUID, namesOf(in)
	d.Account, d.Quota = accountOf(in), quotaOf(in)
	return &d, nil
}

// withManifestOf has the Stage ask for what the profile has to allow of a declaration.
func withManifestOf(in Inputs, stored *release.Desired) Inputs {
	stage := in.Stage.DeepCopy()
	stage.Spec.Image.Repository = stored.Image.Repository
	stage.Spec.Manifest.FunctionRoleName = stored.FunctionRoleName
	in.Stage = stage
	return in
}
