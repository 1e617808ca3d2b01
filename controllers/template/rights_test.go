package template_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

// rights is a foundation stack on an AWS that asks the roles' policies.
type rights struct {
	*tenant.Tenant
	t *testing.T
	d *release.Desired
	// key of the bundles.
	key string
}

func founded(t *testing.T) rights {
	t.Helper()
	n := tenant.New(t, func(o *localaws.Options) { o.EnforceIAM = true })
	clients, names := n.Access()
	d := full("v1")
	d.Names, d.Account.ID = names, tenant.Account
	_, err := clients.CloudFormation.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: &names.FoundationStack, TemplateBody: aws.String(string(template.Foundation(d).JSON())),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	n.Must(err)
	waiter := cloudformation.NewStackCreateCompleteWaiter(clients.CloudFormation,
		func(o *cloudformation.StackCreateCompleteWaiterOptions) { o.MinDelay = 5 * time.Millisecond })
	stack, err := waiter.WaitForOutput(t.Context(),
		&cloudformation.DescribeStacksInput{StackName: &names.FoundationStack}, time.Minute)
	n.Must(err)
	r := rights{Tenant: n, t: t, d: d}
	for _, output := range stack.Stacks[0].Outputs {
		if aws.ToString(output.OutputKey) == release.OutputKeyARN {
			r.key = aws.ToString(output.OutputValue)
		}
	}
	return r
}

// as gives what acts with the role of a kind, as a function of the stage does.
func (r rights) as(kind release.Role) aws.Config {
	key, arn := "ASIA"+strings.ToUpper(string(kind)), r.roleARN(kind)
	r.Local.Identities().Register(key, wire.Principal{
		AccountID: tenant.Account, RoleARN: arn, UserID: "AROA:" + string(kind),
		ARN: "arn:aws:sts::" + tenant.Account + ":assumed-role/" + r.d.Names.FunctionRole(kind) + "/function",
	})
	config := r.Local.ConfigFor(aws.Credentials{AccessKeyID: key, SecretAccessKey: "x"})
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return config
}

func (r rights) roleARN(kind release.Role) string {
	return "arn:aws:iam::" + tenant.Account + ":role/" + r.d.Names.FunctionRole(kind)
}

// deed is something that a function may try.
type deed func(r rights, as aws.Config) error

func putObject(key string) deed {
	return func(r rights, as aws.Config) error {
		_, err := s3.NewFromConfig(as).PutObject(r.t.Context(), &s3.PutObjectInput{
			Bucket: &r.d.Names.Bucket, Key: &key, Body: strings.NewReader("{}"),
		})
		return err
	}
}

func getObject(key string) deed {
	return func(r rights, as aws.Config) error {
		r.Store(key, "{}")
		_, err := s3.NewFromConfig(as).GetObject(r.t.Context(), &s3.GetObjectInput{Bucket: &r.d.Names.Bucket, Key: &key})
		return err
	}
}

func decrypt(stage string) deed {
	return func(r rights, as aws.Config) error {
		admin, within := r.Local.Config(), map[string]string{function.StageContext: stage}
		sealed, err := kms.NewFromConfig(admin).Encrypt(r.t.Context(), &kms.EncryptInput{
			KeyId: &r.key, Plaintext: []byte("x"), EncryptionContext: within,
		})
		r.Must(err)
		_, err = kms.NewFromConfig(as).Decrypt(r.t.Context(), &kms.DecryptInput{
			CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: within,
		})
		return err
	}
}

func invoke(name string) deed {
	return func(r rights, as aws.Config) error {
		_, err := lambda.NewFromConfig(as).Invoke(r.t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String(r.FullName(name)), Qualifier: aws.String("1"),
		})
		if cloud.IsNotFound(err) {
			return nil // the right was there, and no function
		}
		return err
	}
}

func onQueue(call func(r rights, client *sqs.Client, url *string) error) deed {
	return func(r rights, as aws.Config) error {
		name := "orders-" + r.d.Names.Prefix
		made, err := sqs.NewFromConfig(r.Local.Config()).CreateQueue(r.t.Context(), &sqs.CreateQueueInput{QueueName: &name})
		r.Must(err)
		return call(r, sqs.NewFromConfig(as), made.QueueUrl)
	}
}

func TestAFunctionMayDoWhatItsKindNeedsAndNoMore(t *testing.T) {
	send := onQueue(func(r rights, client *sqs.Client, url *string) error {
		_, err := client.SendMessage(r.t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("job")})
		return err
	})
	receive := onQueue(func(r rights, client *sqs.Client, url *string) error {
		_, err := client.ReceiveMessage(r.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
		return err
	})
	r := founded(t)
	for _, row := range []struct {
		what  string
		tries deed
		may   []release.Role
	}{
		{"read the stage's bundles", getObject("config/abc"), []release.Role{"http", "queue", "cli"}},
		{"open them", decrypt("clouder/production"), []release.Role{"http", "queue", "cli"}},
		{"open what was sealed for another stage", decrypt("clouder/staging"), nil},
		{"put jobs into queues", send, []release.Role{"http", "queue", "cli"}},
		{"take jobs out of them", receive, []release.Role{"queue", "cli"}},
		{"tell how a command ended", putObject("runs/r1/run-1/migrate.result.json"), []release.Role{"cli"}},
		{"read how a command ended", getObject("runs/r1/run-1/migrate.result.json"), []release.Role{"cli"}},
		{"have a command run", invoke("cli"), nil},
		{"have a job run", invoke("default-queue"), nil},
		{"warm other environments of its own kind", invoke("http"), []release.Role{"http"}},
		{"write a declaration", putObject("releases/r1.json"), nil},
		{"write a bundle", putObject("config/abc"), nil},
		{"write a template", putObject("templates/t.json"), nil},
		{"publish a file", putObject("_aloft/assets/v1/x.js"), nil},
	} {
		for _, kind := range []release.Role{release.RoleHTTP, release.RoleQueue, release.RoleCLI} {
			err := row.tries(r, r.as(kind))
			may := false
			for _, who := range row.may {
				may = may || who == kind
			}
			if may && err != nil {
				t.Errorf("%s may not %s: %v", kind, row.what, err)
			}
			if !may && !cloud.IsDenied(err) {
				t.Errorf("%s may %s: %v", kind, row.what, err)
			}
		}
	}
}

func TestRolesHaveTheBoundaryOfTheProfile(t *testing.T) {
	r := founded(t)
	r.d.Account.PermissionsBoundaryARN = "arn:aws:iam::" + tenant.Account + ":policy/aloft-stages"
	for _, kind := range []string{"HttpRole", "QueueRole", "CliRole"} {
		if got := template.Foundation(r.d).Template.Resources[kind].Properties["PermissionsBoundary"]; got == nil {
			t.Errorf("%s has no boundary", kind)
		}
	}
	for _, kind := range []release.Role{release.RoleHTTP, release.RoleQueue, release.RoleCLI} {
		name := r.d.Names.FunctionRole(kind)
		_, err := iam.NewFromConfig(r.Local.Config()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			t.Errorf("there is no role %s: %v", name, err)
		}
	}
}
