package s3

import (
	"context"
	"encoding/xml"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type bucket struct {
	name    string
	created time.Time
	// keys holds the versions of each key, the newest last; an unversioned bucket has one, "null".
	keys       map[string][]*object
	uploads    map[string]*upload
	finished   map[string]finished
	tags       []bucketTag
	versioning string
	encryption encryptionConfiguration
	public     *publicAccess
	lifecycle  *lifecycleConfiguration
	ownership  *ownershipControls
	cors       *corsConfiguration
	policyText string
	policy     []policy.Document
}

// target is what every bucket operation brings.
type target struct {
	Bucket              string `wire:",path"`
	ExpectedBucketOwner string `wire:"x-amz-expected-bucket-owner,header"`
}

var (
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// badBucketName is what such a name must not look like (S3 user guide, bucketnamingrules).
	badBucketName = regexp.MustCompile(`\.\.|^\d+\.\d+\.\d+\.\d+$|^(xn--|sthree-|amzn-s3-demo-)|` +
		`(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$`)
	accountID = regexp.MustCompile(`^\d{12}$`)
)

// checkOwner refuses a bucket whose owner is not the expected one.
func checkOwner(call *wire.Call, expected string) error {
	switch {
	case expected == "" || expected == call.AccountID:
		return nil
	case !accountID.MatchString(expected):
		return wire.Errorf(http.StatusBadRequest, "InvalidBucketOwnerAWSAccountID",
			"The value of the expected bucket owner parameter must be an AWS Account ID... [%s]", expected)
	default:
		return accessDenied()
	}
}

// find is a bucket that the caller may use for an action ("" when objects are asked for instead);
// callers hold the lock.
func (s *service) find(call *wire.Call, in target, action string) (*bucket, error) {
	call.On(in.Bucket)
	b, ok := s.buckets[in.Bucket]
	if !ok {
		return nil, noSuchBucket(in.Bucket)
	}
	if err := checkOwner(call, in.ExpectedBucketOwner); err != nil {
		return nil, err
	}
	if action == "" {
		return b, nil
	}
	return b, b.allow(call, action, "arn:aws:s3:::"+b.name)
}

type createBucketInput struct {
	target
	Configuration struct {
		LocationConstraint string
		Tags               []bucketTag `wire:",item=Tag"`
	} `wire:"CreateBucketConfiguration,payload"`
	ObjectOwnership string `wire:"x-amz-object-ownership,header"`
	BucketNamespace string `wire:"x-amz-bucket-namespace,header"`
}

type createBucketOutput struct {
	Location string `wire:",header"`
}

func (s *service) createBucket(_ context.Context, call *wire.Call, in *createBucketInput) (*createBucketOutput, error) {
	call.On(in.Bucket)
	if !bucketName.MatchString(in.Bucket) || badBucketName.MatchString(in.Bucket) {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidBucketName",
			"The specified bucket is not valid.").With("BucketName", in.Bucket)
	}
	// The ending says that a bucket lies in the namespace of an account, where nobody else makes one, and only there
	// names end so (S3 user guide, "General purpose bucket naming rules").
	ownEnding := "-" + call.AccountID + "-" + s.env.Region + "-an"
	own := in.BucketNamespace == "account-regional"
	if own != strings.HasSuffix(in.Bucket, "-an") || own && !strings.HasSuffix(in.Bucket, ownEnding) {
		return nil, wire.Errorf(http.StatusBadRequest, "InvalidBucketName",
			"The specified bucket is not valid.").With("BucketName", in.Bucket)
	}
	if err := s.rightRegion(in.Configuration.LocationConstraint); err != nil {
		return nil, err
	}
	if call.Authorize("s3:CreateBucket", "arn:aws:s3:::"+in.Bucket) != nil {
		return nil, accessDenied()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.buckets[in.Bucket]; exists {
		if s.env.Region == "us-east-1" {
			call.NoEffect()
			return &createBucketOutput{Location: "/" + in.Bucket}, nil
		}
		return nil, wire.Errorf(http.StatusConflict, "BucketAlreadyOwnedByYou",
			"Your previous request to create the named bucket succeeded and you already own it.").With("BucketName", in.Bucket)
	}
	ownership := in.ObjectOwnership
	if ownership == "" {
		ownership = "BucketOwnerEnforced"
	}
	s.buckets[in.Bucket] = &bucket{
		name: in.Bucket, created: s.env.Clock.Now(), keys: map[string][]*object{}, uploads: map[string]*upload{},
		finished: map[string]finished{},
		tags:     in.Configuration.Tags, encryption: defaultEncryption(), public: &publicAccess{true, true, true, true},
		ownership: &ownershipControls{Rule: []ownershipRule{{ObjectOwnership: ownership}}},
	}
	return &createBucketOutput{Location: "http://" + in.Bucket + ".s3.amazonaws.com/"}, nil
}

func (s *service) rightRegion(constraint string) error {
	if constraint == s.env.Region && constraint != "us-east-1" || constraint == "" && s.env.Region == "us-east-1" {
		return nil
	}
	if constraint == "us-east-1" {
		return wire.Errorf(http.StatusBadRequest, "InvalidLocationConstraint",
			"The specified location-constraint is not valid").With("LocationConstraint", constraint)
	}
	if constraint == "" {
		constraint = "unspecified"
	}
	return wire.Errorf(http.StatusBadRequest, "IllegalLocationConstraintException",
		"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", constraint)
}

type headBucketOutput struct {
	ContentType string `wire:"Content-Type,header"`
	Region      string `wire:"x-amz-bucket-region,header"`
}

func (s *service) headBucket(_ context.Context, call *wire.Call, in *target) (*headBucketOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, err := s.find(call, *in, "s3:ListBucket")
	return &headBucketOutput{ContentType: "application/xml", Region: s.env.Region}, err
}

func (s *service) deleteBucket(_ context.Context, call *wire.Call, in *target) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(call, *in, "s3:DeleteBucket")
	if err != nil {
		return nil, err
	}
	if len(b.keys) > 0 {
		return nil, wire.Errorf(http.StatusConflict, "BucketNotEmpty",
			"The bucket you tried to delete is not empty").With("BucketName", b.name)
	}
	delete(s.buckets, in.Bucket)
	return nil, nil
}

// locationConstraint is a document of text alone, empty in us-east-1.
type locationConstraint struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ LocationConstraint"`
	Region  string   `xml:",chardata"`
}

func (s *service) getLocation(_ context.Context, call *wire.Call) (*wire.Response, error) {
	if err := known(call.HTTP, "location"); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.find(call, targetOf(call), "s3:GetBucketLocation"); err != nil {
		return nil, err
	}
	if s.env.Region == "us-east-1" {
		return xmlResponse(locationConstraint{})
	}
	return xmlResponse(locationConstraint{Region: s.env.Region})
}

// targetOf is the target of a raw operation.
func targetOf(call *wire.Call) target {
	return target{Bucket: call.Path["Bucket"], ExpectedBucketOwner: call.HTTP.Header.Get("X-Amz-Expected-Bucket-Owner")}
}

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
