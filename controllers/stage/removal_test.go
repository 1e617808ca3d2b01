package stage

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// left are the stage's bucket and repository, as far as they are there.
func (s *scene) left() (left []string) {
	_, err := s3.NewFromConfig(local.Config()).HeadBucket(s.ctx, &s3.HeadBucketInput{Bucket: aws.String(s.names().Bucket)})
	if err == nil {
		left = append(left, "bucket")
	}
	_, err = ecr.NewFromConfig(local.Config()).DescribeRepositories(s.ctx, &ecr.DescribeRepositoriesInput{
		RepositoryNames: []string{s.names().Repository},
	})
	if err == nil {
		left = append(left, "repository")
	}
	return left
}

var _ = Describe("What a deleted Stage has on AWS", func() {
	It("is removed, each part behind a fence, and the finalizer goes last", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyDelete))
		Expect(s.left()).To(Equal([]string{"bucket", "repository"}))
		id := aws.ToString(s.stack(s.names().FoundationStack).StackId)
		s.deleted()
		last := &v1alpha1.Stage{}
		s.before = func(request string) error {
			if request == "patch Stage" {
				last = s.now()
			}
			return nil
		}
		s.until("it is let go", s.gone)
		Expect(last.Status.Deletion).To(HaveField("FoundationStackID", id), "what it retains is found by its id")
		Expect(last.Status.Phase).To(Equal("Deleting"))
		Expect(ready(last).Reason).To(Equal(v1alpha1.ReasonDeleting))
		changes := s.changed()
		Expect(changes[len(changes)-1]).To(Equal("patch Stage"))
		Expect(count(changes, "patch Stage")).To(Equal(1))
		Expect(count(changes, "cloudformation:DeleteStack")).To(Equal(1))
		for i, change := range changes {
			if !strings.HasPrefix(change, "patch") {
				Expect(changes[:i]).To(ContainElement(statusPatch), "before %s", change)
			}
		}
		delete := slices.Index(changes, "cloudformation:DeleteStack")
		Expect(changes[delete-1]).To(Equal(statusPatch))
		Expect(s.left()).To(BeEmpty())
		Expect(s.stack(id).StackStatus).To(Equal(cftypes.StackStatusDeleteComplete))
		Expect(told(s.recorder)).To(ContainElement("Normal Deleted the Stage is let go"))
	})

	It("is removed with all that was uploaded", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyDelete))
		s.reconciles()
		s.awaitWake()
		s.deleted()
		s.until("it is let go", s.gone)
		Expect(s.left()).To(BeEmpty())
		Expect(s.changed()).To(ContainElements("ecr:BatchDeleteImage", "s3:DeleteObjects"))
	})

	It("is removed although the profile does not allow the namespace any more", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyDelete))
		s.regrant(grantsNothing)
		s.deleted()
		s.until("it is let go", s.gone)
		Expect(s.left()).To(BeEmpty())
	})

	It("stays where it is to be retained", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyRetain))
		s.deleted()
		s.reconciles()
		Expect(s.gone()).To(BeTrue())
		Expect(s.asksAWS()).To(BeEmpty())
		Expect(s.left()).To(Equal([]string{"bucket", "repository"}))
	})

	It("stays where its stack belongs to someone else", func(ctx context.Context) {
		s := play(ctx, held, policy(v1alpha1.DeletionPolicyDelete))
		_, err := cloudformation.NewFromConfig(local.Config()).CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName:    aws.String(s.names().FoundationStack),
			TemplateBody: aws.String(`{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}`),
		})
		Expect(err).NotTo(HaveOccurred())
		s.deleted()
		s.until("it is let go", s.gone)
		Expect(s.changed()).To(Equal([]string{"patch Stage"}))
		Expect(s.stack(s.names().FoundationStack).StackStatus).To(Equal(cftypes.StackStatusCreateComplete))
	})

	It("stays where the fence before its removal fails", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyDelete))
		s.deleted()
		s.refuses(statusPatch, 1, 99, conflict)
		for range 3 {
			Expect(s.reconciles().RequeueAfter).To(Equal(conflictPoll))
		}
		Expect(s.changed()).To(BeEmpty())
		Expect(s.left()).To(Equal([]string{"bucket", "repository"}))
		s.before = nil
		s.until("it is let go", s.gone)
	})

	It("is left alone until what is still sent has come to its end", func(ctx context.Context) {
		cancelled, end := make(chan struct{}), make(chan struct{})
		s := uploading(ctx, func(ctx context.Context) (release.Outcome, error) {
			<-ctx.Done()
			close(cancelled)
			<-end // what is on its way is still sent
			return release.Outcome{}, ctx.Err()
		})
		s.deleted()
		for range 3 {
			Expect(s.reconciles().RequeueAfter).To(Equal(besidePoll))
		}
		Eventually(cancelled).Should(BeClosed())
		Expect(s.asksAWS()).To(BeEmpty())
		Expect(s.says(v1alpha1.ConditionReady).Message).To(ContainSubstring("comes to its end"))
		close(end)
		s.until("it is let go", s.gone)
		Expect(s.left()).To(BeEmpty())
	})

	It("is asked for with new clients by a Stage of the same name that comes after it", func(ctx context.Context) {
		s := founded(ctx, policy(v1alpha1.DeletionPolicyDelete))
		s.deleted()
		s.until("it is let go", s.gone)
		again := &v1alpha1.Stage{Spec: s.stage.Spec}
		again.Name, again.Namespace = s.stage.Name, s.stage.Namespace
		Expect(admin.Create(ctx, again)).To(Succeed())
		s.stage = again
		s.noted()
		var calls []string
		s.until("AWS is asked", func() bool { calls = s.asksAWS(); return len(calls) > 0 })
		Expect(calls[0]).To(Equal("sts:GetCallerIdentity"))
	})
})
