package logs

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// groupName is the pattern of CreateLogGroup's reference.
var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

// retentions are the only numbers of days that PutRetentionPolicy takes.
var retentions = []int{
	1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
}

type createLogGroupInput struct {
	LogGroupName              string `wire:",required"`
	KmsKeyId                  string
	Tags                      map[string]string
	LogGroupClass             string
	DeletionProtectionEnabled bool
}

func (s *store) createLogGroup(_ context.Context, call *wire.Call, in *createLogGroupInput) (*wire.Empty, error) {
	call.On(in.LogGroupName)
	if !groupName.MatchString(in.LogGroupName) {
		return nil, invalid("1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: %s", `[\.\-_/#A-Za-z0-9]+`)
	}
	if in.LogGroupClass == "" {
		in.LogGroupClass = "STANDARD"
	}
	if !slices.Contains([]string{"STANDARD", "INFREQUENT_ACCESS", "DELIVERY"}, in.LogGroupClass) {
		return nil, invalid("logGroupClass %q is not one of STANDARD, INFREQUENT_ACCESS, DELIVERY", in.LogGroupClass)
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[in.LogGroupName] != nil {
		return nil, wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g := s.newGroup(in.LogGroupName)
	g.class, g.kmsKey, g.protected = in.LogGroupClass, in.KmsKeyId, in.DeletionProtectionEnabled
	maps.Copy(g.tags, in.Tags)
	return nil, nil
}

// newGroup adds an empty group; the caller holds mu.
func (s *store) newGroup(name string) *group {
	g := &group{
		name: name, created: s.env.Clock.Now(), class: "STANDARD",
		tags: map[string]string{}, streams: map[string]*stream{},
	}
	s.groups[name] = g
	return g
}

type logGroupNameInput struct {
	LogGroupName string `wire:",required"`
}

func (s *store) deleteLogGroup(_ context.Context, call *wire.Call, in *logGroupNameInput) (*wire.Empty, error) {
	call.On(in.LogGroupName)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.protected {
		return nil, wire.Errorf(400, "ValidationException", "Cannot delete a log group with deletion protection enabled")
	}
	delete(s.groups, g.name)
	return nil, nil
}

type putRetentionPolicyInput struct {
	LogGroupName    string `wire:",required"`
	RetentionInDays int    `wire:",required"`
}

func (s *store) putRetentionPolicy(
	_ context.Context, call *wire.Call, in *putRetentionPolicyInput,
) (*wire.Empty, error) {
	call.On(in.LogGroupName)
	if !slices.Contains(retentions, in.RetentionInDays) {
		return nil, invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: "+
			"Member must satisfy enum value set: %v", in.RetentionInDays, retentions)
	}
	return s.retain(call, in.LogGroupName, in.RetentionInDays)
}

func (s *store) deleteRetentionPolicy(_ context.Context, call *wire.Call, in *logGroupNameInput) (*wire.Empty, error) {
	call.On(in.LogGroupName)
	return s.retain(call, in.LogGroupName, 0)
}

func (s *store) retain(call *wire.Call, name string, days int) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(name)
	if err != nil {
		return nil, err
	}
	if g.retention == days {
		call.NoEffect()
	}
	g.retention = days
	return nil, nil
}

type associateKmsKeyInput struct {
	LogGroupName string `wire:",required"`
	KmsKeyId     string `wire:",required"`
}

func (s *store) associateKmsKey(_ context.Context, call *wire.Call, in *associateKmsKeyInput) (*wire.Empty, error) {
	return s.setKey(call, in.LogGroupName, in.KmsKeyId)
}

func (s *store) disassociateKmsKey(_ context.Context, call *wire.Call, in *logGroupNameInput) (*wire.Empty, error) {
	return s.setKey(call, in.LogGroupName, "")
}

// setKey notes the key; nothing is encrypted, for nothing is ever written to a disk.
func (s *store) setKey(call *wire.Call, name, key string) (*wire.Empty, error) {
	call.On(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(name)
	if err != nil {
		return nil, err
	}
	g.kmsKey = key
	return nil, nil
}
