package desired

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// maxConfigBytes bounds the bundle of environment and secrets, which every function environment holds in memory.
const maxConfigBytes = 1 << 20

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// check is one rule over the inputs: nil, or a *release.Rejected.
type check func(Inputs) error

// grants are what a profile may take away again: nothing is finished without them.
var grants = []check{
	NamespaceAllowed, // the profile grants itself to namespaces
	registryAllowed,  // images come from where the platform team allows
	roleAllowed,      // a function role is one that the profile offers to the namespace
}

// admissions need no Secret: they come before any is read.
var admissions = append(slices.Clip(grants), withinLimits) // what stages share is limited

// checks of everything that a Stage refers to, in the order in which a user would want to hear of them.
var checks = []check{
	secretsUsable,     // keys become names of variables
	configFits,        // the bundle is bounded
	commandsFit,       // so is what AWS and the stage's bucket take of commands
	nothingResolvable, // CloudFormation would resolve dynamic references in any text
}

// Admit gives the first rule of the profile that a Stage breaks.
func Admit(in Inputs) error { return firstBroken(admissions, in) }

// Check gives the first rule that the inputs break, before anything is asked of AWS.
func Check(in Inputs) error {
	if err := Admit(in); err != nil {
		return err
	}
	return firstBroken(checks, in)
}

func firstBroken(rules []check, in Inputs) error {
	for _, rule := range rules {
		if err := rule(in); err != nil {
			return err
		}
	}
	return nil
}

// NamespaceAllowed says nothing where the profile grants itself to the Stage's namespace.
func NamespaceAllowed(in Inputs) error {
	selector, err := metav1.LabelSelectorAsSelector(in.Profile.Spec.AllowedNamespaces)
	if err != nil {
		return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileNotAllowed,
			"the allowedNamespaces of StageProfile %q cannot be read: %v", in.Profile.Name, err)
	}
	if selector.Matches(labels.Set(in.NamespaceLabels)) {
		return nil
	}
	return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileNotAllowed,
		"StageProfile %q does not allow namespace %q: ask the platform team to select it in spec.allowedNamespaces, or "+
			"choose another spec.profileRef in a new Stage",
		in.Profile.Name, in.Stage.Namespace)
}

func registryAllowed(in Inputs) error {
	allowed := in.Profile.Spec.AllowedRegistries
	repository := in.Stage.Spec.Image.Repository
	within := func(prefix string) bool {
		prefix = strings.TrimSuffix(prefix, "/")
		return repository == prefix || strings.HasPrefix(repository, prefix+"/")
	}
	if len(allowed) == 0 || slices.ContainsFunc(allowed, within) {
		return nil
	}
	return release.Reject(v1alpha1.ConditionImageResolved, v1alpha1.ReasonRegistryNotAllowed,
		"spec.image.repository %q is not below one of the registries that StageProfile %q allows (%s)",
		repository, in.Profile.Name, strings.Join(allowed, ", "))
}

// withinLimits looks at what many Stages would use up. A size is looked at where it is known.
func withinLimits(in Inputs) error {
	limits, manifest := in.Profile.Spec.Limits, &in.Stage.Spec.Manifest
	if limits == nil {
		return nil
	}
	exceeded := func(format string, values ...any) error {
		return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonQuotaExceeded,
			"%s of StageProfile %q: ask for less, or ask the platform team", fmt.Sprintf(format, values...), in.Profile.Name)
	}
	memory := max(manifest.HTTP.MemoryMiB, manifest.CLI.MemoryMiB)
	reserved := reserveOf(manifest.HTTP.ReservedConcurrency) + reserveOf(manifest.CLI.ReservedConcurrency)
	for i := range manifest.Workers {
		memory = max(memory, manifest.Workers[i].MemoryMiB)
		reserved += reserveOf(manifest.Workers[i].ReservedConcurrency)
	}
	switch {
	case limits.StagesPerNamespace > 0 && in.OlderStages >= int(limits.StagesPerNamespace):
		return release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonQuotaExceeded, release.Slowly,
			"namespace %q has %d older Stages of StageProfile %q, and limits.stagesPerNamespace allows %d in all: delete one "+
				"of them, or ask the platform team",
			in.Stage.Namespace, in.OlderStages, in.Profile.Name, limits.StagesPerNamespace)
	case limits.MemoryMiB > 0 && memory > limits.MemoryMiB:
		return exceeded("a function has memoryMiB %d, more than limits.memoryMiB %d", memory, limits.MemoryMiB)
	case limits.ReservedConcurrency > 0 && reserved > int64(limits.ReservedConcurrency):
		return exceeded("the functions reserve a concurrency of %d together, more than limits.reservedConcurrency %d",
			reserved, limits.ReservedConcurrency)
	default:
		return nil
	}
}

func reserveOf(reserve *int32) int64 {
	if reserve == nil {
		return 0
	}
	return int64(*reserve)
}

