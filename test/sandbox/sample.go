package sandbox

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// SampleSecret holds the address of the sample application's database, with its password.
const SampleSecret = "counter-env"

// ProfileLabel is what a namespace says to be let into a profile.
const ProfileLabel = "aloft.dev/profile"

// Profile is an account of the sandbox for the namespaces that carry the profile's name, and images of one repository.
func (s *Sandbox) Profile(account, name, repository string) v1alpha1.StageProfileSpec {
	return v1alpha1.StageProfileSpec{
		AccountID: account, Region: "eu-central-1",
		RoleARN: roleARN(account, OperatorRole), StackRoleARN: roleARN(account, StackRole),
		AllowedNamespaces: &metav1.LabelSelector{MatchLabels: map[string]string{ProfileLabel: name}},
		AllowedRegistries: []string{repository},
	}
}

// Prepare makes a namespace with a profile that allows it, and the Secret of the sample application with its database.
func (s *Sandbox) Prepare(ctx context.Context, namespace, profile, databaseURL string) error {
	return s.PrepareIn(ctx, Account, namespace, profile, databaseURL)
}

// PrepareIn is Prepare for stages in any account.
func (s *Sandbox) PrepareIn(ctx context.Context, account, namespace, profile, databaseURL string) error {
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace,
			Labels: map[string]string{ProfileLabel: profile}}},
		&v1alpha1.StageProfile{
			ObjectMeta: metav1.ObjectMeta{Name: profile},
			Spec:       s.Profile(account, profile, s.Repository()),
		},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: SampleSecret, Namespace: namespace},
			StringData: map[string]string{"DATABASE_URL": databaseURL},
		},
	}
	for _, object := range objects {
		if err := s.Client.Create(ctx, object); err != nil {
			return fmt.Errorf("making %T %s: %w", object, object.GetName(), err)
		}
	}
	return nil
}

// SampleStage declares the sample application: pages, a worker with a queue, a schedule and a migration.
func (s *Sandbox) SampleStage(namespace, name, profile, tag string) *v1alpha1.Stage {
	return &v1alpha1.Stage{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Stage"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: v1alpha1.StageSpec{
			ProfileRef: v1alpha1.ProfileReference{Name: profile},
			Image:      v1alpha1.Image{Repository: s.Repository(), Tag: tag},
			Assets:     &v1alpha1.Assets{FromImage: &v1alpha1.AssetsFromImage{Path: sample.AssetsPath}},
			Manifest: v1alpha1.Manifest{
				Environment: map[string]v1alpha1.EnvironmentValue{"APP_ENV": "production"},
				Secrets:     []v1alpha1.SecretSource{{Name: "env", SecretRef: &v1alpha1.LocalReference{Name: SampleSecret}}},
				HTTP:        v1alpha1.HTTPFunction{WarmEnvironments: 2},
				Schedules:   []v1alpha1.Schedule{{Name: "tick", RateMinutes: 1, Command: v1alpha1.Command{"/app", "schedule"}}},
				Workers: []v1alpha1.Worker{{
					Name: "default", TimeoutSeconds: 30, Queues: []v1alpha1.Queue{{Name: "default"}},
					Command: v1alpha1.Command{"/app", "work"},
				}},
				DeployCommands: []v1alpha1.DeployCommand{{Name: "migrate", Command: v1alpha1.Command{"/app", "migrate"},
					TimeoutSeconds: 60}},
			},
			DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		},
	}
}
