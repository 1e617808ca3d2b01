package logs

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type describeLogGroupsInput struct {
	LogGroupNamePrefix    string
	LogGroupNamePattern   string
	LogGroupIdentifiers   []string
	LogGroupClass         string
	AccountIdentifiers    []string
	IncludeLinkedAccounts bool
	NextToken             string
	Limit                 int
}

type describeLogGroupsOutput struct {
	LogGroups []groupView `wire:",required"`
	NextToken string
}

type groupView struct {
	LogGroupName              string
	CreationTime              int64
	RetentionInDays           int
	MetricFilterCount         int `wire:",required"`
	Arn                       string
	StoredBytes               int64 `wire:",required"`
	KmsKeyId                  string
	LogGroupClass             string
	LogGroupArn               string
	DeletionProtectionEnabled bool `wire:",required"`
}

// describeLogGroups lists groups by name. A prefix is case sensitive from the start of the name, a
// pattern is a case-insensitive part of it, and both together are refused (DescribeLogGroups).
func (s *store) describeLogGroups(
	_ context.Context, _ *wire.Call, in *describeLogGroupsInput,
) (*describeLogGroupsOutput, error) {
	if in.LogGroupNamePrefix != "" && in.LogGroupNamePattern != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []groupView
	for _, name := range names(s.groups, in.LogGroupNamePrefix) {
		if s.wanted(in, s.groups[name]) {
			found = append(found, s.view(s.groups[name]))
		}
	}
	page, next, err := pageOf(found, in.NextToken, in.Limit)
	return &describeLogGroupsOutput{LogGroups: page, NextToken: next}, err
}

func (s *store) wanted(in *describeLogGroupsInput, g *group) bool {
	if len(in.LogGroupIdentifiers) > 0 && !slices.ContainsFunc(in.LogGroupIdentifiers, func(id string) bool {
		return id == g.name || strings.TrimSuffix(id, ":*") == s.arn(g.name)
	}) {
		return false
	}
	if in.LogGroupClass != "" && in.LogGroupClass != g.class {
		return false
	}
	return strings.Contains(strings.ToLower(g.name), strings.ToLower(in.LogGroupNamePattern))
}

func (s *store) view(g *group) groupView {
	stored := 0
	for _, st := range g.streams {
		stored += st.bytes
	}
	return groupView{
		LogGroupName: g.name, CreationTime: g.created.UnixMilli(), RetentionInDays: g.retention,
		Arn: s.arn(g.name) + ":*", LogGroupArn: s.arn(g.name), StoredBytes: int64(stored),
		KmsKeyId: g.kmsKey, LogGroupClass: g.class, DeletionProtectionEnabled: g.protected,
	}
}

type describeLogStreamsInput struct {
	LogGroupName        string
	LogGroupIdentifier  string
	LogStreamNamePrefix string
	OrderBy             string
	Descending          bool
	NextToken           string
	Limit               int
}

type describeLogStreamsOutput struct {
	LogStreams []streamView `wire:",required"`
	NextToken  string
}

type streamView struct {
	LogStreamName       string
	CreationTime        int64
	FirstEventTimestamp int64
	LastEventTimestamp  int64
	LastIngestionTime   int64
	UploadSequenceToken string
	Arn                 string
	StoredBytes         int64 `wire:",required"`
}

// describeLogStreams lists streams by name or by the time of their last event; ordering by time
// excludes a name prefix (DescribeLogStreams).
func (s *store) describeLogStreams(
	_ context.Context, call *wire.Call, in *describeLogStreamsInput,
) (*describeLogStreamsOutput, error) {
	byTime := in.OrderBy == "LastEventTime"
	if byTime && in.LogStreamNamePrefix != "" {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	call.On(g.name)
	var found []streamView
	for _, name := range names(g.streams, in.LogStreamNamePrefix) {
		found = append(found, s.streamView(g, g.streams[name]))
	}
	if byTime {
		slices.SortStableFunc(found, func(a, b streamView) int {
			return cmp.Compare(a.LastEventTimestamp, b.LastEventTimestamp)
		})
	}
	if in.Descending {
		slices.Reverse(found)
	}
	page, next, err := pageOf(found, in.NextToken, in.Limit)
	return &describeLogStreamsOutput{LogStreams: page, NextToken: next}, err
}

// streamView shows no stored bytes: AWS reports 0 for streams since 2019.
func (s *store) streamView(g *group, st *stream) streamView {
	view := streamView{
		LogStreamName: st.name, CreationTime: st.created.UnixMilli(), FirstEventTimestamp: st.first,
		UploadSequenceToken: sequenceToken, Arn: s.arn(g.name) + ":log-stream:" + st.name,
	}
	if n := len(st.events); n > 0 {
		view.LastEventTimestamp = st.events[n-1].timestamp
		view.LastIngestionTime = st.ingested.UnixMilli()
	}
	return view
}
