package policy

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./generate actions.json

// Kind is what a policy is attached to, which decides what its statements may say (IAM User Guide,
// reference_policies_grammar and reference_policies_elements; the services' own guides for theirs).
type Kind struct {
	// principal and resource say whether a statement must have the element; what it must not is prohibited.
	principal, resource bool
	// service is the only one whose actions count; empty for all.
	service string
	// strictSid takes letters and digits alone.
	strictSid bool
}

// The kinds of policies.
var (
	// OfIdentity is attached to roles and users, or is a boundary of theirs.
	OfIdentity = Kind{resource: true, strictSid: true}
	// OfTrust says who may assume a role.
	OfTrust = Kind{principal: true, service: "sts", strictSid: true}
	// OfBucket, OfKey and OfQueue belong to a resource and name it.
	OfBucket = Kind{principal: true, resource: true, service: "s3"}
	OfKey    = Kind{principal: true, resource: true, service: "kms"}
	OfQueue  = Kind{principal: true, resource: true, service: "sqs"}
	// OfRepository belongs to a repository and does not name it.
	OfRepository = Kind{principal: true, service: "ecr"}
)

//go:embed actions.json
var actionsText []byte

// actions are the kinds of resources that each action of a service is about, by names in small letters.
var actions = sync.OnceValue(func() map[string]map[string][]string {
	table := map[string]map[string][]string{}
	if err := json.Unmarshal(actionsText, &table); err != nil {
		panic("actions.json: " + err.Error())
	}
	return table
})

// matching lists the actions of the service that a pattern names, by their names in small letters.
func matching(service, pattern string) (names []string) {
	pattern = strings.ToLower(pattern)
	for name := range actions()[service] {
		if Match(pattern, service+":"+name) {
			names = append(names, name)
		}
	}
	return names
}

var (
	actionPattern = regexp.MustCompile(`^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+)$`)
	sidPattern    = regexp.MustCompile(`^[a-zA-Z0-9]*$`)
	// arnPattern and awsPrincipal are cfn-lint's, from its schemas of policies.
	arnPattern = regexp.MustCompile(
		`^(arn:(aws[A-Za-z-]*|\*):[^:]+:[^:]*:(\d{12}|\*|aws)?:.+|arn:(aws[A-Za-z-]*|\*):\*|\*)$`,
	)
	awsPrincipal = regexp.MustCompile(`^(\*|\d{12}|arn:aws[a-z-]*:iam::\d{12}:(root|(user|role)/[^*?]+)|` +
		`arn:aws[a-z-]*:sts::\d{12}:assumed-role/[^*?]+)$`)
	// services are those of AWS that may be a principal of what is here; a name that is none is refused by AWS.
	services = regexp.MustCompile(`^(apigateway|autoscaling|backup|cloudformation|cloudfront|cloudtrail|codebuild|` +
		`codepipeline|config|delivery\.logs|ec2|ecs|ecs-tasks|edgelambda|events|firehose|glue|lambda|logging\.s3|logs|` +
		`pipes|replication\.ecr|s3|scheduler|sns|sqs|ssm|states|vpc-flow-logs)(\.[a-z]{2}(-[a-z]+)+-\d)?\.amazonaws\.com$`)
)

// KnownService says whether a service principal is one that AWS has.
func KnownService(name string) bool { return services.MatchString(name) }

// KnownAccount says whether a principal is everybody, an account, or a user, role or session of one.
func KnownAccount(name string) bool { return awsPrincipal.MatchString(name) }

// check holds a statement to the grammar of its kind.
func (s Statement) check(kind Kind) error {
	for _, hold := range []func(Kind) error{
		s.checkElements, s.checkKind, s.checkActions, s.checkResources, s.checkPrincipals, s.checkConditions,
	} {
		if err := hold(kind); err != nil {
			return err
		}
	}
	return nil
}

func (s Statement) checkElements(kind Kind) error {
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny":
		return fmt.Errorf("Invalid effect: %s", s.Effect)
	case kind.strictSid && !sidPattern.MatchString(s.Sid):
		return errors.New("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular " +
			"expression [0-9A-Za-z]*")
	case len(s.Action)+len(s.NotAction) == 0:
		return errors.New("Policy statement must contain actions.")
	case s.Action != nil && s.NotAction != nil, s.Resource != nil && s.NotResource != nil,
		s.Principal != nil && s.NotPrincipal != nil:
		return errors.New("Syntax errors in policy.")
	}
	return nil
}

// checkKind holds what a policy of the kind must say, and what it must not.
func (s Statement) checkKind(kind Kind) error {
	named, resources := s.Principal != nil || s.NotPrincipal != nil, s.Resource != nil || s.NotResource != nil
	switch {
	case kind.principal && !named:
		return errors.New("Missing required field Principal")
	case !kind.principal && named:
		return errors.New("Policy document should not specify a principal.")
	case !kind.resource && resources:
		return errors.New("Has prohibited field Resource")
	case kind.resource && len(s.Resource)+len(s.NotResource) == 0:
		return errors.New("Policy statement must contain resources.")
	}
	return nil
}

func (s Statement) checkActions(kind Kind) error {
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		switch {
		case strings.Count(action, ":") > 1:
			return errors.New("Actions/Condition can contain only one colon.")
		case !actionPattern.MatchString(action):
			return errors.New("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		case kind == OfTrust && !strings.HasPrefix(strings.ToLower(action), "sts:"):
			return errors.New("AssumeRole policy may only specify STS AssumeRole actions.")
		case kind.service != "" && action != "*" && len(matching(kind.service, action)) == 0:
			return errors.New("Policy has invalid action")
		}
	}
	return nil
}

func (s Statement) checkResources(Kind) error {
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		if !arnPattern.MatchString(resource) {
			return fmt.Errorf("Resource %s must be in ARN format or \"*\".", resource)
		}
	}
	return nil
}

func (s Statement) checkPrincipals(Kind) error {
	for _, who := range []*principals{s.Principal, s.NotPrincipal} {
		if who == nil || who.all {
			continue
		}
		for kind, names := range who.byKind {
			for _, name := range names {
				if !validPrincipal(kind, name) {
					return invalidPrincipal(kind, name)
				}
			}
		}
	}
	return nil
}

func invalidPrincipal(kind, name string) error {
	return fmt.Errorf("Invalid principal in policy: %q:%q", strings.ToUpper(kind), name)
}

func validPrincipal(kind, name string) bool {
	switch kind {
	case "AWS":
		return KnownAccount(name)
	case "Service":
		return KnownService(name) || name == "*"
	case "Federated", "CanonicalUser":
		return name != ""
	}
	return false
}

func (s Statement) checkConditions(kind Kind) error {
	for name, keys := range s.Condition {
		if _, known := operators[baseOperator(name)]; !known {
			return fmt.Errorf("Invalid Condition type : %s.", name)
		}
		for key := range keys {
			if vendor, _, qualified := strings.Cut(key, ":"); !qualified || kind == OfBucket && !validKey(vendor, key) {
				return errors.New("Policy has an invalid condition key")
			}
		}
	}
	return nil
}

// Absent finds a role or user of the account that the policy names and that does not exist: AWS refuses such a policy.
func (d Document) Absent(account string, exists func(arn string) bool) error {
	for _, name := range d.Principals() {
		ours := strings.HasPrefix(name, "arn:aws:iam::"+account+":role/") ||
			strings.HasPrefix(name, "arn:aws:iam::"+account+":user/")
		if ours && !exists(name) {
			return invalidPrincipal("AWS", name)
		}
	}
	return nil
}
