package phase_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/tenant"
)

// as lets the stage act by a role with a policy, as by a profile's.
func (s *stage) as(policy map[string]any) (change func(policy map[string]any)) {
	s.t.Helper()
	roles := iam.NewFromConfig(s.Local.Config())
	made, err := roles.CreateRole(s.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("profile"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"AWS":"arn:aws:iam::` + tenant.Account + `:root"},"Action":"sts:AssumeRole"}]}`),
	})
	s.Must(err)
	change = func(policy map[string]any) {
		document, err := json.Marshal(policy)
		s.Must(err)
		_, err = roles.PutRolePolicy(s.t.Context(), &iam.PutRolePolicyInput{
			RoleName: aws.String("profile"), PolicyName: aws.String("rights"),
			PolicyDocument: aws.String(string(document)),
		})
		s.Must(err)
	}
	change(policy)
	session, err := sts.NewFromConfig(s.Local.Config()).AssumeRole(s.t.Context(), &sts.AssumeRoleInput{
		RoleArn: made.Role.Arn, RoleSessionName: aws.String("aloft"),
	})
	s.Must(err)
	s.Clients = tenant.ClientsOf(s.Local.ConfigFor(aws.Credentials{
		AccessKeyID:     aws.ToString(session.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(session.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(session.Credentials.SessionToken),
	}))
	return change
}

func rights(deny ...string) map[string]any {
	statements := []map[string]any{{"Effect": "Allow", "Action": "*", "Resource": "*"}}
	if len(deny) > 0 {
		statements = append(statements, map[string]any{"Effect": "Deny", "Action": deny, "Resource": "*"})
	}
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}

func TestAPushThatECRRefusesIsTheProfilesMatterAndLogsInAnew(t *testing.T) {
	s := newStage(t, func(o *localaws.Options) { o.EnforceIAM = true })
	registry := newSource(t)
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}))
	change := s.as(rights("ecr:InitiateLayerUpload"))
	since := s.Local.Calls().End()
	for range 2 {
		_, err := s.perform(upload)
		waiting, ok := release.AsWaiting(err)
		if !ok || waiting.Condition != v1alpha1.ConditionImagePushed || waiting.Reason != v1alpha1.ReasonAccessDenied {
			t.Fatalf("got %v", err)
		}
		contains(t, waiting.Message, "ECR refuses the push", "the profile's role",
			s.RepositoryURI())
		if strings.Contains(waiting.Message, "pullSecretRef") {
			t.Errorf("the user's secret is blamed: %s", waiting.Message)
		}
	}
	if logins := s.Local.Calls().Since(since).Operation("ecr:GetAuthorizationToken"); len(logins) != 2 {
		t.Errorf("it logged in %d times for two refusals", len(logins))
	}
	change(rights())
	s.done(upload)
}

func TestTheLoginIsKeptForTheNextPush(t *testing.T) {
	s, registry := sending(t)
	s.imageOnly()
	s.done(upload)
	s.resolved(registry, "v3", imageOf(t, "amd64", files{"app": "three"}))
	s.done(upload)
	if logins := s.Local.Calls().Operation("ecr:GetAuthorizationToken"); len(logins) != 1 {
		t.Errorf("it logged in %d times for two builds", len(logins))
	}
}

func TestARepositoryThatIsGoneNeedsHelp(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.deleteRepository()
	s.refused(upload, v1alpha1.ConditionImagePushed, v1alpha1.ReasonStackNeedsHelp,
		s.Observed.Foundation.Outputs[release.OutputRepositoryURI], v1alpha1.AnnotationRetry)
}

func TestTheTokenGoesToTheAccountsOwnRegistryWhateverTheStackSays(t *testing.T) {
	for why, uri := range map[string]string{
		"another host":       "127.0.0.1:1/mallory",
		"another repository": strings.Replace(newStage(t).RepositoryURI(), "aloft-", "mallory-", 1),
		"no repository":      "https://",
	} {
		t.Run(why, func(t *testing.T) {
			s, _ := sending(t)
			s.imageOnly()
			s.Observed.Foundation.Outputs[release.OutputRepositoryURI] = uri
			s.done(upload)
			if tags := s.tags(); len(tags) != 2 {
				t.Errorf("the stage's own repository has the tags %v", tags)
			}
		})
	}
}
