package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// globalKeys are AWS's own condition keys (IAM User Guide, reference_policies_condition-keys), in small letters; those
// that end in a slash are completed by the key of a tag.
var globalKeys = []string{
	"aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:currenttime", "aws:ec2instancesourcevpc",
	"aws:ec2instancesourceprivateipv4", "aws:epochtime", "aws:federatedprovider", "aws:multifactorauthage",
	"aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice",
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalservicename", "aws:principalservicenameslist",
	"aws:principaltag/", "aws:principaltype", "aws:referer", "aws:requestedregion", "aws:requesttag/",
	"aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths", "aws:resourcetag/", "aws:securetransport",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc",
	"aws:sourcevpce", "aws:tagkeys", "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username",
	"aws:viaawsservice", "aws:vpcsourceip",
}

func validKey(vendor, key string) bool {
	key = strings.ToLower(key)
	if strings.EqualFold(vendor, "s3") {
		return true
	}
	return slices.ContainsFunc(globalKeys, func(known string) bool {
		return key == known || strings.HasSuffix(known, "/") && strings.HasPrefix(key, known)
	})
}

// Bucket holds a bucket's policy to its bucket: every resource is in it, and every action is about one of them.
func (d Document) Bucket(name string) error {
	for _, s := range d.Statement {
		resources := slices.Concat(s.Resource, s.NotResource)
		for _, resource := range resources {
			bucket, _, _ := strings.Cut(strings.TrimPrefix(resource, "arn:aws:s3:::"), "/")
			if !strings.HasPrefix(resource, "arn:aws:s3:::") || !Match(bucket, name) {
				return fmt.Errorf("Policy has invalid resource")
			}
		}
		for _, action := range s.Action {
			if action != "*" && !aboutOne(action, resources) {
				return fmt.Errorf("Action does not apply to any resource(s) in statement")
			}
		}
	}
	return nil
}

// aboutOne says whether an action is about the bucket or the objects that the resources name.
func aboutOne(action string, resources wire.OneOrMany) bool {
	for _, name := range matching("s3", action) {
		about := actions()["s3"][name]
		for _, resource := range resources {
			_, object, isObject := strings.Cut(resource, "/")
			wild := strings.ContainsAny(resource, "*?")
			if slices.Contains(about, "object") && (isObject && object != "" || wild) ||
				slices.Contains(about, "bucket") && (!isObject || wild) {
				return true
			}
		}
	}
	return false
}
