package controlplane_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/test/controlplane"
)

// childVariable makes this test binary a child that starts a control plane, says where it is, and waits to be killed.
const childVariable = "ALOFT_TEST_CONTROLPLANE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		child()
	}
	os.Exit(m.Run())
}

func child() {
	plane, err := controlplane.Start(context.Background(), controlplane.Options{Progress: os.Stderr})
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(plane.Kubeconfig + "\n")
	select {}
}

func TestServesWithTheKubeconfigAndLeavesNothingBehind(t *testing.T) {
	g := NewWithT(t)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Progress: os.Stderr})
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = plane.Stop() }()

	config, err := clientcmd.BuildConfigFromFlags("", plane.Kubeconfig)
	g.Expect(err).NotTo(HaveOccurred())
	admin, err := client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{}
	g.Expect(admin.Get(t.Context(), client.ObjectKey{Name: "kube-system"}, namespace)).To(Succeed())
	g.Expect(namespace.UID).NotTo(BeEmpty(), "the cluster's identity")

	nobody, err := plane.AddUser("nobody")
	g.Expect(err).NotTo(HaveOccurred())
	powerless, err := client.New(nobody, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(apierrors.IsForbidden(powerless.List(t.Context(), &corev1.SecretList{}))).To(BeTrue(),
		"RBAC decides, as in a cluster")

	g.Expect(plane.Stop()).To(Succeed())
	g.Expect(plane.Kubeconfig).NotTo(BeAnExistingFile())
	g.Expect(processesOf(plane.Kubeconfig)).To(BeEmpty())
	g.Expect(plane.Stop()).To(Succeed(), "a second stop has nothing to do")
}

func TestAWatchThatIsOpenHoldsNobodyUp(t *testing.T) {
	g := NewWithT(t)
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Progress: os.Stderr})
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = plane.Stop() }()
	admin, err := client.NewWithWatch(plane.Config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	watch, err := admin.Watch(t.Context(), &corev1.NamespaceList{})
	g.Expect(err).NotTo(HaveOccurred())
	defer watch.Stop()

	began := time.Now()
	g.Expect(plane.Stop()).To(Succeed())
	g.Expect(time.Since(began)).To(BeNumerically("<", 8*time.Second))
	g.Eventually(func() string { return processesOf(plane.Kubeconfig) }).Should(BeEmpty())
	g.Expect(plane.Kubeconfig).NotTo(BeAnExistingFile())
}

func TestAProcessThatIsKilledLeavesNoServers(t *testing.T) {
	g := NewWithT(t)
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childVariable+"=1")
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(command.Start()).To(Succeed())
	defer func() { _ = command.Process.Kill() }()

	kubeconfig, err := bufio.NewReader(output).ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig = strings.TrimSpace(kubeconfig)
	g.Expect(processesOf(kubeconfig)).NotTo(BeEmpty())

	g.Expect(command.Process.Kill()).To(Succeed())
	g.Eventually(func() string { return processesOf(kubeconfig) }).WithTimeout(time.Minute).Should(BeEmpty())
	g.Eventually(kubeconfig).WithTimeout(time.Minute).ShouldNot(BeAnExistingFile())
}

func TestAFolderWithoutTheBinariesIsRefusedWithTheRemedy(t *testing.T) {
	g := NewWithT(t)
	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: t.TempDir()})
	g.Expect(err).To(MatchError(ContainSubstring("holds no kube-apiserver: unset KUBEBUILDER_ASSETS to have both built")))
}

func TestAServerThatDoesNotStartIsReportedWithItsLastWords(t *testing.T) {
	g := NewWithT(t)
	assets := t.TempDir()
	for _, name := range []string{"kube-apiserver", "etcd"} {
		script := "#!/bin/sh\necho \"" + name + ": the disk is full\" >&2\nexit 1\n"
		g.Expect(os.WriteFile(filepath.Join(assets, name), []byte(script), 0o700)).To(Succeed())
	}
	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: assets})
	g.Expect(err).To(MatchError(ContainSubstring("etcd: the disk is full")))
}

// processesOf lists the processes whose command line names the control plane's folder.
func processesOf(kubeconfig string) string {
	folder := strings.TrimSuffix(kubeconfig, "/kubeconfig")
	output, err := exec.Command("ps", "-eo", "pid=,args=").Output()
	if err != nil {
		panic(err)
	}
	var found []string
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, folder) {
			found = append(found, line)
		}
	}
	return strings.Join(found, "")
}
