package lambda

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
	"github.com/aloft-dev/aloft/test/localaws/lambda/rootfs"
)

// settleNew takes a new version from Pending to Active or Failed; callers hold the lock.
func (l *Lambda) settleNew(f *function, v *version, delay time.Duration) {
	l.settle(f, v, delay, func(pool *environment.Pool, code, reason string) {
		if pool == nil {
			v.state, v.stateCode, v.stateReason = stateFailed, code, reason
			return
		}
		v.state, v.stateCode, v.stateReason = stateActive, "", ""
		if v.number == latestVersion {
			v.update = updateSuccessful
		}
		v.pool = pool
	})
}

// settleUpdate takes $LATEST from InProgress to Successful or Failed; the old code serves until then, and after a
// failure. Callers hold the lock.
func (l *Lambda) settleUpdate(f *function, v *version, delay time.Duration) {
	v.update, v.updateReason, v.updateCode = updateRunning, "The function is being created.", "Creating"
	l.settle(f, v, delay, func(pool *environment.Pool, code, reason string) {
		if pool == nil {
			v.update, v.updateCode, v.updateReason = updateFailed, code, reason
			return
		}
		if v.pool != nil {
			v.pool.Retire()
		}
		v.update, v.updateReason, v.updateCode = updateSuccessful, "", ""
		v.state, v.stateReason, v.stateCode = stateActive, "", ""
		v.pool = pool
	})
}

// settle prepares the image, waits out the delay and ends with the lock held, unless the version is gone by then.
func (l *Lambda) settle(
	f *function, v *version, delay time.Duration, end func(pool *environment.Pool, code, reason string),
) {
	// The configuration is copied now: a later update is refused, but a version never follows $LATEST.
	configured, image, number := v.configuration, v.image, v.number
	l.later(func(ctx context.Context) {
		unpacked, err := l.images.prepare(ctx, l.arn(f.name), image)
		if l.env.Clock.Sleep(ctx, delay) != nil {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			if l.holds(f, v) {
				code, reason := failure(err)
				end(nil, code, reason)
			}
			return
		}
		pool := environment.NewPool(l.host, l.runnable(f.name, number, configured, unpacked))
		l.later(func(ctx context.Context) { l.images.dropAfter(ctx, pool.Gone, image.digest, unpacked) })
		if !l.holds(f, v) {
			pool.Retire()
			return
		}
		end(pool, "", "")
	})
}

// holds says whether the version is still there.
func (l *Lambda) holds(f *function, v *version) bool {
	return l.functions[f.name] == f && (f.latest == v || f.versions[v.number] == v)
}

// failure is the reason code and text of an image that cannot be used.
func failure(err error) (code, reason string) {
	var api smithy.APIError
	switch {
	case errors.Is(err, rootfs.ErrUnsupportedLayer), errors.Is(err, rootfs.ErrDiffID):
		return "InvalidImage", err.Error()
	case errors.As(err, &api) && (api.ErrorCode() == "LayersNotFoundException" ||
		api.ErrorCode() == "RepositoryNotFoundException"):
		return "ImageDeleted", "The source image does not exist."
	case errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException":
		return "ImageAccessDenied", "Lambda does not have permission to access the ECR image."
	default:
		return "InternalError", err.Error()
	}
}

// runnable joins the image's own start with what the function overrides.
func (l *Lambda) runnable(name, number string, c configuration, image *unpackedImage) *environment.Function {
	entrypoint, command, dir := image.Config.Entrypoint, image.Config.Cmd, image.Config.WorkingDir
	if len(c.image.EntryPoint) > 0 {
		entrypoint = c.image.EntryPoint
	}
	if len(c.image.Command) > 0 {
		command = c.image.Command
	}
	if c.image.WorkingDirectory != "" {
		dir = c.image.WorkingDirectory
	}
	args := append(append([]string{}, entrypoint...), command...)
	handler := ""
	if len(command) > 0 {
		handler = command[0]
	}
	l.logs.owner(c.logging.LogGroup, c.role, name)
	return &environment.Function{Name: name, Version: number, Region: l.env.Region, MemoryMiB: c.memory,
		Timeout:  seconds(c.timeout),
		TmpBytes: int64(c.ephemeral) << 20, LogGroup: c.logging.LogGroup, Root: image.root, WorkingDir: dir, Args: args,
		ImageEnv: image.Config.Env, Env: c.environment, Handler: handler,
		Credentials: func() (aws.Credentials, error) {
			return l.env.FunctionSession(c.role, name, l.arn(name), 12*time.Hour)
		}}
}

// checkImages does what Lambda does from time to time: it looks whether the images are still there and readable, and
// fails the versions whose image is not (AWS Lambda Developer Guide, invocation-images). Their environments end.
func (l *Lambda) checkImages(ctx context.Context) {
	for l.env.Clock.Sleep(ctx, l.options.CheckImages) == nil {
		for _, u := range l.imagesInUse() {
			if _, err := l.images.resolve(ctx, u.function, u.image); err != nil && ctx.Err() == nil {
				l.lose(u.version)
			}
		}
	}
}

type imageUse struct {
	version         *version
	function, image string
}

func (l *Lambda) imagesInUse() []imageUse {
	l.mu.Lock()
	defer l.mu.Unlock()
	var uses []imageUse
	for _, f := range l.functions {
		for _, v := range f.all() {
			uses = append(uses, imageUse{v, l.arn(f.name), v.image.resolved})
		}
	}
	return uses
}

func (l *Lambda) lose(v *version) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.state, v.stateCode, v.stateReason = stateFailed, "ImageDeleted", "The source image does not exist."
	retire(v)
}
