package providers

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func iamPolicy() *resource.Type {
	return &resource.Type{
		// The policy's name is no physical id, so CAPABILITY_IAM suffices.
		Name: "AWS::IAM::Policy", NeedsIAM: true, Handler: inlinePolicy{}, Attributes: []string{"Id"},
		Properties: resource.Schema{
			"PolicyName": resource.Text().Must().Replaces(), "PolicyDocument": resource.Doc().Must(), "Roles": resource.Texts(),
		},
	}
}

// inlinePolicy is a policy embedded in each of its roles.
type inlinePolicy struct{}

func (inlinePolicy) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	if len(r.Properties.Texts("Roles")) == 0 {
		return resource.State{}, resource.Fail(resource.InvalidRequest,
			"At least one of [Groups,Roles,Users] must be non-empty.")
	}
	id := r.Name("", 128)
	r.Initiated(id)
	return created(id, map[string]any{"Id": id}), embed(ctx, r, nil, r.Properties)
}

func (inlinePolicy) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	return created(r.PhysicalID, nil), embed(ctx, r, r.Previous, r.Properties)
}

func (inlinePolicy) Delete(ctx context.Context, r *resource.Request) error {
	return embed(ctx, r, r.Properties, nil)
}

// embed moves the policy from the roles of one set of properties to those of another.
func embed(ctx context.Context, r *resource.Request, from, to resource.Properties) error {
	client := iam.NewFromConfig(r.Config)
	roles := set(append(from.Texts("Roles"), to.Texts("Roles")...))
	for _, name := range sortedKeys(roles) {
		if err := inlinePolicies(
			ctx, client, name, embedded(from, name), embedded(to, name),
		); err != nil && (len(to) > 0 || resource.CodeOf(err) != resource.NotFound) {
			return err
		}
	}
	return nil
}

func embedded(p resource.Properties, role string) map[string]string {
	if !set(p.Texts("Roles"))[role] {
		return nil
	}
	return map[string]string{p.Text("PolicyName"): p.Document("PolicyDocument")}
}
