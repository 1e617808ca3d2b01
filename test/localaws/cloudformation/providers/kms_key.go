package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func kmsKey() *resource.Type {
	return &resource.Type{
		Name: "AWS::KMS::Key", Taggable: true, Handler: key{}, Attributes: []string{"Arn", "KeyId"},
		Properties: resource.Schema{
			"Description": resource.Text(), "Enabled": resource.Bool(), "EnableKeyRotation": resource.Bool(),
			"KeyPolicy": resource.Doc(), "KeySpec": resource.Text().Replaces(), "KeyUsage": resource.Text().Replaces(),
			"MultiRegion": resource.Bool().Replaces(), "PendingWindowInDays": resource.Int(), "Tags": resource.Tags(),
		},
	}
}

type key struct{}

func kmsTag(key, value string) types.Tag { return types.Tag{TagKey: &key, TagValue: &value} }

func (key) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client := kms.NewFromConfig(r.Config)
	input := &kms.CreateKeyInput{
		Description: r.Properties.TextPointer("Description"), KeySpec: types.KeySpec(r.Properties.Text("KeySpec")),
		KeyUsage: types.KeyUsageType(r.Properties.Text("KeyUsage")), MultiRegion: r.Properties.Bool("MultiRegion"),
		Tags: sortedTags(r.Tags, kmsTag),
	}
	if policy := r.Properties.Document("KeyPolicy"); policy != "" {
		input.Policy = &policy
	}
	out, err := client.CreateKey(ctx, input)
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the key: %w", err)
	}
	id := *out.KeyMetadata.KeyId
	r.Initiated(id)
	return created(id, map[string]any{"Arn": *out.KeyMetadata.Arn, "KeyId": id}), keySwitches(ctx, client, r, id)
}

func (key) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := kms.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	if r.Changed("Description") {
		description := r.Properties.Text("Description")
		if _, err := client.UpdateKeyDescription(ctx, &kms.UpdateKeyDescriptionInput{
			KeyId: &r.PhysicalID, Description: &description,
		}); err != nil {
			return state, err
		}
	}
	if r.Changed("KeyPolicy") && r.Properties.Has("KeyPolicy") {
		policy := r.Properties.Document("KeyPolicy")
		if _, err := client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &r.PhysicalID, Policy: &policy}); err != nil {
			return state, err
		}
	}
	if err := keySwitches(ctx, client, r, r.PhysicalID); err != nil {
		return state, err
	}
	return state, keyTags(ctx, client, r)
}

// keySwitches sets rotation and the enabled state where they differ from before; keys start enabled and unrotated.
func keySwitches(ctx context.Context, client *kms.Client, r *resource.Request, id string) error {
	var err error
	switch on := enabled(r.Properties, "EnableKeyRotation"); {
	case on && !enabled(r.Previous, "EnableKeyRotation"):
		_, err = client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &id})
	case !on && enabled(r.Previous, "EnableKeyRotation"):
		_, err = client.DisableKeyRotation(ctx, &kms.DisableKeyRotationInput{KeyId: &id})
	}
	if err != nil {
		return fmt.Errorf("switching the key's rotation: %w", err)
	}
	switch off := disabled(r.Properties); {
	case off && !disabled(r.Previous):
		_, err = client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &id})
	case !off && disabled(r.Previous):
		_, err = client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &id})
	}
	return err
}

func disabled(p resource.Properties) bool { return p.Bool("Enabled") != nil && !*p.Bool("Enabled") }

func keyTags(ctx context.Context, client *kms.Client, r *resource.Request) error {
	if !r.TagsChanged() {
		return nil
	}
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &kms.UntagResourceInput{KeyId: &r.PhysicalID, TagKeys: removed}); err != nil {
			return err
		}
	}
	_, err := client.TagResource(ctx, &kms.TagResourceInput{KeyId: &r.PhysicalID, Tags: sortedTags(r.Tags, kmsTag)})
	return err
}

func (key) Delete(ctx context.Context, r *resource.Request) error {
	_, err := kms.NewFromConfig(r.Config).ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{
		KeyId: &r.PhysicalID, PendingWindowInDays: r.Properties.Int32Or("PendingWindowInDays", 30),
	})
	return err
}
