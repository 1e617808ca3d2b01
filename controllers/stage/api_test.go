package stage

import (
	"context"
	"fmt"
	"reflect"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// api is the API server with the rights that the operator's role has: what it may not do fails.
func (s *scene) api(label string) client.Client {
	return interceptor.NewClient(admin, interceptor.Funcs{
		Get: func(
			ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption,
		) error {
			if err := s.request(label + "get " + kindOf(o)); err != nil {
				return err
			}
			return c.Get(ctx, key, o, options...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if err := s.request(label + "list " + kindOf(list)); err != nil {
				return err
			}
			return c.List(ctx, list, options...)
		},
		Patch: func(
			ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption,
		) error {
			return s.change("patch "+kindOf(o), func() error { return c.Patch(ctx, o, patch, options...) })
		},
		SubResourcePatch: func(
			ctx context.Context, c client.Client, name string, o client.Object, patch client.Patch,
			options ...client.SubResourcePatchOption,
		) error {
			return s.change("patch "+kindOf(o)+"/"+name, func() error {
				return c.SubResource(name).Patch(ctx, o, patch, options...)
			})
		},
		Create: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.CreateOption) error {
			return fmt.Errorf("the operator must not create a %s", kindOf(o))
		},
		Update: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.UpdateOption) error {
			return fmt.Errorf("the operator must not update a %s", kindOf(o))
		},
		Delete: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.DeleteOption) error {
			return fmt.Errorf("the operator must not delete a %s", kindOf(o))
		},
	})
}

func kindOf(object any) string { return reflect.TypeOf(object).Elem().Name() }

func (s *scene) request(what string) error {
	s.mu.Lock()
	s.requests = append(s.requests, what)
	s.mu.Unlock()
	if s.before != nil {
		return s.before(what)
	}
	return nil
}

// change is a request that is noted as a change where it succeeds.
func (s *scene) change(what string, send func() error) error {
	err := s.request(what)
	if err == nil {
		err = send()
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, what)
	return nil
}
