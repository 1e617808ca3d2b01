package api_test

import (
	"context"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

func write(path, text string) {
	GinkgoHelper()
	Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
}

// ensureNamespace makes a namespace under the restricted profile, as config/manager does for the operator's own.
func ensureNamespace(ctx context.Context, name string) {
	GinkgoHelper()
	labels := map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
	}))).To(Succeed())
}

// podOf is the pod that the rendered Deployment would make.
func podOf(rendered string) *corev1.Pod {
	GinkgoHelper()
	file := GinkgoT().TempDir() + "/rendered.yaml"
	write(file, rendered)
	for _, object := range documents(file) {
		if object.GetKind() != "Deployment" {
			continue
		}
		var deployment appsv1.Deployment
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment)).To(Succeed())
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "manager", Namespace: object.GetNamespace(),
				Labels: deployment.Spec.Template.Labels},
			Spec: deployment.Spec.Template.Spec,
		}
	}
	Fail("no Deployment was rendered")
	return nil
}

// clusterRole reads a role from config/rbac and grants it to a new user, cluster-wide.
func clusterRole(ctx context.Context, file string) client.Client {
	GinkgoHelper()
	objects := documents("../../config/rbac/" + file)
	Expect(objects).NotTo(BeEmpty())
	var role rbacv1.ClusterRole
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, &role)).To(Succeed())
	role.Name += "-under-test"
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: role.Name}},
	}
	for _, object := range []client.Object{&role, binding} {
		Expect(admin.Create(ctx, object)).To(Succeed())
		DeferCleanup(func(ctx context.Context) { Expect(admin.Delete(ctx, object)).To(Succeed()) })
	}
	config, err := plane.AddUser(role.Name)
	Expect(err).NotTo(HaveOccurred())
	user, err := client.New(config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	// The authorizer learns of a binding a moment after it is stored.
	Eventually(func() error {
		return user.List(ctx, listFor(file), client.InNamespace(namespace))
	}).WithContext(ctx).WithTimeout(timeout).Should(Succeed())
	return user
}

// timeout bounds what a spec waits for on a busy machine; nothing measures it.
const timeout = time.Minute

// listFor is what the role is bound to be allowed to list.
func listFor(file string) client.ObjectList {
	if file == "stageprofile_admin_role.yaml" {
		return &v1alpha1.StageProfileList{}
	}
	return &v1alpha1.StageList{}
}

var _ = Describe("the deployment", func() {
	It("tells the operator what its pod may take of memory and disk", func() {
		var found bool
		for _, object := range documents("../../config/manager/manager.yaml") {
			if object.GetKind() != "Deployment" {
				continue
			}
			found = true
			var deployment appsv1.Deployment
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment)).To(Succeed())
			manager := deployment.Spec.Template.Spec.Containers[0]
			from := map[string]string{}
			for _, variable := range manager.Env {
				if variable.ValueFrom.ResourceFieldRef != nil {
					from[variable.Name] = variable.ValueFrom.ResourceFieldRef.Resource
				}
			}
			Expect(from).To(Equal(map[string]string{
				"MEMORY_LIMIT": "limits.memory", "DISK_LIMIT": "limits.ephemeral-storage",
			}))
			Expect(manager.Args).To(ContainElements("--memory-limit=$(MEMORY_LIMIT)", "--disk-limit=$(DISK_LIMIT)"))
			for _, resource := range []corev1.ResourceName{corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				Expect(manager.Resources.Limits).To(HaveKey(resource))
				Expect(manager.Resources.Requests).To(HaveKey(resource))
			}
			disk := manager.Resources.Limits[corev1.ResourceEphemeralStorage]
			room := deployment.Spec.Template.Spec.Volumes[0].EmptyDir.SizeLimit
			Expect(room.Cmp(disk)).To(BeNumerically(">=", 0), "the volume may be filled up to the pod's own limit")
		}
		Expect(found).To(BeTrue())
	})
})

var _ = Describe("the roles", func() {
	It("let the operator write status and finalizers, and nothing else of a Stage", func(ctx context.Context) {
		operator := clusterRole(ctx, "role.yaml")
		object := released(ctx)
		before := object.DeepCopy()
		object.Status.Phase = "Live"
		Expect(operator.Status().Patch(ctx, object,
			client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))).To(Succeed())
		Expect(object.Spec).To(Equal(before.Spec))
		Expect(operator.Patch(ctx, object,
			client.RawPatch("application/merge-patch+json",
				[]byte(`{"metadata":{"finalizers":["aloft.dev/finalizer"]}}`)))).To(Succeed())
		Expect(admin.Patch(ctx, object,
			client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))).To(Succeed())

		Expect(apierrors.IsForbidden(operator.Update(ctx, object))).To(BeTrue(), "it must not update")
		Expect(apierrors.IsForbidden(operator.Delete(ctx, object))).To(BeTrue(), "it must not delete")
		Expect(apierrors.IsForbidden(operator.List(ctx, &corev1.SecretList{}, client.InNamespace(namespace)))).To(BeTrue(),
			"it must not list Secrets")
	})

	It("let who may view see Stages and profiles, and change nothing", func(ctx context.Context) {
		viewer := clusterRole(ctx, "stage_view_role.yaml")
		Expect(viewer.List(ctx, &v1alpha1.StageProfileList{})).To(Succeed())
		Expect(apierrors.IsForbidden(viewer.Create(ctx, stage()))).To(BeTrue())
	})

	It("keep profiles with the platform team", func(ctx context.Context) {
		platform := clusterRole(ctx, "stageprofile_admin_role.yaml")
		Expect(platform.Create(ctx, profile(), client.DryRunAll)).To(Succeed())
		Expect(apierrors.IsForbidden(platform.Create(ctx, stage(), client.DryRunAll))).To(BeTrue())
	})
})
