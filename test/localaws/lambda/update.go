package lambda

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type updateCodeInput struct {
	FunctionName  string `wire:",path,required"`
	ImageUri      string
	S3Bucket      string
	S3Key         string
	ZipFile       string
	Architectures []string
	Publish       bool
	DryRun        bool
	RevisionId    string
}

func (l *Lambda) updateCode(ctx context.Context, call *wire.Call, in *updateCodeInput) (*functionConfiguration, error) {
	ref, err := l.refer(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if err := unqualified(ref); err != nil {
		return nil, err
	}
	if in.ImageUri == "" {
		return nil, invalidValue("Please provide ImageUri when updating a function with packageType Image.")
	}
	if err := l.ready(ref, in.RevisionId); err != nil {
		return nil, err
	}
	image, err := l.source(ctx, call, ref.name, in.ImageUri)
	if err != nil {
		return nil, err
	}
	return l.change(call, ref, in.RevisionId, in.DryRun, in.Publish, func(v *version) error {
		v.image, v.architectures = image, architectures(in.Architectures, v.architectures)
		return nil
	})
}

type updateConfigurationInput struct {
	FunctionName string `wire:",path,required"`
	RevisionId   string
	settings
}

func (l *Lambda) updateConfiguration(
	_ context.Context, call *wire.Call, in *updateConfigurationInput,
) (*functionConfiguration, error) {
	ref, err := l.refer(call, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if err := unqualified(ref); err != nil {
		return nil, err
	}
	if in.Role != nil {
		if err := l.checkRole(call, *in.Role); err != nil {
			return nil, err
		}
	}
	return l.change(call, ref, in.RevisionId, false, false, func(v *version) error {
		changed, err := in.apply(v.configuration)
		if err != nil {
			return err
		}
		v.configuration = changed
		return nil
	})
}

// ready says whether $LATEST may be changed now.
func (l *Lambda) ready(ref reference, revision string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.find(ref)
	if err != nil {
		return err
	}
	return l.changeable(f, revision)
}

// changeable refuses while a change is under way (aws-cli#6718), and when the caller knows an older
// state; callers hold the lock.
func (l *Lambda) changeable(f *function, revision string) error {
	if f.latest.state == statePending {
		return conflict(
			"The operation cannot be performed at this time. The function is currently in the following state: Pending",
		)
	}
	if f.latest.update == updateRunning {
		return conflict("The operation cannot be performed at this time. An update is in progress for resource: " +
			l.arn(f.name))
	}
	if revision != "" && revision != f.latest.revision {
		return stale()
	}
	return nil
}

// change applies an update to $LATEST. Every call counts as a change for the next publication,
// whatever it says (moto#8379).
func (l *Lambda) change(
	call *wire.Call, ref reference, revision string, dry, publish bool, apply func(*version) error,
) (*functionConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.find(ref)
	if err != nil {
		return nil, err
	}
	if err := l.changeable(f, revision); err != nil {
		return nil, err
	}
	if dry {
		call.NoEffect()
		return l.describe(f, f.latest, ""), nil
	}
	if err := apply(f.latest); err != nil {
		return nil, err
	}
	f.updates++
	f.latest.touch(call.Time)
	l.settleUpdate(f, f.latest, l.options.Update)
	if publish {
		return l.describe(f, l.publish(f, call, nil), ""), nil
	}
	return l.describe(f, f.latest, ""), nil
}