func roleAllowed(in Inputs) error {
	name := in.Stage.Spec.Manifest.FunctionRoleName
	if name == "" {
		return nil
	}
	if _, ok := functionRole(in); ok {
		return nil
	}
	return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonRoleNotAllowed,
		"spec.manifest.functionRoleName %q is not a role that StageProfile %q offers to namespace %q: leave it out to get "+
			"a role of the stage's own",
		name, in.Profile.Name, in.Stage.Namespace)
}

func functionRole(in Inputs) (arn string, ok bool) {
	for _, role := range in.Profile.Spec.FunctionRoles {
		if role.Name == in.Stage.Spec.Manifest.FunctionRoleName && slices.Contains(role.Namespaces, in.Stage.Namespace) {
			return role.ARN, true
		}
	}
	return "", false
}

func secretsUsable(in Inputs) error {
	owner := map[string]string{}
	for _, source := range in.Stage.Spec.Manifest.Secrets {
		// sorted, so that the message stays the same
		for _, key := range slices.Sorted(maps.Keys(in.Secrets[source.SecretRef.Name])) {
			if problem := variableProblem(key); problem != "" {
				return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSecret,
					"key %q of Secret %q %s: rename the key", key, source.SecretRef.Name, problem)
			}
			if other, twice := owner[key]; twice && other != source.SecretRef.Name {
				return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSecret,
					"key %q is in Secret %q and in Secret %q: remove it from one of them", key, other, source.SecretRef.Name)
			}
			owner[key] = source.SecretRef.Name
		}
	}
	return nil
}

func variableProblem(key string) string {
	switch {
	case !variableName.MatchString(key):
		return "cannot be the name of a variable (letters, digits and underscores, at most 128)"
	case strings.HasPrefix(key, "AWS_"), strings.HasPrefix(key, "ALOFT_"):
		return "begins with AWS_ or ALOFT_, which are reserved"
	default:
		return ""
	}
}

func configFits(in Inputs) error {
	size := 0
	for key, value := range in.Stage.Spec.Manifest.Environment {
		size += len(key) + len(value)
	}
	for _, source := range in.Stage.Spec.Manifest.Secrets {
		for key, value := range in.Secrets[source.SecretRef.Name] {
			size += len(key) + len(value)
		}
	}
	if size <= maxConfigBytes {
		return nil
	}
	return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSecret,
		"environment and secrets have %d bytes together, at most %d are possible: keep large files in the image or in a "+
			"bucket", size, maxConfigBytes)
}

// How much room there is for commands, as JSON and in bytes.
const (
	// maxWorkerCommand leaves the rest of Lambda's 4 KB of variables to the others (gettingstarted-limits).
	maxWorkerCommand = 2560
	// maxScheduleInput is EventBridge's limit of a target's input (PutTargets, Target).
	maxScheduleInput = 8192
	// maxCommands leaves the declaration of a release well below what is read of one.
	maxCommands = 512 << 10
)

// commandsFit measures what the definition can only bound in characters: JSON escapes some of them.
func commandsFit(in Inputs) error {
	manifest, all := in.Stage.Spec.Manifest, 0
	fits := func(field, name string, size, limit int) error {
		all += size
		if size <= limit {
			return nil
		}
		return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidManifest,
			"spec.manifest.%s[%s].command takes %d bytes, and AWS has room for %d: put it into a script in the image",
			field, name, size, limit)
	}
	for _, worker := range manifest.Workers {
		within := canonical(string(canonical(worker.Command))) // a JSON text within the JSON of the variables
		if err := fits("workers", worker.Name, len(within), maxWorkerCommand); err != nil {
			return err
		}
	}
	for _, schedule := range manifest.Schedules {
		event := canonical(function.CommandEvent{Command: schedule.Command})
		if err := fits("schedules", schedule.Name, len(event), maxScheduleInput); err != nil {
			return err
		}
	}
	for _, command := range manifest.DeployCommands {
		all += len(canonical(command.Command))
	}
	if all <= maxCommands {
		return nil
	}
	return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidManifest,
		"the commands of spec.manifest take %d bytes together, at most %d are possible: put them into scripts in the image",
		all, maxCommands)
}

// nothingResolvable looks at the texts that end up in a CloudFormation template.
func nothingResolvable(in Inputs) error {
	unsafe := func(field string, texts []string) error {
		if slices.ContainsFunc(texts, template.Unsafe) {
			return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidManifest,
				"%s holds text that CloudFormation would resolve or refuse ({{resolve:...}} or a control character): read such "+
					"values from secrets", field)
		}
		return nil
	}
	for _, schedule := range in.Stage.Spec.Manifest.Schedules {
		if err := unsafe(fmt.Sprintf("spec.manifest.schedules[%s].command", schedule.Name), schedule.Command); err != nil {
			return err
		}
	}
	for _, worker := range in.Stage.Spec.Manifest.Workers {
		if err := unsafe(fmt.Sprintf("spec.manifest.workers[%s].command", worker.Name), worker.Command); err != nil {
			return err
		}
	}
	return nil
}
