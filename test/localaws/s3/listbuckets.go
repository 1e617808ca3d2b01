package s3

import (
	"context"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type listBucketsInput struct {
	Prefix            string `wire:"prefix,query"`
	MaxBuckets        int    `wire:"max-buckets,query"`
	ContinuationToken string `wire:"continuation-token,query"`
}

type bucketEntry struct {
	Name         string
	CreationDate time.Time
}

type bucketList struct {
	Buckets           []bucketEntry `wire:",item=Bucket"`
	Owner             struct{ ID string }
	Prefix            string
	ContinuationToken string
}

type listBucketsOutput struct {
	Result bucketList `wire:"ListAllMyBucketsResult,payload"`
}

func (s *service) listBuckets(_ context.Context, call *wire.Call, in *listBucketsInput) (*listBucketsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if call.Authorize("s3:ListAllMyBuckets", "*") != nil {
		return nil, accessDenied()
	}
	after := ""
	if in.ContinuationToken != "" {
		var err error
		if after, err = afterToken(in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	out := &listBucketsOutput{Result: bucketList{Buckets: []bucketEntry{}, Prefix: in.Prefix}}
	for name, b := range s.buckets {
		if strings.HasPrefix(name, in.Prefix) && name > after {
			out.Result.Buckets = append(out.Result.Buckets, bucketEntry{name, b.created})
		}
	}
	entries := out.Result.Buckets
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
	if in.MaxBuckets > 0 && len(entries) > in.MaxBuckets {
		out.Result.Buckets = entries[:in.MaxBuckets]
		out.Result.ContinuationToken = tokenAfter(entries[in.MaxBuckets-1].Name)
	}
	out.Result.Owner.ID = call.AccountID
	return out, nil
}
